"""Baselines: what policies without a model score on the same tasks, to read a score by.

Those of the named suites ship with the project and are found by the hash of the tasks and the
conditions of play; on other suites they are played. After a change of a suite, of the rules or
of the rewards make the files anew:

    python -m environments.cli.ship_baselines [SUITE ...]
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from environments.evaluation.metrics import Score, scored
from environments.evaluation.run_identity import Run
from environments.rollouts.files import SAMPLES, read_samples
from environments.rollouts.record import Rollout
from world_fixtures.common import UserError

POLICIES = ("random", "explorer", "scripted", "noisy", "oracle")
"""In the order of every table."""
DIRECTORY = "baselines"
"""In a run's directory: the baselines that were played for it, one directory a policy."""
SHIPPED = Path(__file__).with_name("shipped")
KEPT = ("mean_reward", "success_rate", "spl", "map_f1", "turns", "invalid_commands")
"""Metrics that the files hold."""
CONDITIONS = ("weights", "max_turns", "gate", "reward")
"""Settings of a run on which a baseline's scores depend."""


def baselines_of(
    out: Path, run: Run, played: Mapping[str, Sequence[Rollout]] | None = None
) -> dict[str, list[Score]]:
    """Return the baselines for the run in `out`: those played for it, or those that ship.

    `played` are rollouts by policy that are at hand; of other policies the directory is read.
    Empty where there are none.
    """
    at_hand = played or {}
    names = {path.parent.name for path in (out / DIRECTORY).glob(f"*/{SAMPLES}")} | set(at_hand)
    order = [*(n for n in POLICIES if n in names), *sorted(names - set(POLICIES))]
    found = {
        name: scored(at_hand.get(name) or read_samples(out / DIRECTORY / name / SAMPLES))
        for name in order
    }
    return found or shipped(run)


def shipped(run: Run) -> dict[str, list[Score]]:
    """Return the baselines that ship for these tasks and conditions; empty without any.

    They are of rollouts from the start, so branches have none.
    """
    if run.branch is not None:
        return {}
    for path in sorted(SHIPPED.rglob("*.json")):  # those of version 1 have a directory
        content = _content(path)
        known = content["tasks_hash"] in (run.tasks_hash, run.whole)
        if known and content["conditions"] == conditions(run):
            played = set(run.tasks)
            return {
                name: [score for score in _scores(content, name) if score.task in played]
                for name in POLICIES
                if name in content["policies"]
            }
    return {}


def conditions(run: Run) -> dict[str, Any]:
    """Return the settings of a run on which a baseline's scores depend."""
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


def file_content(run: Run, played: Mapping[str, Sequence[Rollout]]) -> dict[str, Any]:
    """Return what ships for a suite: columns of the metrics KEPT, in the suite's order of tasks.

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
