"""Sample of each artifact: `python -m environments.cli.samples [DIR]`.

A few rollouts are played by an embedded policy in a real world server, and everything that
can be made of them is written to DIR (default docs/samples). Clocks are normalised: made again,
the files are the same, but for the versions they name.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import sys
import tempfile
from pathlib import Path

from environments.evaluation.embedded import play_embedded
from environments.evaluation.results import conclude
from environments.evaluation.run_directory import RunDirectory
from environments.evaluation.run_identity import Run
from environments.evennia_world_env import EvenniaWorldEnv
from environments.export.files import Row, write
from environments.export.hermes import hermes_files
from environments.export.step_pairs import step_pairs
from environments.export.step_rewards import step_rewards
from environments.export.tables import TABLES, step_rows, table
from environments.export.tensorzero import tensorzero_files
from environments.rollouts.checkpoint import checkpoint
from environments.rollouts.files import SAMPLES, sample_line, write_lines
from environments.rollouts.normalised import normalised_rollout
from environments.rollouts.record import Rollout
from environments.tasks.build import make_task
from environments.tasks.model import Family, Task
from environments.telemetry import golden
from environments.tools.registry import toolsets_of
from world_fixtures.servers import ServerPool

DIRECTORY = Path("docs/samples")
POLICY = "noisy:0.3"
"""Fails often enough for pairs."""
STUCK = "loops_look"
"""Plays until its turns are used up: a failed trajectory."""
ATTEMPTS = 3
TURN = 1
"""After which the branches go on."""
BRANCHES = 32
ROWS = 3
"""Of each table; the rest is more of the same."""


def sample_tasks() -> list[Task]:
    """Make the tasks that are played: short ones, one with a second stage after a restart."""
    return [
        make_task(Family.INSPECTION, 2, 1, kind="read"),
        make_task(Family.NAVIGATION, 3, 1, kind="by_name"),
        make_task(Family.PERSISTENCE, 2, 1, kind="restart"),
    ]


async def write_samples(directory: Path) -> None:
    """Write every sample into `directory`."""
    tasks = sample_tasks()
    items = [(task, attempt) for task in tasks for attempt in range(ATTEMPTS)]
    async with ServerPool(1) as pool:
        await golden.record(directory, pool)
        played = await play_embedded(pool, POLICY, items)
        stuck = await play_embedded(pool, STUCK, [(tasks[0], 0)])
        branches = await play_embedded(
            pool, POLICY, [(tasks[0], ATTEMPTS + n) for n in range(BRANCHES)],
            start=checkpoint(played[0], TURN),
        )  # fmt: skip
    rollouts = [normalised_rollout(rollout, n) for n, rollout in enumerate(played)]
    failed = normalised_rollout(stuck[0], len(rollouts))
    branches = [normalised_rollout(branch, n) for n, branch in enumerate(branches)]
    files = _rows(rollouts, failed)
    files["dpo_steps.jsonl"] = step_rows(step_pairs([played[0], *branches]).pairs)
    files["prm_steps.jsonl"] = step_rewards(rollouts[:1]).rows
    for name, rows in files.items():
        write(directory / name, rows[:ROWS])
    write(directory / "atropos_group.jsonl", await _group())
    await asyncio.to_thread(_evaluate, tasks, rollouts, directory / "evaluation")


def _rows(rollouts: list[Rollout], failed: Rollout) -> dict[str, list[Row]]:
    """Rows by the name of their file."""
    files = {f"{name}.jsonl": table(name, rollouts) for name in TABLES}
    trajectories = hermes_files([*rollouts, failed], toolsets_of)
    files |= {f"hermes/{name}": rows for name, rows in trajectories.items()}
    files |= {f"tensorzero/{name}": rows for name, rows in tensorzero_files(rollouts).items()}
    return files | {"dpo.parquet": files["dpo.jsonl"]}


async def _group() -> list[Row]:
    """Make the group that `process` makes of one item."""
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "groups.jsonl"
        config, servers = EvenniaWorldEnv.config_init()
        config.policy, config.total_steps, config.group_size = POLICY, 1, 2
        config.families, config.difficulty = {"inspection": 1.0}, (1, 1)
        config.data_path_to_save_groups = str(path)
        env = EvenniaWorldEnv(config, servers)
        try:
            await env.process_manager()
        finally:
            await env.teardown()
        return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def _evaluate(tasks: list[Task], rollouts: list[Rollout], out: Path) -> None:
    """Write the files of an evaluation with these rollouts; of its samples only the first ROWS."""
    shutil.rmtree(out, ignore_errors=True)
    run = Run.of(tasks, suite="samples", model=POLICY, attempts=ATTEMPTS)
    with RunDirectory(out, run) as directory:
        for rollout in rollouts:
            directory.add(rollout)
    conclude(out, run, directory.rollouts, report=False)
    write_lines(out / SAMPLES, map(sample_line, rollouts[:ROWS]))
    (out / ".lock").unlink()


def _main(directory: Path = DIRECTORY) -> None:
    asyncio.run(write_samples(directory))
    print(f"samples in {directory}")


if __name__ == "__main__":
    _main(*map(Path, sys.argv[1:]))
