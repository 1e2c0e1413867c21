"""One task being played, on a real world server."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from environments.episode import Episode, NotConnected, SyncEpisode, SyncPool
from environments.tasks.verdict import Weights
from environments.tool_context import ToolContext
from environments.tools.gate import Gate
from environments.tools.registry import Effect, Tool
from world_fixtures.common import UserError, WorldError, WorldLost
from world_fixtures.protocol import MAX_COMMAND
from world_fixtures.servers import ServerPool
from world_fixtures.simulated import SimulatedPool

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest_asyncio.fixture(loop_scope="session")
async def world(pool, note) -> AsyncIterator[Episode]:
    begun = await Episode.begin(pool, note, id="w")
    yield begun
    begun.close()


# Playing by tool calls


async def play_through(episode: Episode) -> list[str]:
    """Both stages by tool calls; what they returned."""
    first = ["read letter", "write 1742 on wall"]
    seen = [await episode.call("evennia_connect", {})]
    seen += [await episode.call("evennia_command", {"command": c}) for c in first]
    seen.append(await episode.call("evennia_disconnect", "{}"))
    await episode.next_stage()
    seen.append(await episode.call("evennia_connect", ""))
    seen.append(await episode.call("evennia_command", '{"command": "read wall"}'))
    seen.append(await episode.call("evennia_submit", {"answer": {"year": 1742}}))
    return seen


async def test_a_task_is_played_by_tool_calls_alone(world):
    assert world.stage == 0
    assert world.prompt == (
        "Write the year on the wall.\n\n(You have 100 commands left, for this part and all that"
        " follow.)"
    )
    names = [tool["function"]["name"] for tool in world.tools]
    assert names == [
        f"evennia_{n}" for n in ("connect", "command", "observe", "disconnect", "submit")
    ]
    seen = await play_through(world)
    assert seen[0].startswith("Hall")
    assert "1742" in seen[1]
    assert (world.stage, world.done) == (1, True)
    assert world.prompt == "Which year?\n\n(You have 97 commands left.)"
    verdict = await world.finish()
    assert (verdict.reward, verdict.success) == (1.0, True), verdict.reasons
    assert [c.stage for c in world.tool_calls] == [0] * 4 + [1] * 3
    assert [c.turn for c in world.tool_calls] == list(range(1, 8))
    assert [c.event for c in world.tool_calls] == [1, 2, 3, None, 5, 6, None]


async def test_what_cannot_be_carried_out_is_an_error_for_the_model(world):
    async def error(tool: str, arguments: Any) -> str:
        return json.loads(await world.call(tool, arguments))["error"]

    assert "not connected" in await error("evennia_observe", {})
    assert "unknown tool 'look'" in await error("look", {})
    assert "not valid JSON" in await error("evennia_command", '{"command": ')
    assert "must be a string" in await error("evennia_command", {})
    assert "too early" in await world.call("evennia_submit", {})
    assert [c.error is None for c in world.tool_calls] == [False] * 4 + [True]


async def test_nothing_is_carried_out_between_stages_or_after_the_verdict(world):
    await world.call("evennia_connect", {})
    await world.call("evennia_disconnect", {})
    assert (world.stage_over, world.done) == (True, False)
    assert "is over" in await world.call("evennia_connect", {})
    await world.next_stage()
    assert (await world.call("evennia_connect", {})).startswith("Hall")
    with pytest.raises(ValueError, match="no stage after"):
        await world.next_stage()
    verdict = await world.finish()
    assert world.done
    assert "is over" in await world.call("evennia_command", {"command": "write 1742 on wall"})
    assert await world.finish() is verdict
    assert verdict.goals["a note"] == 0.0


async def test_the_gate_weights_and_escape_given_are_used(pool, note):
    only_outcome = Weights(outcome=1, progress=0, efficiency=0, evidence=0, discipline=0)
    episode = await Episode.begin(
        pool, note, gate=Gate(max_risk=0.1, allow=("evennia_connect",)), weights=only_outcome,
        escape=str.upper, observation_chars=4,
    )  # fmt: skip
    try:
        assert (await episode.call("evennia_connect", {})).startswith("HALL\n[")
        assert "BLOCKED" in await episode.call("evennia_submit", {})
        assert (await episode.finish()).reward == 0.0
        assert (await episode.finish()).parts["outcome"] == 0.0
    finally:
        episode.close()


HEAVY = ("atroposlib", "django", "evennia", "openai", "torch", "transformers", "twisted", "wandb")


async def test_importing_the_episode_loads_no_trainer_and_no_server():
    code = f"import environments.episode, sys; print([m for m in {HEAVY} if m in sys.modules])"
    found = await asyncio.create_subprocess_exec(
        sys.executable, "-c", code, cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    assert (await found.communicate())[0].strip() == b"[]"


async def test_a_world_that_is_lost_raises_in_the_host(world, monkeypatch):
    await world.call("evennia_connect", {})

    async def lose(self: Episode, text: str) -> Any:
        raise WorldLost("it died")

    monkeypatch.setattr(Episode, "command", lose)
    with pytest.raises(WorldLost, match="it died"):
        await world.call("evennia_observe", {})


def test_programs_without_an_event_loop_play_the_same(note):
    with SyncPool(1) as pool:
        episode = SyncEpisode.begin(pool, note, id="sync")
        assert episode.stage == 0
        assert episode.prompt.startswith("Write the year on the wall.")
        assert len(episode.tools) == 5
        assert episode.call("evennia_connect", {}).startswith("Hall")
        for command in ("read letter", "write 1742 on wall"):
            episode.call("evennia_command", {"command": command})
        episode.call("evennia_disconnect", {})
        assert (episode.stage_over, episode.done) == (True, False)
        assert episode.next_stage().startswith("Which year?")
        episode.call("evennia_connect", {})
        episode.call("evennia_command", '{"command": "read wall"}')
        episode.call("evennia_submit", {"answer": {"year": 1742}})
        assert episode.done
        assert episode.finish().reward == 1.0
        episode.close()
        episode.close()
        assert pool.pool.instances == 0
        late = SyncEpisode.begin(pool, note)
    late.close()  # as a `finally` around the pool would
    with pytest.raises(RuntimeError, match="entered once"), pool:
        pass


# Misuse


async def test_a_closed_episode_acts_in_nobodys_world(pool, note):
    unplayed = note.spec.model_copy(update={"title": "No other test leaves an instance of this"})
    note = note.model_copy(update={"spec": unplayed})
    first = await Episode.begin(pool, note)
    await first.call("evennia_connect", {})
    first.close()
    await asyncio.gather(*pool._chores)
    second = await Episode.begin(pool, note)
    try:
        await second.call("evennia_connect", {})
        assert second.instance.id == first.instance.id  # it was rewound and used again
        for act in (first.call("evennia_command", {"command": "get lamp"}), first.connect(),
                    first.command("get lamp"), first.intervene("get lamp"), first.finish(),
                    first.next_stage(), first.state()):  # fmt: skip
            with pytest.raises(RuntimeError, match="is closed"):
                await act
        with pytest.raises(WorldError, match="no session"):
            await first._session.command("get lamp")
        await first._session.close()
        assert (await second.state()).location("lamp") == "hall"
        assert "Hall" in await second.call("evennia_observe", {})
    finally:
        second.close()


async def test_what_was_cancelled_half_way_is_not_scored(pool, note, monkeypatch):
    episode = await Episode.begin(pool, note)
    try:
        await episode.call("evennia_connect", {})
        await episode.call("evennia_disconnect", {})
        reached = asyncio.Event()

        async def never(self: Any, changes: Any) -> Any:
            reached.set()
            await asyncio.Event().wait()

        monkeypatch.setattr("world_fixtures.servers.PooledInstance.arrange", never)
        moving = asyncio.create_task(episode.next_stage())
        await reached.wait()
        moving.cancel()
        with pytest.raises(asyncio.CancelledError):
            await moving
        assert episode.stage == 0
        for act in (episode.next_stage(), episode.finish(), episode.call("evennia_connect", {})):
            with pytest.raises(WorldLost, match="interrupted"):
                await act
    finally:
        episode.close()


async def test_calls_made_together_are_carried_out_one_after_the_other(world):
    seen = await asyncio.gather(*(world.call("evennia_connect", {}) for _ in range(4)))
    assert seen[0].startswith("Hall")
    assert seen[1:] == ["You are already connected."] * 3
    assert world.sessions == 1
    assert [c.turn for c in world.tool_calls] == [1, 2, 3, 4]


async def test_arguments_that_are_no_json_are_an_error_for_the_model(world):
    endless: dict[str, Any] = {}
    endless["self"] = endless
    for arguments in (endless, {"command": object()}, 5):
        assert "no JSON object" in await world.call("evennia_command", arguments)
    await world.finish()
    with pytest.raises(ValueError, match="no stage after"):
        await world.next_stage()


async def test_a_handler_that_knows_the_task_id_alone_finds_the_world(pool, note):
    async def where(arguments: dict[str, Any], task_id: str) -> str:
        return str(await ToolContext(task_id).world.location())

    tool = Tool("where", "Where?", {"type": "object"}, where, Effect.READ_ONLY)
    episode = await Episode.begin(pool, note, id="mine", tools={"where": tool})
    try:
        assert await episode.call("where", {}) == "hall"
        with pytest.raises(RuntimeError, match="no live world"):
            _ = ToolContext("mine").world
    finally:
        episode.close()


async def test_a_pool_that_is_not_open_is_told(note):
    with pytest.raises(RuntimeError, match="not open"):
        await Episode.begin(ServerPool(1), note)
    with pytest.raises(RuntimeError, match="not running"):
        SyncEpisode.begin(SyncPool(1), note)


# The world and the tool context


async def test_a_world_is_used_connected_and_says_so_otherwise(world):
    with pytest.raises(NotConnected, match="call evennia_connect first"):
        await world.command("look")
    with pytest.raises(NotConnected):
        await world.disconnect()
    assert (await world.connect()).startswith("Hall")
    assert await world.connect() == "You are already connected."
    assert (await world.command("get lamp")).kind == "ok"
    assert [e.verb for e in world.events] == ["connect", "get"]
    assert world.sessions == 1
    assert world.last_event == 2
    assert world.seconds > 0


async def test_disconnecting_ends_a_stage_and_submitting_the_last(world):
    assert "too early" in world.submit({"year": 1742})
    assert (world.answer, world.stage_over) == (None, False)
    await world.connect()
    await world.disconnect()
    assert world.stage_over
    await world.next_stage()
    assert not world.stage_over
    await world.connect()
    await world.disconnect()
    assert not world.stage_over
    world.submit({"year": 1742})
    assert (world.answer, world.stage_over) == ({"year": 1742}, True)
    assert world.sessions == 2


async def test_the_world_is_changed_between_stages_and_the_agent_has_no_part_in_it(world):
    await world.connect()
    await world.next_stage()
    with pytest.raises(NotConnected):  # a new stage begins outside
        await world.command("look")
    assert [e.actor for e in world.events] == ["you"]
    (arranged,) = world.all_events[1:]
    assert (arranged.actor, arranged.verb) == ("world", "arrange")
    assert (await world.state()).location("shaft") == "hall"
    assert world.sessions == 1


async def test_every_command_counts_against_the_budget_however_many_in_a_turn(pool, note):
    world = await Episode.begin(pool, note.model_copy(update={"budget": 3}))
    try:
        await world.connect()
        for _ in range(2):
            await world.call("evennia_command", {"command": "look"})
        await world.call("evennia_observe", {})
        refused = await world.call("evennia_command", {"command": "read letter"})
        assert "3 commands that this task allows are spent" in refused
        assert "evennia_disconnect" in refused
        assert [e.verb for e in world.events] == ["connect", "look", "look", "look"]
        await world.call("evennia_disconnect", {})
        assert "(You have 0 commands left.)" in await world.next_stage()
        await world.call("evennia_submit", {"answer": {"year": 1742}})
        assert (await world.finish()).reward == 0.0
    finally:
        world.close()


async def test_an_instance_in_memory_plays_as_a_live_one(pool, note):
    verdicts, seen = [], []
    for worlds in (pool, SimulatedPool()):
        world = await Episode.begin(worlds, note)
        try:
            seen.append(await play_through(world))
            verdicts.append(await world.finish())
        finally:
            world.close()
    assert seen[0] == seen[1]
    assert verdicts[0] == verdicts[1]


async def test_an_endless_command_is_an_observation(world):
    await world.connect()
    event = await world.command("look " * 2_000_000)  # more than a message may have
    assert event.kind != "ok"
    assert len(event.raw) == MAX_COMMAND
    assert (await world.command("look")).kind == "ok"


async def test_a_world_is_given_back_once(pool, note):
    before = pool.instances
    world = await Episode.begin(pool, note)
    assert pool.instances == before + 1
    world.close()
    world.close()
    ToolContext("once", world).cleanup()
    assert pool.instances == before


async def test_a_cancelled_begin_leaves_nothing(pool, note, monkeypatch):
    before, made = pool.instances, asyncio.Event()
    create = pool._create

    async def slowly(*args: Any) -> Any:
        instance = await create(*args)
        made.set()
        return instance

    monkeypatch.setattr(pool, "_create", slowly)
    beginning = asyncio.create_task(Episode.begin(pool, note))
    await made.wait()
    beginning.cancel()
    with pytest.raises(asyncio.CancelledError):
        await beginning
    await asyncio.gather(*pool._chores)
    assert pool.instances == before


async def test_a_context_without_an_episode_has_no_world():
    with pytest.raises(RuntimeError, match="no live world"):
        _ = ToolContext("r").world


async def test_a_context_gives_the_tasks_verdict(world):
    await play_through(world)
    assert (await ToolContext("w", world).world.verdict()).reward == 1.0


async def test_a_context_asks_and_acts_without_counting_as_the_agent(world):
    context = ToolContext("w", world)
    await world.connect()
    await world.command("get lamp")
    seen = context.world
    assert await seen.location() == "hall"
    assert await seen.location("letter") == "table"
    assert await seen.inventory() == ["lamp"]
    assert (await seen.command("drop lamp")).kind == "ok"
    assert await seen.inventory() == []
    assert [e.raw for e in seen.events()] == ["", "get lamp"]
    assert (seen.sessions, seen.answer) == (1, None)
    assert (await world.command("get lamp")).kind == "ok"  # its own session goes on
    await world.disconnect()
    assert (await seen.command("inventory")).kind == "ok"  # where there is none, it needs none
    with pytest.raises(NotConnected):
        await world.command("look")


async def test_a_context_calls_tools_by_name(world):
    assert (await ToolContext("w", world).call_tool("evennia_connect", {})).startswith("Hall")
    with pytest.raises(UserError, match="hermes"):
        await ToolContext("w", world).terminal("ls")


async def test_a_context_has_no_world_after_its_cleanup(world):
    context = ToolContext("w", world)
    context.cleanup()
    context.cleanup()
    with pytest.raises(RuntimeError, match="no live world"):
        _ = context.world
