"""Forks and going back: the same state, the same history, and nothing shared."""

from __future__ import annotations

import asyncio

import pytest

from benchmarks.fork_check import check
from environments.tasks.build import KINDS
from world_fixtures import client
from world_fixtures.common import WorldError, WorldLost
from world_fixtures.facts import Arranged
from world_fixtures.rules import Simulation
from world_fixtures.servers import PooledInstance, ServerPool
from world_fixtures.simulated import SimulatedPool
from world_fixtures.state import initial_state

pytestmark = pytest.mark.asyncio(loop_scope="session")

WALK = (
    "look", "get lamp", "light lamp", "down", "open chest", "get brass key", "up", "unlock door",
    "open door", "east", "x tapestry", "north", "get blade", "south", "get shaft",
    "combine blade with shaft", "write I was here on wall", "west", "write I was here on wall",
    "write and here on wall", "read wall", "drop spade", "put lamp on table", "close door",
)  # fmt: skip


async def play(instance, commands=WALK):
    """Open a session and carry out commands; the session, and all events."""
    session = await instance.open()
    return session, [session.event, *[await session.command(c) for c in commands]]


def essence(event):
    """What of an event does not depend on the instance and the time."""
    return event.model_copy(update={"ts": 0.0, "ms": 0.0, "instance": "", "session": ""})


async def test_a_fork_has_the_state_the_events_and_the_session_of_its_parent(pool, cottage):
    parent = await pool.acquire(cottage)
    session, events = await play(parent)
    fork = await parent.fork()
    try:
        assert fork.id != parent.id
        assert fork.hash == events[-1].state_hash == (await fork.state()).hash
        assert await fork.events() == events
        assert await fork.changed_state() == await fork.state() == await parent.state()
        mine = fork.sessions_open["you"]
        assert mine.event == session.event
        for text in ("look", "read wall", "get spade", "open door", "write more on wall"):
            assert essence(await mine.command(text)) == essence(await session.command(text))
        assert (await fork.events())[-1].seq == len(events) + 5
    finally:
        pool.release(parent)
        pool.release(fork)


async def test_a_fork_of_any_event_goes_on_as_a_replay_does(pool, cottage):
    parent = await pool.acquire(cottage)
    _, events = await play(parent)
    try:
        for at in range(len(events) + 1):
            fork = await parent.fork(at)
            model = Simulation(cottage)
            for event in events[1:at]:
                model.act(event.raw)
            assert (await fork.state()) == model.state
            assert fork.hash == model.state.hash
            assert await fork.events() == events[:at]
            session = fork.sessions_open["you"] if at else await fork.open()
            for event in events[max(1, at) :]:
                assert (await session.command(event.raw)).state_hash == event.state_hash
            pool.release(fork)
        assert await parent.events() == events
        assert (await parent.state()).hash == events[-1].state_hash
    finally:
        pool.release(parent)


async def test_forks_and_parent_do_not_touch_each_other(pool, cottage):
    parent = await pool.acquire(cottage)
    session, events = await play(parent, WALK[:10])
    forks = [await parent.fork(at) for at in (None, 3, None)]
    try:
        before = [await f.state() for f in forks]
        assert (await forks[0].sessions_open["you"].command("write here on wall")).changes == ()
        await forks[1].sessions_open["you"].command("light lamp")
        await session.command("close door")
        assert (await forks[0].state()) == before[0]
        assert (await forks[1].state()) != before[1]
        assert (await forks[2].state()) == before[2]
        assert (await forks[2].events()) == events
        again = await forks[1].fork(4)  # of a fork, after an event of its own
        assert (await again.state()) == (await forks[1].state())
        forks.append(again)
        await forks[1].reset()
        assert (await forks[1].state()) == initial_state(cottage)
        assert (await again.state()) != initial_state(cottage)
    finally:
        for instance in (parent, *forks):
            pool.release(instance)


async def test_a_released_fork_is_as_good_as_new(pool, cottage):
    own = cottage.model_copy(update={"title": "Of this test alone"})
    parent = await pool.acquire(own)
    await play(parent)
    fork = await parent.fork()
    pool.release(fork)
    again = await pool.acquire(own)
    try:
        assert again.id == fork.id
        assert (await again.state()) == initial_state(own)
        assert await again.events() == []
        _, events = await play(again)
        assert [e.state_hash for e in events] == [e.state_hash for e in await parent.events()]
    finally:
        pool.release(parent)
        pool.release(again)


async def test_the_sessions_of_a_fork_are_those_that_were_open_then(pool, cottage):
    parent = await pool.acquire(cottage)
    agent = await parent.open()  # 1
    other = await parent.open("caretaker")  # 2
    await agent.command("get lamp")  # 3
    await agent.close()
    await other.command("look")  # 4
    agent = await parent.open()  # 5
    await other.close()
    await parent.arrange([Arranged("chest", "open", True)])  # 6
    later = await parent.open("caretaker")  # 7, which ends no other session
    second = await parent.open("caretaker")  # 8, which ends the one before
    present = {0: set(), 1: {"you"}, 2: {"you", "caretaker"}, 3: {"you", "caretaker"},
               4: {"caretaker"}, 5: {"you", "caretaker"}, 6: {"you"}, 7: {"you", "caretaker"},
               8: {"you", "caretaker"}}  # fmt: skip
    try:
        for at, characters in present.items():
            fork = await parent.fork(at)
            assert fork.sessions_open.keys() == characters
            for character, session in fork.sessions_open.items():
                assert session.event.actor == character
                assert (await session.command("look")).actor == character
            grandchild = await fork.fork()
            assert grandchild.sessions_open.keys() == characters
            pool.release(grandchild)
            pool.release(fork)
        assert (await agent.command("look")).seq == 9
        assert (await second.command("look")).seq == 10
        with pytest.raises(WorldError, match="no session"):
            await later.command("look")
        with pytest.raises(WorldError, match="no event 11: its last one is 10"):
            await parent.fork(11)
    finally:
        pool.release(parent)


async def test_going_back_undoes_and_keeps_the_sessions_of_then(pool, cottage):
    instance = await pool.acquire(cottage)
    session, events = await play(instance)
    other = await instance.open("caretaker")
    try:
        put_back = await instance.go_back(5)
        assert put_back > 5
        assert (await instance.state()).hash == events[4].state_hash
        assert await instance.events() == events[:5]
        assert instance.sessions_open == {"you": session}
        assert other.id == ""
        assert essence(await session.command(events[5].raw)) == essence(events[5])
        await session.close()
        assert await instance.go_back(3) > 0
        for event in events[3:8]:
            assert essence(await session.command(event.raw)) == essence(event)
        assert await instance.go_back(8) == 0
        assert await instance.go_back(0) > 0
        assert (await instance.state()) == initial_state(cottage)
        assert await instance.events() == []
        assert instance.sessions_open == {}
    finally:
        pool.release(instance)


async def test_a_world_is_restored_from_its_events_on_any_server(cottage, monkeypatch):
    monkeypatch.setattr(client, "MESSAGE_BYTES", 2000)  # so that the events take many messages
    async with ServerPool(2) as pool:
        parent = await pool.acquire(cottage)
        session, events = await play(parent)
        target = next(s for s in pool.servers if s is not parent.server)
        forks = [
            await parent.fork(server=target),
            await parent.fork(7, server=target),
            await pool.acquire(cottage, events=events),
        ]
        assert [f.server for f in forks[:2]] == [target, target]
        for fork, at in zip(forks, (len(events), 7, len(events)), strict=True):
            assert await fork.events() == events[:at]
            assert fork.hash == (await fork.state()).hash == events[at - 1].state_hash
            assert (await fork.sessions_open["you"].command("look")).seq == at + 1
        assert essence(await session.command("look")) == essence((await forks[0].events())[-1])
        unchanged = [e.model_copy(update={"changes": ()}) for e in events]
        with pytest.raises(WorldLost, match="recorded"):
            await pool.acquire(cottage, events=unchanged)
        with pytest.raises(WorldError, match="comes where 1 is due"):
            await pool.acquire(cottage, events=events[1:])
        with pytest.raises(RuntimeError, match="same pool"):
            await parent.fork(server=object())
        assert pool.instances == 4
        for instance in (parent, *forks):
            pool.release(instance)
        for server in pool.servers:
            await server.request("ping")  # sent before the releases, which take a turn of the loop
            assert (await server.request("ping"))["instances"] == 0


async def test_a_state_that_is_not_the_recorded_one_is_not_handed_out(cottage):
    async with ServerPool(1, capacity=2) as pool:
        first = await pool.acquire(cottage)
        _, events = await play(first)
        pool.release(first)
        events[5] = events[5].model_copy(update={"state_hash": "0" * 32})
        instance = await pool.acquire(cottage, events=events)
        for _ in range(2):  # its place in the pool comes back
            with pytest.raises(WorldLost, match=r"after event 6 is .*, and 0+ was recorded"):
                await instance.fork(6)
        with pytest.raises(WorldLost, match="after event 6"):
            await instance.go_back(6)
        assert (await instance.state()).hash == events[-1].state_hash
        assert await instance.events() == events
        fork = await instance.fork(7)  # in the copy that was to be the fork of event 6
        assert (await fork.state()).hash == events[6].state_hash
        assert await fork.events() == events[:7]
        assert (await fork.sessions_open["you"].command("look")).seq == 8
        assert (pool.forks, pool.instances) == (2, 2)


async def test_forks_are_warm_where_a_copy_is_idle(cottage):
    async with ServerPool(1) as pool:
        parent = await pool.acquire(cottage)
        forks = [await parent.fork() for _ in range(3)]
        assert (pool.forks, pool.warm_forks) == (3, 0)
        for fork in forks[:2]:
            pool.release(fork)
        await pool.servers[0].request("ping")
        again = [await parent.fork() for _ in range(3)]
        assert (pool.forks, pool.warm_forks) == (6, 2)
        assert {f.id for f in again} > {f.id for f in forks[:2]}
        _, events = await play(parent)
        for instance in (parent, await pool.acquire(cottage, events=events)):
            pool.release(instance)  # the second was cold
        pool.release(await pool.acquire(cottage, events=events))
        assert (pool.forks, pool.warm_forks) == (8, 3)


async def test_forks_survive_a_restart_of_their_server(cottage):
    async with ServerPool(1) as pool:
        parent = await pool.acquire(cottage, restarts=True)
        session, events = await play(parent, WALK[:16])
        fork, unused = await parent.fork(), await parent.fork(9)
        assert fork.server is unused.server is parent.server
        await fork.sessions_open["you"].command("drop spade")
        state = await fork.state()
        await parent.restart()
        assert await fork.state() == state
        assert (await unused.state()).hash == events[8].state_hash
        assert (await fork.sessions_open["you"].command("get spade")).seq == len(events) + 2
        assert (await unused.sessions_open["you"].command("east")).seq == 10
        later = await parent.fork(5)
        assert later.sessions_open.keys() == {"you"}
        assert await later.go_back(3) > 0
        assert (await session.command("look")).seq == len(events) + 1


async def test_a_fork_waits_for_capacity_and_gives_it_back(cottage):
    async with ServerPool(1, capacity=2) as pool:
        parent = await pool.acquire(cottage)
        await play(parent, WALK[:3])
        first = await parent.fork()
        waiting = [asyncio.create_task(parent.fork(n)) for n in (1, 2)]
        await pool.servers[0].request("ping")
        assert pool.instances == 2
        waiting[0].cancel()
        pool.release(first)
        second = await waiting[1]
        assert (await second.events()) == (await parent.events())[:2]
        pool.release(second)
        with pytest.raises(WorldError, match="no event 9"):
            await parent.fork(9)
        pool.release(await pool.acquire(cottage))  # what failed has given its place back


async def test_a_cancelled_fork_leaves_nothing_behind(cottage):
    async with ServerPool(1, capacity=3) as pool:
        parent = await pool.acquire(cottage)
        await play(parent, WALK[:3])
        for yields in range(4):
            forking = asyncio.create_task(parent.fork())
            for _ in range(yields):
                await asyncio.sleep(0)
            forking.cancel()
            with pytest.raises(asyncio.CancelledError):
                await forking
        kept = [await parent.fork(), await parent.fork()]
        assert pool.instances == 3
        for instance in kept:
            pool.release(instance)
        await pool.servers[0].request("ping")  # sent before the releases
        counts = await pool.servers[0].request("ping")
        assert (counts["instances"], counts["idle"]) == (1, 2)


async def test_what_was_given_back_or_has_no_pool_is_not_forked(pool, cottage):
    instance = await pool.acquire(cottage)
    alone = PooledInstance(instance.server, cottage, instance.id, instance.hash)
    with pytest.raises(RuntimeError, match="no pool"):
        await alone.fork()
    pool.release(instance)
    with pytest.raises(RuntimeError, match="given back"):
        await instance.fork()
    held = pool.instances
    with pytest.raises(RuntimeError, match="given back"):
        await instance.fork(server=instance.server)
    assert pool.instances == held


async def test_64_forks_at_once_arrive(pool, cottage):
    parent = await pool.acquire(cottage)
    _, events = await play(parent)
    numbers = [n % (len(events) + 1) for n in range(64)]
    forks = await asyncio.gather(*(parent.fork(n) for n in numbers))
    try:
        assert len({f.id for f in forks}) == 64
        for at, fork in zip(numbers, forks, strict=True):
            assert fork.hash == (events[at - 1].state_hash if at else initial_state(cottage).hash)
    finally:
        for instance in (parent, *forks):
            pool.release(instance)


async def test_forks_in_memory_behave_as_those_on_a_server(pool, cottage):
    parent, memory = await pool.acquire(cottage), SimulatedPool()
    try:
        in_memory = await all_that_forks_show(memory, await memory.acquire(cottage))
        assert await all_that_forks_show(pool, parent) == in_memory
        events = await parent.events()
        restored = await memory.acquire(cottage, events=events)
        assert (await restored.state()) == (await parent.state())
        assert restored.sessions_open.keys() == {"you"}
        with pytest.raises(WorldLost, match="recorded"):
            await memory.acquire(cottage, events=events[5:])
    finally:
        pool.release(parent)


async def all_that_forks_show(pool, parent):
    """What is seen in forks of a played instance, and in itself after going back."""
    session, events = await play(parent)
    other = await parent.open("caretaker")
    await session.close()
    found = []
    for at in (None, 0, 1, 9, len(events), len(events) + 1):
        fork = await parent.fork(at)
        try:
            texts = [e.text for e in await fork.events()]
            found.append((sorted(fork.sessions_open), fork.hash, texts))
            you = fork.sessions_open.get("you")
            found.append([(await you.command(c)).text for c in WALK[8:]] if you else None)
            found.append((await fork.state()).hash)
        finally:
            pool.release(fork)
    found.append((await parent.go_back(9), (await parent.state()).hash))
    found.append([(await parent.sessions_open["you"].command(c)).text for c in WALK[8:]])
    with pytest.raises(WorldError, match="no event 99"):
        await parent.fork(99)
    assert other.character == "caretaker"
    return found


async def test_random_forks_of_rollouts_of_several_kinds(pool):
    kinds = ("describe", "locked", "recall", "unlock", "witness", "follow")
    found = await check(pool, 6, 120, kinds=kinds, later=2)
    assert found.wrong == []
    assert (found.rollouts, found.forks, len(found.kinds)) == (6, 120, 6)


@pytest.mark.slow
async def test_many_random_forks_of_rollouts_of_all_kinds(pool):
    kinds = sum(map(len, KINDS.values()))
    found = await check(pool, kinds, 5 * kinds, seed=1)
    assert found.wrong == []
    assert (found.rollouts, found.forks, len(found.kinds)) == (kinds, 5 * kinds, kinds)
