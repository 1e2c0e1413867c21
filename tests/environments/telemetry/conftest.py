"""Played rollouts of all families."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import pytest_asyncio

from environments.rollouts.record import Rollout
from environments.tasks.build import make_task
from environments.tasks.model import Family
from world_fixtures.servers import ServerPool

sys.path.insert(0, str(Path(__file__).parent))  # tests are no package
from played import played


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def rollouts(pool: ServerPool) -> list[Rollout]:
    """All families by the oracle and by a noisy policy; stages with restarts among them."""
    tasks = [make_task(family, seed, 1 + seed) for family in Family for seed in range(2)]
    tasks += [
        make_task(Family.PERSISTENCE, 5, 2, kind=kind) for kind in ("restart", "witness")
    ]  # fmt: skip
    found = await played(pool, "oracle", [(task, 0) for task in tasks])
    found += await played(pool, "noisy", [(task, n) for task in tasks for n in range(2)])
    assert not [r.failure for r in found if r.failure]
    return found


@pytest.fixture
def with_restart(rollouts: list[Rollout]) -> Rollout:
    """A rollout in which somebody else acts and the server restarts between the stages."""
    return next(r for r in rollouts if r.task.kind == "restart" and len(r.conversations) > 1)
