"""A database error fails the one request that met it, and leaves memory as the database is."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import closing, contextmanager

import pytest
import pytest_asyncio

from world_fixtures.client import Session
from world_fixtures.common import WorldError
from world_fixtures.prefork_server import PreforkServer
from world_fixtures.servers import ServerPool
from world_fixtures.state import initial_state

pytestmark = pytest.mark.asyncio(loop_scope="module")

MOVED = "UPDATE OF db_location_id ON objects_objectdb"
EVENT = "INSERT ON world_gateway_eventrow"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def servers() -> AsyncIterator[ServerPool]:
    """A server that is not alone with its database."""
    PreforkServer.forget()  # what has been loaded does not change its settings
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("EVENNIA_WORLD_OPEN_DATABASE", "1")
        async with ServerPool(1) as started:
            PreforkServer.forget()
            yield started


@pytest.fixture
def database(servers) -> Iterator[sqlite3.Connection]:
    """A second connection to the database of the world server."""
    path = servers.servers[0].site.scratch / "world.db3"
    with closing(sqlite3.connect(path, timeout=30, isolation_level=None)) as connection:
        yield connection


@contextmanager
def failing(database: sqlite3.Connection, what: str, when: str) -> Iterator[None]:
    """Make the database refuse `what` (a trigger's event) for the rows that `when` describes."""
    database.execute(
        f"CREATE TRIGGER failing BEFORE {what} WHEN {when}"
        " BEGIN SELECT RAISE(ABORT, 'refused by the test'); END"
    )
    try:
        yield
    finally:
        database.execute("DROP TRIGGER failing")


def key_of(database: sqlite3.Connection, instance: str, entity: str) -> int:
    """Primary key of an entity's object."""
    query = "SELECT objects_json FROM world_gateway_instancerow WHERE id = ?"
    return int(json.loads(database.execute(query, [instance]).fetchone()[0])[entity])


async def together(*commands: tuple[Session, str]) -> list[object]:
    """Commands that leave in one message; their events, or what they failed with."""
    made = [session.command(text) for session, text in commands]
    return list(await asyncio.gather(*made, return_exceptions=True))


@pytest.mark.parametrize("place", [0, 1, 2])
@pytest.mark.parametrize("what", ["a change", "an event"])
async def test_one_request_of_a_batch_fails_alone(servers, cottage, database, what, place) -> None:
    instances = [await servers.acquire(cottage) for _ in range(3)]
    sessions = [await i.open() for i in instances]
    unlucky = instances[place]
    if what == "a change":
        refused = failing(database, MOVED, f"OLD.id = {key_of(database, unlucky.id, 'lamp')}")
    else:
        refused = failing(database, EVENT, f"NEW.id >> 32 = {unlucky.id[1:]}")
    with refused:
        results = await together(*((s, "get lamp") for s in sessions))
    for n, (instance, session, result) in enumerate(zip(instances, sessions, results, strict=True)):
        if n == place:
            assert isinstance(result, WorldError)
            assert result.code == "internal"
            assert await instance.state() == initial_state(cottage)
            assert await instance.changed_state() == initial_state(cottage)
        else:
            assert result.text == "You take the Oil Lamp."
            assert (await instance.state()).location("lamp") == "you"
        again = await session.command("get lamp")
        assert again.seq == (2 if n == place else 3)
        assert [e.seq for e in await instance.events()] == list(range(1, again.seq + 1))
        assert again.state_hash == (await instance.state()).hash
        servers.release(instance)
    assert servers.replaced == 0


async def test_after_the_error_memory_and_database_agree(servers, cottage, database) -> None:
    """What a command changed before it met the error is taken back, inscriptions, too."""
    instance = await servers.acquire(cottage)
    session = await instance.open()
    for command in ("write before on wall", "get lamp"):
        before = await session.command(command)
    events = await instance.events()
    for command in ("write after on wall", "drop lamp", "light lamp", "down"):
        with failing(database, EVENT, "1"), pytest.raises(WorldError):
            await session.command(command)
        assert (await instance.state()).hash == before.state_hash
        assert await instance.events() == events
    assert "before" in (await session.command("read wall")).text
    assert "after" not in (await session.command("read wall")).text
    last = await session.command("drop lamp")
    await session.close()
    await instance.restart()  # what is read from the database is what memory said
    assert (await instance.state()).hash == last.state_hash
    servers.release(instance)


async def test_the_same_error_many_times_ends_no_session(servers, cottage, database) -> None:
    instance = await servers.acquire(cottage)
    session = await instance.open()
    with failing(database, MOVED, "1"):
        for _ in range(30):
            with pytest.raises(WorldError):
                await session.command("get lamp")
    assert (await session.command("get lamp")).text == "You take the Oil Lamp."
    servers.release(instance)


async def test_a_session_that_could_not_be_recorded_is_not_open(servers, cottage, database) -> None:
    instance = await servers.acquire(cottage)
    link = instance.server
    before = (await link.request("ping"))["sessions"]
    with failing(database, EVENT, "1"), pytest.raises(WorldError):
        await instance.open()
    assert (await link.request("ping"))["sessions"] == before
    session = await instance.open()
    assert session.event.seq == 1
    servers.release(instance)


async def test_a_world_that_could_not_be_stored_is_made_at_the_next_try(
    servers, cottage, database
) -> None:
    unseen = cottage.model_copy(update={"title": "Another Cottage"})
    counts = await servers.servers[0].request("ping")
    with failing(database, "INSERT ON objects_objectdb", "1"), pytest.raises(WorldError):
        await servers.acquire(unseen)
    assert (await servers.servers[0].request("ping"))["worlds"] == counts["worlds"]
    instance = await servers.acquire(unseen)
    assert await instance.state() == initial_state(unseen)
    assert (await (await instance.open()).command("get lamp")).seq == 2
    servers.release(instance)


async def test_an_instance_that_could_not_be_rewound_stays_as_it_was(
    servers, cottage, database
) -> None:
    instance = await servers.acquire(cottage)
    session = await instance.open()
    event = await session.command("get lamp")
    with failing(database, "DELETE ON world_gateway_eventrow", "1"), pytest.raises(WorldError):
        await instance.reset()
    assert (await instance.state()).hash == event.state_hash
    assert (await instance.events())[-1] == event
    link = instance.server
    with failing(database, "UPDATE ON world_gateway_instancerow", "1"), pytest.raises(WorldError):
        await link.request("release", instance=instance.id)
    assert (await instance.state()).hash == event.state_hash
    assert await instance.reset() > 0
    assert await instance.state() == initial_state(cottage)
    servers.release(instance)


async def test_an_idle_instance_that_could_not_be_taken_stays_idle(
    servers, cottage, database
) -> None:
    first = await servers.acquire(cottage)
    servers.release(first)
    await servers.servers[0].request("ping")
    counts = await servers.servers[0].request("ping")
    with (
        failing(database, "UPDATE ON world_gateway_instancerow", "NEW.idle = 0"),
        pytest.raises(WorldError),
    ):
        await servers.acquire(cottage)
    assert (await servers.servers[0].request("ping")) | {"rss_kb": 0} == counts | {"rss_kb": 0}
    again = await servers.acquire(cottage)
    assert await again.state() == initial_state(cottage)
    servers.release(again)


async def test_a_log_in_that_the_database_refuses_can_be_tried_again(
    servers, cottage, database
) -> None:
    instance = await servers.acquire(cottage)
    before = (await instance.server.request("ping"))["sessions"]
    with failing(database, "UPDATE ON objects_objectdb", "1"):
        for _ in range(2):
            with pytest.raises(WorldError):
                await instance.open()
    assert (await instance.server.request("ping"))["sessions"] == before
    session = await instance.open()
    assert session.text.startswith("Hall")
    assert (await session.command("get lamp")).text == "You take the Oil Lamp."
    await session.close()
    assert (await instance.state()).location("lamp") == "you"
    servers.release(instance)


async def test_a_fork_that_the_database_refuses_can_be_made_again(
    servers, cottage, database
) -> None:
    """With the same primary keys: nothing of the first one may be in the second."""
    parent = await servers.acquire(cottage.model_copy(update={"title": "Forked in vain"}))
    session = await parent.open()
    await session.command("get lamp")
    with failing(database, MOVED, "1"), pytest.raises(WorldError):
        await parent.fork()
    await session.command("drop lamp")
    await session.command("down")
    fork = await parent.fork()
    state = await fork.state()
    assert (state.location("lamp"), state.location("you")) == ("hall", "cellar")
    assert "Oil Lamp" in (await fork.sessions_open["you"].command("up")).text
    for instance in (parent, fork):
        servers.release(instance)


async def test_nothing_is_kept_of_what_play_has_changed_and_put_back(
    servers, cottage, database
) -> None:
    """Neither rows of a rewound instance, nor those of one that was played and let go of."""

    def stored() -> list[int]:
        tables = "typeclasses_attribute", "objects_objectdb_db_attributes"
        return [database.execute(f"SELECT COUNT(*) FROM {t}").fetchone()[0] for t in tables]

    instance = await servers.acquire(cottage)
    before = stored()
    session = await instance.open()
    for command in ("get lamp", "light lamp", "write gone on wall", "extinguish lamp"):
        assert (await session.command(command)).changes
    assert stored() != before
    await instance.reset()
    assert stored() == before
    assert (await instance.state()) == initial_state(cottage)
    servers.release(instance)


@pytest.mark.slow
async def test_worlds_forgotten_in_a_request_that_fails_come_again(
    servers, cottage, database
) -> None:
    """The release of one instance that would delete another deletes none if it fails."""
    link = servers.servers[0]
    worlds = [cottage.model_copy(update={"title": f"Cottage {n}"}) for n in range(260)]
    for world in worlds:
        servers.release(await servers.acquire(world))
    counts = await link.request("ping")
    instance = await servers.acquire(cottage.model_copy(update={"title": "One more"}))
    with failing(database, "DELETE ON world_gateway_specrow", "1"), pytest.raises(WorldError):
        await link.request("release", instance=instance.id)
    assert (await link.request("ping"))["idle"] == counts["idle"] == 256
    assert await instance.state() == initial_state(instance.spec)
    for world in worlds[:6]:
        again = await servers.acquire(world)
        assert (await (await again.open()).command("get lamp")).seq == 2
        assert (await again.state()).location("lamp") == "you"
        servers.release(again)
    servers.release(instance)
