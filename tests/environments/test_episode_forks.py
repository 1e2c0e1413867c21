"""A second episode in the state of the first: what it has, and that neither changes the other."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from environments.episode import Episode, NotConnected, SyncEpisode, SyncPool
from environments.rollouts.checkpoint import checkpoint
from environments.tools.gate import Gate
from environments.tools.registry import Effect, Tool, tools_of
from tests.environments.branches import assert_plays_on, policy_plays
from world_fixtures.common import UserError
from world_fixtures.simulated import SimulatedPool

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest_asyncio.fixture(loop_scope="session", params=["live", "in memory"])
async def worlds(request: Any, pool: Any) -> Any:
    """World servers, or worlds in memory."""
    return pool if request.param == "live" else SimulatedPool()


@pytest_asyncio.fixture(loop_scope="session")
async def world(worlds: Any, note: Any) -> AsyncIterator[Episode]:
    """An episode of two stages that has just begun."""
    begun = await Episode.begin(worlds, note, id="w", gate=Gate(), observation_chars=500)
    yield begun
    begun.close()


async def command(episode: Episode, text: str) -> str:
    return await episode.call("evennia_command", {"command": text})


async def to_the_end(episode: Episode) -> Any:
    """Play both stages to their end from wherever the first one is."""
    await command(episode, "write 1742 on wall")
    await episode.call("evennia_disconnect", {})
    await episode.next_stage()
    await episode.call("evennia_connect", {})
    await command(episode, "read wall")
    await episode.call("evennia_submit", {"answer": {"year": 1742}})
    return await episode.finish()


def seen_by(episode: Episode) -> list[Any]:
    """All that the agent was told and did, without the clock's and the server's."""
    return [c.model_dump(exclude={"ms"}) for c in episode.tool_calls]


async def test_a_fork_plays_to_the_verdict_of_its_parent(world):
    await world.call("evennia_connect", {})
    await command(world, "read letter")
    other = await world.fork(id="fork")
    try:
        assert (other.id, other.commands, other.sessions) == ("fork", 1, 1)
        assert seen_by(other) == seen_by(world)
        assert [e.seq for e in other.all_events] == [1, 2]
        verdicts = [await to_the_end(other), await to_the_end(world)]
        assert verdicts[0] == verdicts[1]
        assert verdicts[0].reward == 1.0, verdicts[0].reasons
        assert seen_by(other) == seen_by(world)
        assert (other.prompt, other.done) == (world.prompt, True)
    finally:
        other.close()


async def test_what_one_does_the_other_does_not_see(world):
    await world.call("evennia_connect", {})
    other = await world.fork()
    try:
        assert "take" in await command(other, "get lamp")
        assert (await world.state()).location("lamp") == "hall"
        assert "take" in await command(world, "get lamp")
        assert (other.commands, world.commands) == (1, 1)
        assert len(world.tool_calls) == len(other.tool_calls) == 2
        other.close()
        assert "Hall" in await world.call("evennia_observe", {})
    finally:
        other.close()


async def test_a_fork_between_stages_is_between_stages(world):
    await world.call("evennia_connect", {})
    await command(world, "get lamp")
    await world.call("evennia_disconnect", {})
    other = await world.fork()
    try:
        assert other.stage_over
        with pytest.raises(NotConnected):
            await other.command("look")
        assert await other.next_stage() == await world.next_stage()
        assert (await other.state()).location("shaft") == "hall"
        again = await other.fork()
        again.close()
        assert (again.stage, again.stage_over) == (1, False)
        assert "Hall" in await other.call("evennia_connect", {})
        assert [e.seq for e in other.all_events] == [1, 2, 3, 4]
        assert len({e.session for e in other.events}) == other.sessions == 2
    finally:
        other.close()


async def test_a_fork_keeps_what_is_left_of_the_budget(worlds, note):
    world = await Episode.begin(worlds, note.model_copy(update={"budget": 2}))
    await world.call("evennia_connect", {})
    await command(world, "look")
    other = await world.fork()
    try:
        assert "Hall" in await command(other, "look")
        assert "are spent" in await command(other, "look")
        assert "Hall" in await command(world, "look")
    finally:
        other.close()
        world.close()


async def test_forks_made_together_are_all_of_that_state(world):
    await world.call("evennia_connect", {})
    others = await asyncio.gather(*(world.fork() for _ in range(8)))
    try:
        assert len({other.id for other in others}) == len({o.instance.id for o in others}) == 8
        for other in others:
            assert "take" in await command(other, "get lamp")
    finally:
        for other in others:
            other.close()


async def test_tools_that_act_outside_of_the_world_are_refused(worlds, note):
    async def terminal(arguments: dict[str, Any], task_id: str) -> str:
        return json.dumps(arguments)

    async def now(arguments: dict[str, Any], task_id: str) -> str:
        return "noon"

    outside = Tool("terminal", "A shell.", {"type": "object"}, terminal)
    told = Tool("now", "The time.", {"type": "object"}, now, Effect.READ_ONLY, forkable=True)
    start = checkpoint(await policy_plays(SimulatedPool(), "oracle", note), 2)
    with pytest.raises(UserError, match="'terminal' cannot be forked"):
        await Episode.resume(worlds, start, tools={"terminal": outside})
    world = await Episode.begin(worlds, note, tools={"terminal": outside})
    try:
        with pytest.raises(UserError, match="'terminal' cannot be forked"):
            await world.fork()
    finally:
        world.close()
    world = await Episode.begin(worlds, note, tools=tools_of(["evennia"]) | {"now": told})
    (await world.fork()).close()
    world.close()


async def test_a_closed_episode_has_no_forks(world):
    world.close()
    with pytest.raises(RuntimeError, match="is closed"):
        await world.fork()


async def test_every_turn_of_a_live_rollout_can_be_played_on(pool, note):
    before = pool.instances
    whole = await policy_plays(pool, "oracle", note)
    await assert_plays_on(pool, "oracle", whole, range(whole.turns))
    assert pool.instances == before


def test_programs_without_an_event_loop_fork_and_resume(note):
    whole = asyncio.run(policy_plays(SimulatedPool(), "oracle", note))
    with SyncPool(1) as pool:
        episode = SyncEpisode.begin(pool, note)
        episode.call("evennia_connect", {})
        other = episode.fork(id="other")
        assert other.episode.id == "other"
        assert other.call("evennia_observe", {}) == episode.call("evennia_observe", {})
        live = pool.loop.run(policy_plays(pool.pool, "oracle", note))
        resumed = SyncEpisode.resume(pool, checkpoint(live, 2), id="resumed")
        assert resumed.call("evennia_command", {"command": "write 1742 on wall"})
        assert resumed.episode.commands == 2
        for one in (episode, other, resumed):
            one.close()
    assert whole.verdict == live.verdict
