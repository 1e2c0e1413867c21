"""Words that people type, in the real Evennia server."""

from __future__ import annotations

import pytest

from world_fixtures.rules import Simulation

pytestmark = pytest.mark.asyncio(loop_scope="session")

TYPED = (
    "Take all, please.", "look east", "go downstairs", "grab everything from the chest",
    "open chest", "use lamp", "open the chest!", "take brass key and iron key", "go back",
    "use brass key on door", "open the east door", "north then east", "put the letter down",
    "drop all", "look\nlook",
    "go through the door", "ponder", "?",
)  # fmt: skip


async def test_the_server_understands_them_as_the_rules_in_memory_do(pool, cottage):
    instance = await pool.acquire(cottage)
    try:
        session = await instance.open()
        model = Simulation(cottage)
        for command in TYPED:
            event, outcome = await session.command(command), model.act(command)
            assert (event.verb, event.kind, event.text) == (
                outcome.verb, outcome.kind, outcome.text,
            )  # fmt: skip
            assert (event.objects, event.changes) == (outcome.objects, outcome.changes)
            assert event.state_hash == model.state.hash
        assert await instance.state() == model.state
    finally:
        pool.release(instance)


async def test_take_all_is_one_event_with_all_its_changes(pool, cottage):
    instance = await pool.acquire(cottage)
    try:
        session = await instance.open()
        event = await session.command("take all")
        assert (event.seq, event.verb, event.kind) == (2, "get", "ok")
        assert {(c.entity, c.after) for c in event.changes} == {("lamp", "you"), ("letter", "you")}
        state = await instance.state()
        assert state.location("letter") == state.location("lamp") == "you"
    finally:
        pool.release(instance)
