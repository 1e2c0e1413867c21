"""Baselines: what policies without a model score on the same tasks, to read a score by.

Those of the named suites ship with the project and are found by the hash of the tasks and the
conditions of play; on other suites they are played. After a change of a suite, of the rules or
of the rewards make the files anew:

    python -m environments.evaluation.baselines [SUITE ...]
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from environments.evaluation.embedded import play_policy
from environments.evaluation.metrics import Score, scored
from environments.evaluation.run_directory import SAMPLES, Run, read_samples
from environments.evaluation.suite_runner import run_suite
from environments.rollouts.record import Rollout
from environments.tasks.model import Task
from environments.tasks.suites import SUITES, load_suite
from world_fixtures.common import UserError
from world_fixtures.servers import ServerPool

if TYPE_CHECKING:
    from environments.runner import Conditions
    from environments.tools.registry import Tool

POLICIES = ("random", "explorer", "noisy", "oracle")
"""In the order of every table."""
DIRECTORY = "baselines"
"""In a run's directory: the baselines that were played for it, one directory a policy."""
SHIPPED = Path(__file__).with_name("shipped")
KEPT = ("mean_reward", "success_rate", "spl", "map_f1", "turns", "invalid_commands")
"""Metrics that the files hold."""
CONDITIONS = ("weights", "max_turns", "gate", "reward")
"""Settings of a run on which a baseline's scores depend."""


def baselines_of(out: Path, run: Run) -> dict[str, list[Score]]:
    """Baselines for the run in `out`: those played for it, or those that ship; maybe none."""
    names = [path.parent.name for path in (out / DIRECTORY).glob(f"*/{SAMPLES}")]
    known = [name for name in POLICIES if name in names]
    order = [*known, *sorted(set(names) - set(known))]
    played = {name: scored(read_samples(out / DIRECTORY / name / SAMPLES)) for name in order}
    return played or shipped(run)


def shipped(run: Run) -> dict[str, list[Score]]:
    """The baselines that ship for these tasks and conditions; empty where there are none."""
    for path in sorted(SHIPPED.glob("*.json")):
        content = _content(path)
        if content["tasks_hash"] == run.tasks_hash and content["conditions"] == conditions(run):
            return {name: _scores(content, name) for name in POLICIES}
    return {}


def conditions(run: Run) -> dict[str, Any]:
    return {name: run.settings[name] for name in CONDITIONS if name in run.settings}


@cache
def _content(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_bytes())
    return found


def _scores(content: Mapping[str, Any], policy: str) -> list[Score]:
    columns = content["policies"][policy]
    scores = []
    for i, (task, family, difficulty, split) in enumerate(content["tasks"]):
        values = {name: columns[name][i] for name in KEPT if columns[name][i] is not None}
        scores.append(
            Score(task=task, attempt=0, family=family, difficulty=difficulty, split=split,
                  stop=columns["stop"][i], values=values)
        )  # fmt: skip
    return scores


async def play_baselines(
    tasks: Sequence[Task], out: Path, run: Run, pool: ServerPool, tools: dict[str, Tool],
    given: Conditions, concurrency: int,
) -> None:  # fmt: skip
    """Play each baseline once on each task into `out/baselines/<policy>`, resumably."""
    for policy in POLICIES:

        async def play(task: Task, attempt: int, policy: str = policy) -> Rollout:
            return await play_policy(policy, task, attempt, pool, tools, given)

        own = Run.of(tasks, suite=run.suite, model=policy, settings=conditions(run))
        print(f"playing the baseline {policy}", file=sys.stderr)
        await run_suite(tasks, play, out / DIRECTORY / policy, own, concurrency=concurrency)


def file_content(run: Run, played: Mapping[str, Sequence[Rollout]]) -> dict[str, Any]:
    """What ships for a suite: per-task columns, in the suite's order.

    Raises UserError where a rollout failed.
    """
    tasks = [
        [r.task.id, r.task.family.value, r.task.difficulty, r.task.split] for r in played["oracle"]
    ]
    policies = {}
    for name, rollouts in played.items():
        if failed := [r for r in rollouts if r.verdict is None]:
            raise UserError(f"{name} on {failed[0].task.id} failed: {failed[0].failure}")
        scores = scored(rollouts)
        columns: dict[str, list[Any]] = {
            kept: [_rounded((score.values or {}).get(kept)) for score in scores] for kept in KEPT
        }
        policies[name] = columns | {"stop": [score.stop for score in scores]}
    return {
        "suite": run.suite, "tasks_hash": run.tasks_hash, "conditions": conditions(run),
        "tasks": tasks, "policies": policies,
    }  # fmt: skip


def _rounded(value: float | None) -> float | None:
    if value is None:
        return None
    rounded = round(value, 6)
    return int(rounded) if rounded == int(rounded) else rounded


async def _ship(suites: Sequence[str]) -> None:
    from tempfile import TemporaryDirectory

    from environments.evaluation.run_directory import run_of
    from environments.evennia_world_env import EvenniaWorldEnv

    env = EvenniaWorldEnv(*EvenniaWorldEnv.config_init())
    given = env.conditions(agent_temperature=0.0, context_tokens=None)
    tools = env.group_tools()
    async with ServerPool() as pool:
        for suite in map(load_suite, suites):
            run = run_of(suite, given, model=env.model, provider="embedded")
            with TemporaryDirectory() as work:
                out = Path(work)
                await play_baselines(suite.tasks, out, run, pool, tools, given, 64)
                played = {name: read_samples(out / DIRECTORY / name / SAMPLES) for name in POLICIES}
            SHIPPED.mkdir(exist_ok=True)
            path = SHIPPED / f"{suite.name}.json"
            text = json.dumps(file_content(run, played), separators=(",", ":"))
            path.write_text(text + "\n")
            print(path)


if __name__ == "__main__":
    asyncio.run(_ship(sys.argv[1:] or list(SUITES)))
