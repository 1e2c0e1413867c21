"""Playing the baselines of a run, where none ship for its suite."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from environments.evaluation.baselines import DIRECTORY, POLICIES, conditions
from environments.evaluation.embedded import play_policy
from environments.evaluation.run_directory import RunDirectory
from environments.evaluation.run_identity import Run
from environments.evaluation.suite_runner import run_suite
from environments.rollouts.record import Rollout
from environments.runner import Conditions
from environments.tasks.model import Task
from environments.tools.registry import Tool
from world_fixtures.servers import ServerPool


async def play_baselines(
    tasks: Sequence[Task], out: Path, run: Run, pool: ServerPool, tools: dict[str, Tool],
    given: Conditions, concurrency: int,
) -> dict[str, list[Rollout]]:  # fmt: skip
    """Play each baseline once on each task into `out/baselines/<policy>`, resumably.

    Returns the rollouts by policy, in the order of the tasks.
    """
    played = {}
    for policy in POLICIES:

        async def play(task: Task, attempt: int, policy: str = policy) -> Rollout:
            return await play_policy(policy, task, attempt, pool, tools, given)

        own = Run.of(tasks, suite=run.suite, model=policy, settings=conditions(run))
        print(f"playing the baseline {policy}", file=sys.stderr)
        with RunDirectory(out / DIRECTORY / policy, own) as directory:
            await run_suite(tasks, play, directory, concurrency=concurrency)
        played[policy] = directory.rollouts
    return played
