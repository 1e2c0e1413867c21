"""A task of Inspect for each of our suites, and one for a suite that a file describes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from inspect import unwrap
from typing import Any

import inspect_ai
from inspect_ai._util.error import PrerequisiteError
from inspect_ai.dataset import MemoryDataset
from inspect_ai.scorer import Scorer
from inspect_ai.viewer import (
    ScoreColorScale,
    TaskSamplesColumn,
    TaskSamplesView,
    ViewerConfig,
)

from environments import __version__
from environments.hosting.source import TaskChoice, TaskSource
from environments.hosting.worlds import check_worlds
from environments.integrations.inspect_ai.naming import full, without_package
from environments.integrations.inspect_ai.samples import samples_of
from environments.integrations.inspect_ai.scorers import TRUST, reward, success
from environments.integrations.inspect_ai.solver import play
from environments.rollouts.versions import VERSIONS
from environments.tasks.suites import SUITES
from world_fixtures.common import UserError

Names = str | Sequence[str] | None
"""Names with commas between them, which Inspect's command line makes a list of."""
_VERSIONS = {"evennia-world-env": __version__, **VERSIONS}


@inspect_ai.task(name=full("suite"))
@without_package
def suite(
    suite: str,
    limit: int | None = None,
    families: Names = None,
    kinds: Names = None,
    difficulty: Any = None,
    attempts: int = 1,
    system_prompt: str | None = None,
    max_turns: int | None = None,
    world_servers: int | None = None,
    user: bool = False,
) -> inspect_ai.Task:
    """Play the tasks of a suite by its name or the path of its YAML file.

    Args:
        suite: name or file.
        limit: play so many tasks, evenly chosen; Inspect's own limit takes the first ones.
        families: play those of these families, such as errand,navigation.
        kinds: play those of these kinds, such as map,errand.chain.
        difficulty: play those of this difficulty, such as 3 or 2-5.
        attempts: times that each task is played.
        system_prompt: opens each conversation, in place of the one of `evaluate`.
        max_turns: answers of the model in one rollout at most.
        world_servers: processes that hold the worlds; None for one a core, less one.
        user: send `<rollout>#<stage>` as OpenAI's field `user`, for endpoints that ask for it.
    """
    try:
        check_worlds()  # or each of the samples would fail
        wanted = TaskChoice.of(
            suite=suite, limit=limit, families=_joined(families), kinds=_joined(kinds),
            difficulty=difficulty,
        )  # fmt: skip
        tasks = TaskSource(wanted).tasks or ()
    except UserError as error:
        raise PrerequisiteError(str(error)) from None
    scorers: list[Scorer] = [reward(), success()]
    if any(task.attacks or task.twin_of for task in tasks):
        scorers += [figure() for figure in TRUST.values()]
    return inspect_ai.Task(
        dataset=MemoryDataset(samples_of(tasks), name=suite),
        solver=play(
            system_prompt=system_prompt, max_turns=max_turns, world_servers=world_servers, user=user
        ),
        scorer=scorers,
        epochs=attempts,
        continue_on_fail=True,  # what was lost is played again by `inspect eval-retry`
        version=SUITES[suite].version if suite in SUITES else 0,
        metadata={"suite": suite, "tasks": len(tasks), "versions": _VERSIONS},
        viewer=_viewer(),
    )


def _joined(names: Names) -> str | None:
    return names if names is None or isinstance(names, str) else ",".join(map(str, names))


def _viewer() -> ViewerConfig:
    """Say how the log viewer lists rollouts: what they are worth first, and in colour."""
    columns = [
        TaskSamplesColumn(id="sampleStatus"),
        TaskSamplesColumn(id="sampleId"),
        TaskSamplesColumn(id="epoch"),
        TaskSamplesColumn.score("reward"),
        TaskSamplesColumn.score("success"),
        TaskSamplesColumn(id="answer"),
        TaskSamplesColumn(id="tokens"),
        TaskSamplesColumn(id="duration"),
        TaskSamplesColumn(id="error"),
        TaskSamplesColumn(id="limit"),
    ]
    scale = ScoreColorScale(palette="good-high", min=0.0, max=1.0)
    view = TaskSamplesView(
        name="rollouts", columns=columns, multiline=False, score_color_scales={"reward": scale},
        color_scales_enabled=True,
    )  # fmt: skip
    return ViewerConfig(task_samples_view=view)


def _named(name: str) -> Callable[..., inspect_ai.Task]:
    """Return the task of a suite that ships, with the parameters of `suite` but the first."""
    shipped = without_package(partial(unwrap(suite), name))
    made: Callable[..., inspect_ai.Task] = inspect_ai.task(name=full(name))(shipped)
    return made


TASKS = {name: _named(name) for name in SUITES}
"""The tasks of the suites that ship, by the suite's name."""
