"""A turn of a record as the beginning of another rollout: what it holds, and what it gives."""

from __future__ import annotations

import random

import pytest
import pytest_asyncio

from environments.rollouts.checkpoint import checkpoint
from environments.rollouts.record import Rollout, StopReason
from environments.tasks.build import make_task
from environments.tasks.families import KINDS
from environments.tasks.model import Family
from tests.environments.branches import assert_plays_on, policy_plays, record_of, turns_of
from world_fixtures.common import UserError, WorldLost
from world_fixtures.simulated import SimulatedPool

KIND_NAMES = [(family, kind) for family, kinds in KINDS.items() for kind in kinds]


@pytest.mark.asyncio
@pytest.mark.parametrize(("family", "kind"), KIND_NAMES)
async def test_a_rollout_played_on_from_any_turn_is_the_rollout_itself(family, kind):
    rng, pool = random.Random(kind), SimulatedPool()
    for policy, difficulty in (("oracle", 4), ("explorer", 1)):
        task = make_task(family, 11, difficulty, kind=kind)
        whole = await policy_plays(pool, policy, task)
        turns = turns_of(whole)
        some = {0, turns[-1], *rng.sample(turns, min(2, len(turns)))}
        await assert_plays_on(pool, policy, whole, sorted(some))


@pytest.mark.asyncio
@pytest.mark.parametrize("kind", ["restart", "witness", "promise"])
async def test_every_turn_of_rollouts_of_several_stages_can_be_played_on(kind):
    pool = SimulatedPool()
    task = make_task(Family.PERSISTENCE, 3, 3, kind=kind)
    whole = await policy_plays(pool, "noisy:0.4", task)
    assert len(whole.conversations) > 1
    await assert_plays_on(pool, "noisy:0.4", whole, turns_of(whole))


@pytest_asyncio.fixture
async def two_stages() -> Rollout:
    """A rollout with a disconnection in the middle, by the oracle."""
    return await policy_plays(
        SimulatedPool(), "oracle", make_task(Family.PERSISTENCE, 3, 3, kind="restart")
    )


def ends_of_stages(rollout: Rollout) -> int:
    """The turn in which the first stage ends."""
    return sum(m["role"] == "assistant" for m in rollout.conversations[0])


@pytest.mark.asyncio
async def test_where_a_turn_ends_a_stage_the_next_has_begun(two_stages):
    turn = ends_of_stages(two_stages)
    before, after = checkpoint(two_stages, turn - 1), checkpoint(two_stages, turn)
    assert (before.stage, before.connected) == (0, True)
    assert (after.stage, after.connected) == (1, False)
    assert [m["role"] for m in after.conversations[1]] == ["system", "user"]
    assert after.commands == before.commands == len(before.events) - before.sessions
    assert [len(played.events) for played in after.played()] == [len(before.events)]
    assert before.played() == []


@pytest.mark.asyncio
async def test_the_start_holds_nothing_but_the_prompt(two_stages):
    start = checkpoint(two_stages, 0)
    assert (start.events, start.tool_calls, start.commands, start.sessions) == ((), (), 0, 0)
    assert [m["role"] for m in start.conversations[0]] == ["system", "user"]


@pytest.mark.asyncio
async def test_a_branch_can_be_branched(two_stages):
    pool, turn = SimulatedPool(), ends_of_stages(two_stages)
    first = await policy_plays(pool, "oracle", two_stages.task, start=checkpoint(two_stages, turn))
    second = await policy_plays(pool, "oracle", first.task, start=checkpoint(first, turn + 1))
    assert (second.branch_of, second.branch_turn) == (first.id, turn + 1)
    assert record_of(second) == record_of(two_stages)


@pytest.mark.asyncio
async def test_another_policy_goes_on_where_one_stopped():
    pool, task = SimulatedPool(), make_task(Family.INSPECTION, 2, 1, kind="read")
    lost = await policy_plays(pool, "loops_look", task)
    assert lost.verdict is not None
    assert not lost.verdict.success
    saved = await policy_plays(pool, "oracle", task, start=checkpoint(lost, 2))
    assert saved.verdict is not None
    assert saved.verdict.success
    assert saved.turns > 2
    assert saved.conversations[0][:6] == lost.conversations[0][:6]


def refused(rollout: Rollout, turn: int) -> str:
    with pytest.raises(UserError) as told:
        checkpoint(rollout, turn)
    return str(told.value)


@pytest.mark.asyncio
async def test_turns_that_cannot_be_played_on_are_refused(two_stages):
    last = two_stages.turns
    told = f"ended at turn {last} (submitted), so choose one from 0 to {last - 1}"
    for turn in (-1, last, last + 1):
        assert told in refused(two_stages, turn)
    none = two_stages.model_copy(update={"conversations": [], "turns": 0, "stop": StopReason.WORLD})
    assert "failed before its first turn" in refused(none, 0)
    old = two_stages.model_copy(update={"task": two_stages.task.model_copy(update={"version": 1})})
    assert "of tasks version 1" in refused(old, 1)
    gap = two_stages.model_copy(update={"events": two_stages.events[1:]})
    assert "every event" in refused(gap, 3)


@pytest.mark.asyncio
async def test_a_stage_that_was_left_and_not_followed_is_refused(two_stages):
    turn = ends_of_stages(two_stages)
    calls = [c for c in two_stages.tool_calls if c.turn <= turn]
    cut = two_stages.model_copy(
        update={"conversations": two_stages.conversations[:1], "turns": turn,
                "stop": StopReason.MAX_TURNS, "tool_calls": calls}
    )  # fmt: skip
    assert "did not begin the next" in refused(cut, turn)
    assert checkpoint(cut, turn - 1).connected


@pytest.mark.asyncio
async def test_a_rollout_whose_endpoint_failed_goes_on_from_its_end(two_stages):
    turn = 2
    start = checkpoint(two_stages, turn)
    failed = two_stages.model_copy(
        update={"conversations": [list(start.conversations[0])], "turns": turn, "verdict": None,
                "stop": StopReason.ENDPOINT, "tool_calls": list(start.tool_calls),
                "events": list(start.events), "answer": None}
    )  # fmt: skip
    pool = SimulatedPool()
    again = await policy_plays(pool, "oracle", failed.task, start=checkpoint(failed, turn))
    assert record_of(again) == record_of(two_stages)


@pytest.mark.asyncio
async def test_changes_that_do_not_give_the_recorded_state_are_told(two_stages):
    start = checkpoint(two_stages, ends_of_stages(two_stages))
    wrong = [e.model_copy(update={"state_hash": "0" * 32}) for e in start.events]
    with pytest.raises(WorldLost, match="do not give the state"):
        start.model_copy(update={"events": tuple(wrong)}).played()
