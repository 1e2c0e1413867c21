"""The real Evennia server: play, seal, reset, persistence, supervision."""

from __future__ import annotations

import asyncio
import os
import random
import signal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from world_fixtures import home, servers, world_server
from world_fixtures.client import WorldClient
from world_fixtures.common import WorldError, WorldLost
from world_fixtures.facts import Arranged
from world_fixtures.prefork_server import PreforkServer
from world_fixtures.rules import Simulation
from world_fixtures.servers import PooledInstance, ServerPool, WorldServer
from world_fixtures.state import initial_state

pytestmark = pytest.mark.asyncio(loop_scope="session")

WALK = (
    "look", "get lamp", "light lamp", "down", "open chest", "get key", "get brass key", "up",
    "unlock door", "open door", "east", "x tapestry", "north", "get blade", "south", "get shaft",
    "combine blade with shaft", "write I was here on wall", "west", "write I was here on wall",
    "read wall", "read letter", "inventory", "drop spade", "put lamp on table", "close door",
)  # fmt: skip


async def play(session, commands):
    return [await session.command(c) for c in commands]


async def test_a_pool_that_is_not_to_start_at_once_starts_with_its_first_world(cottage):
    async with ServerPool(1, at_once=False) as pool:
        assert pool.servers == ()
        both = await asyncio.gather(pool.acquire(cottage), pool.acquire(cottage))
        assert len(pool.servers) == 1
        for instance in both:
            pool.release(instance)


async def test_every_event_agrees_with_the_rules_played_in_memory(pool, cottage):
    instance = await pool.acquire(cottage)
    try:
        session = await instance.open()
        model = Simulation(cottage)
        assert session.text == model.view()
        for n, event in enumerate(await play(session, WALK), start=2):
            outcome = model.act(event.raw)
            assert (event.seq, event.text, event.kind) == (n, outcome.text, outcome.kind)
            assert (event.verb, event.objects) == (outcome.verb, outcome.objects)
            assert event.changes == outcome.changes
            assert event.reveals == tuple(map(tuple, outcome.reveals))
            assert event.state_hash == model.state.hash
        assert await instance.state() == model.state
    finally:
        pool.release(instance)


async def test_the_world_is_arranged_by_nobody_and_rewound_like_any_change(pool, cottage):
    instance = await pool.acquire(cottage)
    try:
        changes = [
            Arranged("lamp", "location", "cellar"),
            Arranged("chest", "open", True),
            Arranged("wall", "inscriptions", ["gone"]),
            Arranged("wall", "hands", [""]),
            Arranged("you", "location", "cellar"),
            Arranged("letter", "location", None),
        ]
        event = await instance.arrange(changes)
        assert (event.actor, event.verb, event.seq) == ("world", "arrange", 1)
        model = Simulation(cottage)
        model.arrange(changes)
        assert (await instance.state()) == model.state
        assert event.state_hash == model.state.hash
        assert (await instance.open()).text == model.view()
        assert (await instance.events())[0] == event
        await instance.reset()
        assert (await instance.state()) == initial_state(cottage)
    finally:
        pool.release(instance)


@pytest.mark.parametrize(
    "change",
    [
        ("nobody", "location", "hall"),
        ("lamp", "colour", "red"),
        ("lamp", "location", "nowhere"),
        ("lamp", "location", 3),
        ("lamp", "location", ["hall"]),
        ("lamp", "location", "letter"),
        ("you", "location", "chest"),
        ("you", "location", None),
        ("chest", "location", "chest"),
        ("chest", "open", "yes"),
        ("wall", "inscriptions", "gone"),
        ("wall", "inscriptions", [3]),
        ("wall", "inscriptions", ["a line of nobody's"]),
    ],
)
async def test_what_cannot_be_arranged_changes_nothing(pool, cottage, change):
    instance = await pool.acquire(cottage)
    try:
        with pytest.raises(WorldError, match="cannot be arranged"):
            await instance.arrange([Arranged("lamp", "location", "cellar"), Arranged(*change)])
        assert (await instance.state()) == initial_state(cottage)
        assert await instance.events() == []
    finally:
        pool.release(instance)


COMMANDS = st.one_of(
    st.sampled_from(
        [*WALK, "n", "s", "e", "w", "u", "d", "drop all", "get letter", "put letter in chest",
         "lock door", "extinguish lamp", "close chest", "get key-1", "get key-9"]
    ),
    st.sampled_from(
        ["who", "@tel #1", "page you=hi", "channels", "ooc", "ic", "nick l=quit", "quit", "home",
         "charcreate x", "password a=b", "option", "sessions", "style", "access", "setdesc x",
         "@py self", "batchcommands x", "look *you", "look #1", "get #2", "give lamp to caretaker",
         "help quit", "|rlook", "$eval(1+1)",
         "say |500red $you()", "\x1b[2Jlook", "\x00", "1", "__nomatch_command",
         "__noinput_command", "look\nlook", "\u202elook", "l" * 2000]
    ),
    st.text(max_size=80),
)  # fmt: skip


@settings(suppress_health_check=list(HealthCheck))
@given(st.lists(COMMANDS, max_size=30))
async def test_hostile_commands_move_only_their_own_instance_and_only_by_the_rules(
    pool, cottage, commands
):
    mine, other = await pool.acquire(cottage), await pool.acquire(cottage)
    try:
        session, bystander = await mine.open(), await other.open()
        model = Simulation(cottage)
        for command in commands:
            event = await session.command(command)
            outcome = model.act(command)
            assert (event.text, event.kind) == (outcome.text, outcome.kind)
            assert event.state_hash == model.state.hash
        assert (await other.state()) == initial_state(cottage)
        assert (await bystander.command("look")).seq == 2
        assert (await mine.state()).hash == model.state.hash
    finally:
        pool.release(mine)
        pool.release(other)


async def test_a_played_instance_is_rewound_and_used_again(pool, cottage):
    first = await pool.acquire(cottage)
    await play(await first.open(), WALK)
    assert await first.reset() > 5
    assert await first.state() == initial_state(cottage)
    assert await first.events() == []
    session = await first.open()
    events = await play(session, WALK)
    assert [e.seq for e in events] == list(range(2, len(WALK) + 2))
    pool.release(first)
    again = await pool.acquire(cottage)
    try:
        assert (await again.state()) == initial_state(cottage)
        assert again.hash == initial_state(cottage).hash
    finally:
        pool.release(again)


async def test_state_survives_disconnect(pool, cottage):
    instance = await pool.acquire(cottage)
    try:
        session = await instance.open()
        await play(session, WALK[:4])
        await session.close()
        again = await instance.open()
        assert again.text.startswith("Cellar")
        with pytest.raises(WorldError, match="no session"):
            await session.command("look") if session.id else await instance.link.request(
                "command", session="w0.1", text="look"
            )
    finally:
        pool.release(instance)


async def test_another_character_acts_in_the_same_instance(pool, cottage):
    instance = await pool.acquire(cottage)
    try:
        caretaker = await instance.open("caretaker")
        event = await caretaker.command("get shaft")
        assert (event.actor, event.room) == ("caretaker", "study")
        assert (await instance.state()).location("shaft") == "caretaker"
        with pytest.raises(WorldError, match="no character 'ghost'"):
            await instance.open("ghost")
    finally:
        pool.release(instance)


async def test_what_was_acknowledged_survives_kill_and_restart(cottage):
    server = await WorldServer.start()
    try:
        rng = random.Random(7)
        made = await server.client.create(cottage)
        instance = PooledInstance(server, cottage, made.id, made.hash)
        model = Simulation(cottage)
        for crash in (True, False, True):
            session = await instance.open()
            last = None
            for _ in range(12):
                last = await session.command(rng.choice(WALK))
                model.act(last.raw)
            if crash:
                server.kill()
                await server.revive()
            else:
                await session.close()
                await instance.restart()
            state = await instance.state()
            assert state.hash == last.state_hash == model.state.hash
            assert (await instance.events())[-1] == last
    finally:
        await server.stop()
    with pytest.raises(ProcessLookupError):
        os.kill(server.pid, 0)


async def test_a_restart_is_not_noticed_by_other_rollouts(cottage):
    async with ServerPool(1) as pool:
        mine, other = await pool.acquire(cottage), await pool.acquire(cottage)
        bystander = await other.open()
        await bystander.command("down")
        looks = [asyncio.create_task(bystander.command("look")) for _ in range(5)]
        await asyncio.gather(mine.restart(), mine.restart(), *looks)
        assert (await bystander.command("up")).text.startswith("Hall")
        assert pool.replaced == 0


async def test_who_restarts_has_a_server_apart_which_comes_again_when_it_is_lost(cottage):
    async with ServerPool(1) as pool:
        calm, restless = await pool.acquire(cottage), await pool.acquire(cottage, restarts=True)
        assert calm.server is not restless.server
        pid = calm.server.pid
        session = await restless.open()
        event = await session.command("down")
        await session.close()
        await restless.restart()
        assert (await restless.state()).hash == event.state_hash
        assert calm.server.pid == pid
        restless.server.kill()
        with pytest.raises(WorldLost):
            await restless.state()
        pool.release(restless)
        again = await pool.acquire(cottage, restarts=True)
        assert again.server is not restless.server
        assert (await calm.state()) == await calm.changed_state() == initial_state(cottage)


async def test_a_pool_that_closes_while_a_server_is_added_leaves_nothing(cottage, own_home):
    pool = ServerPool(1)
    async with pool:
        asking = asyncio.create_task(pool.acquire(cottage, restarts=True))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        asking.cancel()  # the server it asked for is being started all the same
        with pytest.raises(asyncio.CancelledError):
            await asking
    assert not pool.servers
    assert not list((own_home / "scratch").glob("*/world.db3"))


async def test_the_changed_state_is_the_state(pool, cottage):
    instance = await pool.acquire(cottage)
    try:
        await play(await instance.open(), WALK)
        assert await instance.changed_state() == await instance.state()
    finally:
        pool.release(instance)


async def test_an_idle_instance_is_used_again_after_a_restart(cottage):
    async with ServerPool(1) as pool:
        first, other = await pool.acquire(cottage), await pool.acquire(cottage)
        await play(await first.open(), WALK)
        pool.release(first)
        await other.restart()
        again = await pool.acquire(cottage)
        assert again.id == first.id
        assert (await again.state()) == initial_state(cottage)


@pytest.mark.slow
async def test_worlds_of_long_ago_are_forgotten_and_can_come_again(cottage):
    async with ServerPool(1) as pool:
        worlds = [cottage.model_copy(update={"title": f"Cottage {n}"}) for n in range(300)]
        assert len({w.hash for w in worlds}) == 300
        for world in worlds:
            pool.release(await pool.acquire(world))
        await pool.servers[0].restart()
        counts = await pool.servers[0].request("ping")
        assert (counts["instances"], counts["idle"], counts["worlds"]) == (0, 256, 256)
        instance = await pool.acquire(worlds[0])
        assert (await instance.state()) == initial_state(worlds[0])


async def test_restarts_one_upon_another_keep_the_state(cottage):
    async with ServerPool(1) as pool:
        instance = await pool.acquire(cottage)
        session = await instance.open()
        event = await session.command("down")
        restarts = []
        for _ in range(3):
            restarts.append(asyncio.create_task(instance.restart()))
            await session.command("look")
        await asyncio.gather(*restarts)
        assert (await instance.state()).hash == event.state_hash
        assert pool.replaced == 0


async def test_stopping_in_the_midst_of_a_restart_leaves_no_process(cottage, own_home, monkeypatch):
    forked = asyncio.Event()
    fork = PreforkServer.fork
    pids: list[int] = []

    async def watched(prefork, *given):
        child = await fork(prefork, *given)
        pids.append(child.pid)
        forked.set()
        return child

    async with ServerPool(1) as pool:
        monkeypatch.setattr(PreforkServer, "fork", watched)
        instance = await pool.acquire(cottage)
        restart = asyncio.create_task(instance.restart())
        await forked.wait()
    with pytest.raises((asyncio.CancelledError, WorldLost)):
        await restart
    assert not list((own_home / "scratch").iterdir())
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


async def test_a_server_that_hangs_is_replaced(cottage, monkeypatch):
    monkeypatch.setattr(servers, "HEALTH_INTERVAL", 0.2)
    monkeypatch.setattr(world_server, "HEALTH_TIMEOUT", 1.0)
    async with ServerPool(1) as pool:
        instance = await pool.acquire(cottage)
        session = await instance.open()
        os.kill(pool.servers[0].pid, signal.SIGSTOP)
        with pytest.raises(WorldLost):
            await session.command("look")
        pool.release(instance)
        monkeypatch.undo()  # the replacement may be slow on a busy machine
        assert (await (await pool.acquire(cottage)).state()) == initial_state(cottage)
        assert pool.replaced == 1


async def test_a_server_that_dies_is_replaced_and_its_rollouts_are_void(cottage):
    async with ServerPool(1) as pool:
        instance = await pool.acquire(cottage)
        session = await instance.open()
        pool.servers[0].kill()
        results = await asyncio.gather(
            *(session.command("look") for _ in range(1000)), return_exceptions=True
        )
        assert isinstance(results[-1], WorldLost)
        pool.release(instance)
        replacement = await pool.acquire(cottage)
        assert (await replacement.state()) == initial_state(cottage)
        assert pool.replaced == 1
        assert pool.instances == 1


async def test_nothing_is_left_behind(cottage, own_home):
    pid = 0
    try:
        async with ServerPool(1) as pool:
            pid = pool.servers[0].pid
            assert list((own_home / "scratch").iterdir())
            raise RuntimeError("a rollout failed")
    except RuntimeError:
        pass
    assert not list((own_home / "scratch").iterdir())
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


async def test_cancelling_acquire_leaves_nothing_behind(pool, cottage):
    before = pool.instances
    tasks = [asyncio.create_task(pool.acquire(cottage)) for _ in range(20)]
    for n in range(4):
        await asyncio.sleep(0)
        for task in tasks[n * 5 : n * 5 + 5]:
            task.cancel()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    for result in results:
        if not isinstance(result, BaseException):
            pool.release(result)
    while pool._creating:  # what was under way is made, and given back
        await pool.servers[0].request("ping")
    await pool.servers[0].request("ping")
    assert pool.instances == before


async def test_release_is_idempotent(pool, cottage):
    before = pool.instances
    instance = await pool.acquire(cottage)
    pool.release(instance)
    pool.release(instance)
    assert pool.instances == before


async def test_a_full_pool_makes_acquire_wait(cottage):
    async with ServerPool(1, capacity=1) as pool:
        first = await pool.acquire(cottage)
        waiting = asyncio.create_task(pool.acquire(cottage))
        await pool.servers[0].request("ping")
        assert not waiting.done()
        pool.release(first)
        pool.release(await waiting)


async def test_the_secret_is_needed(pool):
    port = pool.servers[0].client._writer.get_extra_info("peername")[1]
    with pytest.raises((WorldError, WorldLost), match="secret"):
        await WorldClient.connect(port, "guess")


async def test_bad_requests_are_refused_and_harm_nothing(pool, cottage):
    client = pool.servers[0].client
    for fields in ({"op": "nonsense"}, {"op": "command"}, {"op": "state", "instance": "w999"}):
        with pytest.raises(WorldError):
            await client.request(**fields)
    with pytest.raises(WorldError, match="room"):
        await client.request("create", spec={"name": "x", "title": "X", "rooms": 3})


@pytest.mark.slow
async def test_the_prefork_server_ends_with_its_last_server_and_is_replaced_when_it_died(own_home):
    first = PreforkServer.acquire()
    others = first._users - 1  # the run's own pool may hold it, too
    server = await WorldServer.start()
    assert server.site.prefork is first
    os.kill(first._process.pid, signal.SIGKILL)
    first._process.wait()
    await server.request("ping")  # what it has forked goes on
    await server.restart()  # and gets another when it needs one
    assert server.site.prefork is not first
    second = PreforkServer.acquire()
    assert second is not first
    another = await WorldServer.start()
    await another.stop()
    await server.stop()
    second.release()
    assert second._process.poll() == 0
    first.release()
    assert first._users == others
    if not others:
        assert not list((own_home / "scratch").iterdir())


async def test_a_server_that_cannot_start_says_why(own_home, monkeypatch):
    shared, PreforkServer._shared = PreforkServer._shared, {}
    monkeypatch.setattr(home, "MAIN", "world_fixtures.game.gateway.nowhere")
    try:
        with pytest.raises(WorldLost, match=r"did not start: .*nowhere"):
            await WorldServer.start()
    finally:
        PreforkServer._shared = shared
    assert not list((own_home / "scratch").iterdir())


async def test_a_server_that_cannot_be_replaced_fails_who_waits_until_it_can(cottage, monkeypatch):
    monkeypatch.setattr(servers, "RETRY_INTERVAL", 0.05)
    async with ServerPool(1) as pool:
        broken = monkeypatch.context()
        with broken as patched:

            async def fail(prefork, *given):
                raise WorldLost("no memory")

            patched.setattr(PreforkServer, "fork", fail)
            pool.servers[0].kill()
            while pool.servers:  # noqa: ASYNC110 - nothing tells
                await asyncio.sleep(0.01)
            with pytest.raises(WorldLost, match="no memory"):
                await pool.acquire(cottage)
        while not pool.servers:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        pool.release(await pool.acquire(cottage))
