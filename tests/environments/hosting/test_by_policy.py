"""A policy plays as a player from outside what it plays in the agent loop."""

from __future__ import annotations

import pytest

from environments.evaluation.embedded import play_embedded
from environments.hosting.by_policy import played
from environments.hosting.source import task_named
from environments.rollouts.record import StopReason
from world_fixtures.common import WorldLost
from world_fixtures.simulated import SimulatedInstance, SimulatedPool


class Counting(SimulatedPool):
    """Knows how many instances are in use."""

    used = 0

    async def acquire(self, *given, **named):
        instance = await super().acquire(*given, **named)
        self.used += 1
        return instance

    def release(self, instance):
        self.used -= 1


@pytest.mark.parametrize("policy", ["oracle", "noisy:0.3"])
async def test_the_verdict_is_that_of_our_own_loop(policy: str) -> None:
    task, worlds = task_named("test/persistence.recall/2/0"), Counting()
    rollout = await played(worlds, task, policy, id="here")
    (ours,) = await play_embedded(SimulatedPool(), policy, [(task, 0)])
    assert rollout.verdict == ours.verdict
    assert worlds.used == 0


async def test_nobody_at_all_is_judged_without_a_call() -> None:
    rollout = await played(Counting(), task_named("test/errand.deliver/2/3"), None, id="here")
    assert rollout.stop is StopReason.FINISHED
    assert rollout.verdict is not None
    assert not rollout.verdict.success
    assert rollout.record("nobody", "here").turns == 0


async def test_a_lost_world_is_given_back(monkeypatch: pytest.MonkeyPatch) -> None:
    async def lost(*_):
        raise WorldLost("the server is gone")

    monkeypatch.setattr(SimulatedInstance, "open", lost)
    worlds = Counting()
    with pytest.raises(WorldLost):
        await played(worlds, task_named("test/errand.deliver/2/3"), "oracle", id="here")
    assert worlds.used == 0
