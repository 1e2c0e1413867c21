"""A few played rollouts: several attempts, good and bad, one task with two stages."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import pytest_asyncio

from environments.rollouts.files import sample_line
from environments.rollouts.record import Rollout
from environments.tasks.build import make_task
from environments.tasks.model import Family
from world_fixtures.servers import ServerPool

sys.path.insert(0, str(Path(__file__).parents[1] / "telemetry"))  # tests are no package
from played import played


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def rollouts(pool: ServerPool) -> list[Rollout]:
    tasks = [
        make_task(Family.PERSISTENCE, 5, 2, kind="restart"),
        make_task(Family.INSPECTION, 1, 1),
        make_task(Family.ERRAND, 2, 2),
    ]
    found = await played(pool, "oracle", [(task, 0) for task in tasks])
    found += await played(pool, "noisy", [(task, n) for task in tasks for n in range(1, 4)])
    return found + await played(pool, "loops_look", [(task, 4) for task in tasks])


@pytest.fixture(scope="session")
def run(rollouts: list[Rollout], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run directory with all of them, to be read."""
    directory = tmp_path_factory.mktemp("run")
    (directory / "samples.jsonl").write_bytes(b"".join(map(sample_line, rollouts)))
    return directory
