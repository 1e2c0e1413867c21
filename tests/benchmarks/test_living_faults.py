"""The check of rollouts with people and time: what it plays, and that it tells differences."""

from __future__ import annotations

import random

import pytest

from benchmarks.living_faults import check, tasks
from benchmarks.shaken import Shaken
from environments.evaluation.embedded import play_embedded
from environments.tasks.build import KINDS, make_task
from environments.tasks.model import SOLITARY, Family
from world_fixtures.servers import ServerPool

pytestmark = pytest.mark.asyncio(loop_scope="session")
ON_THE_SPOT = (0, 0, 1, 1)
"""Forks and going back alone: the world server of these tests is shared."""


@pytest.fixture(scope="module")
def follow():
    return make_task(Family.TIME, 1, 2, "follow")


async def test_a_rollout_goes_on_in_forks_as_if_nothing_had_been(pool, follow):
    found = await check(pool, [follow], seed=3, weights=ON_THE_SPOT)
    assert found.wrong == []
    assert (found.rollouts, found.branches, found.replayed) == (1, 1, 2)
    assert found.followed > 0
    assert found.troubles["fork"] + found.troubles["went back"] > 0


async def test_an_event_that_the_server_does_not_have_is_told(pool, follow):
    shaken = Shaken(pool, random.Random(0), ON_THE_SPOT)
    await play_embedded(shaken, "oracle", [(follow, 0)])
    del shaken.instance.log[-1]
    await shaken.instance.end()
    assert "the server's events are not those that were recorded" in shaken.instance.wrong


@pytest.mark.slow
async def test_nothing_differs_through_killed_and_restarted_servers():
    made = tasks(sum(len(KINDS[f]) for f in KINDS if f not in SOLITARY), seed=5)
    assert {t.family for t in made} == {f for f in KINDS if f not in SOLITARY and KINDS[f]}
    async with ServerPool(1) as own:
        found = await check(own, made, seed=5, weights=(1, 1, 4, 4))
    assert found.wrong == []
    assert found.rollouts == found.branches == len(made)
    assert min(found.troubles[what] for what in ("killed", "restarted", "lost", "fork")) > 0
