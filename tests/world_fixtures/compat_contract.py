"""Tries every private part in `world_fixtures.game.compat`; run by `test_compat`.

    python tests/world_fixtures/compat_contract.py SCRATCH

prints {part: what is wrong, or ""} as JSON. It needs a process of its own, in which Django and
Evennia are set up for a scratch directory with a migrated database.
"""

from __future__ import annotations

import json
import os
import sys
import traceback
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

CONTRACT: dict[str, Callable[[Any], None]] = {}
"""Check of each private part, by `package: part`."""


def part(name: str) -> Callable[[Callable[[Any], None]], Callable[[Any], None]]:
    """Enter a check under the name of what it tries."""

    def enter(check: Callable[[Any], None]) -> Callable[[Any], None]:
        CONTRACT[name] = check
        return check

    return enter


@part("evennia: _init fills in SESSION_HANDLER and EVENNIA_SERVER_SERVICE")
def _init(compat: Any) -> None:
    import evennia

    assert evennia.SESSION_HANDLER is not None
    assert type(evennia.EVENNIA_SERVER_SERVICE).__name__ == "PortallessService"


@part("evennia: service.sqlite3_prep applies SQLITE3_PRAGMAS to the present connection")
def _pragmas(compat: Any) -> None:
    from django.db import connection

    connection.close()
    import evennia

    evennia.EVENNIA_SERVER_SERVICE.sqlite3_prep()
    with connection.cursor() as cursor:
        assert cursor.execute("PRAGMA synchronous").fetchone() == (1,)
        assert cursor.execute("PRAGMA temp_store").fetchone() == (2,)
        assert cursor.execute("PRAGMA locking_mode").fetchone() == ("exclusive",)


@part("evennia: service.register_amp, privilegedStartService and startService need no Portal")
def _start(compat: Any) -> None:
    server = compat.start_server()
    assert isinstance(server.amp_protocol, compat.NoPortalLink)
    assert server.amp_protocol.send_anything(1, two=2) is None
    # What was set of the database is so for the connection that is used from now on.
    assert compat.read_rows("PRAGMA synchronous", ()) == [(1,)]
    assert compat.read_rows("PRAGMA locking_mode", ()) == [("exclusive",)]


@part("twisted: TCPServer._port tells the port that is listened on")
def _port(compat: Any) -> None:
    import evennia

    assert compat.listening_port(evennia.EVENNIA_SERVER_SERVICE, "gateway") > 0


@part("twisted: reactor.__init__ makes a poll object and a waker of its own")
def _reactor(compat: Any) -> None:
    from twisted.internet import reactor

    before = reactor._poller, reactor.waker  # type: ignore[attr-defined]
    compat.renew_reactor()
    after = reactor._poller, reactor.waker  # type: ignore[attr-defined]
    assert before[0] is not after[0]
    assert before[1] is not after[1]


@part("twisted: writeSomeData sends at once; what is buffered is in two attributes")
def _write_now(compat: Any) -> None:
    import socket

    from twisted.internet import protocol, reactor, tcp

    ours, theirs = socket.socketpair()
    transport: Any = tcp.Connection(ours, protocol.Protocol(), reactor)
    transport.connected = True
    ours.setblocking(False)
    compat.write_now(transport, b"at once\n")
    assert theirs.recv(100) == b"at once\n"
    assert not transport.dataBuffer
    assert not transport._tempDataBuffer
    much = b"x" * 10_000_000
    compat.write_now(transport, much)
    compat.write_now(transport, b"after it")
    theirs.setblocking(False)
    came = b""
    while len(came) < len(much) + len(b"after it"):
        transport.doWrite()
        came += theirs.recv(1_000_000)
    assert came == much + b"after it"
    reactor.removeAll()  # type: ignore[attr-defined]
    theirs.close()


@part("django: connections.settings decides which file the next connection opens")
def _database(compat: Any) -> None:
    from django.db import connections

    here = connections.settings["default"]["NAME"]
    other = here + ".other"
    connections.close_all()
    compat.use_database(other)
    connections["default"].ensure_connection()
    connections.close_all()
    compat.use_database(here)
    assert os.path.exists(other)


@part("django: BaseDatabaseWrapper.connection is the connection of sqlite3")
def _driver(compat: Any) -> None:
    from django.db import transaction

    from world_fixtures.game.gateway.models import SpecRow

    table = SpecRow._meta.db_table
    with transaction.atomic():
        compat.insert_row(f"INSERT INTO {table} (hash, body) VALUES (?, ?)", ("kept", "{}"))
        many = [("kept too", "{}"), ("kept as well", "{}")]
        compat.write_rows(f"INSERT INTO {table} (hash, body) VALUES (?, ?)", many)
    assert SpecRow.objects.filter(hash__startswith="kept").count() == 3
    found = compat.read_rows(f"SELECT body FROM {table} WHERE hash=?", ("kept too",))
    assert found == [("{}",)]


def _store_again(hash_: str) -> None:
    """Store a row whose key is taken, which fails and breaks what it is part of."""
    from django.db import IntegrityError, connection

    from world_fixtures.game.gateway.models import SpecRow

    try:
        SpecRow(hash=hash_, body="{}").save(force_insert=True)
    except IntegrityError:
        assert connection.needs_rollback


@part("django: in_atomic_block, autocommit and needs_rollback make a transaction of its own")
def _transaction(compat: Any) -> None:
    from django.db import connection, transaction

    from world_fixtures.game.gateway.models import SpecRow

    def stored(hash_: str) -> bool:
        return SpecRow.objects.filter(hash=hash_).exists()

    with compat.Transaction():
        SpecRow.objects.create(hash="in one", body="{}")
        try:
            with transaction.atomic():  # a savepoint within it
                SpecRow.objects.create(hash="taken back", body="{}")
                raise KeyError
        except KeyError:
            assert not stored("taken back")
        assert not connection.get_autocommit()
    assert connection.get_autocommit()
    assert stored("in one")
    try:
        with compat.Transaction():
            SpecRow.objects.create(hash="raised", body="{}")
            raise KeyError
    except KeyError:
        assert not stored("raised")
    with compat.Transaction():
        SpecRow.objects.create(hash="broken", body="{}")
        _store_again("in one")
    assert not stored("broken")
    assert not connection.needs_rollback
    SpecRow.objects.create(hash="after it", body="{}")
    connection.rollback()  # nothing is under way
    assert stored("after it")


@part("django: execute_wrappers see each statement, needs_rollback tells of one that failed")
def _savepoint(compat: Any) -> None:
    from django.db import DatabaseError, transaction

    from world_fixtures.game.gateway.models import SpecRow

    with transaction.atomic():
        SpecRow.objects.create(hash="before", body="{}")
        try:
            with compat.Savepoint():
                SpecRow.objects.create(hash="within", body="{}")
                _store_again("within")
        except DatabaseError:
            pass
        else:
            raise AssertionError("a failed statement was not noticed")
        assert not SpecRow.objects.filter(hash="within").exists()
    assert SpecRow.objects.filter(hash="before").exists()


@part("django: QuerySet._raw_delete deletes without loading")
def _raw_delete(compat: Any) -> None:
    from world_fixtures.game.gateway.models import SpecRow

    SpecRow.objects.create(hash="deleted", body="{}")
    compat.delete_rows(SpecRow.objects.filter(hash="deleted"))
    assert not SpecRow.objects.filter(hash="deleted").exists()


def spawned(id_: str) -> Any:
    """A small instance in the database."""
    from benchmarks.worlds import grid_world
    from world_fixtures.game.gateway import spawning
    from world_fixtures.game.gateway.registry import registry

    return spawning.spawn(id_, registry.world(grid_world(2, 2)))


@part("evennia: what is made with a primary key is kept by it (the idmapper's cache)")
def _cached(compat: Any) -> None:
    from evennia.objects.models import ObjectDB

    instance = spawned("c1")
    thing = instance.objects["thing0"]
    assert ObjectDB.objects.get(pk=thing.pk) is thing
    compat.forget_cached(thing)
    assert ObjectDB.objects.get(pk=thing.pk) is not thing


@part("evennia: rows of objects and accounts are those that Django would insert")
def _rows(compat: Any) -> None:
    from evennia.accounts.models import AccountDB
    from evennia.objects.models import ObjectDB

    instance = spawned("c0")
    for model, made in ((ObjectDB, instance.objects), (AccountDB, instance.accounts)):
        keys = instance.keys if model is ObjectDB else instance.account_keys
        for name, key in keys.items():
            time = made[name].db_date_created
            wanted = compat.blank_row(made[name])  # made now
            (stored,) = model.objects.filter(pk=key).values()
            moments = {"db_date_created", "date_joined"} & set(wanted)
            assert all(stored.pop(moment) == time for moment in moments)
            assert stored == {n: value for n, value in wanted.items() if n not in moments}
    thing = ObjectDB(db_key="unstored")
    assert compat.stored_time(time) == str(time.replace(tzinfo=None))
    compat.mark_stored(thing)
    assert not thing._state.adding
    assert thing._state.db == "default"


@part("evennia: contents_cache is made when it is first needed, and has add, remove and get")
def _contents(compat: Any) -> None:
    instance = spawned("c2")
    room, other, thing = (instance.objects[e] for e in ("room0", "room1", "thing0"))
    assert thing in room.contents_cache.get()
    compat.set_location(thing, other)
    assert thing not in room.contents_cache.get()
    assert thing in other.contents_cache.get()
    thing.db_location = room
    for place in (room, other):
        compat.forget_contents(place)
    assert thing in room.contents_cache.get()
    assert thing not in other.contents_cache.get()
    assert isinstance(room.contents_cache, compat.ContentsHandler)


@part("evennia: attributes.backend._cache, reset_cache and Attribute.__instance_cache__")
def _attributes(compat: Any) -> None:
    from evennia.typeclasses.attributes import Attribute

    thing = spawned("c3").objects["thing0"]
    thing.attributes.add("lit", True, category="world")
    stored = compat.attribute_links().objects.get(objectdb_id=thing.pk).attribute
    assert Attribute.__dbclass__.__instance_cache__[stored.pk] is stored
    assert stored.pk in {a.pk for a in thing.attributes.backend._cache.values()}
    compat.reset_attributes(thing)
    assert stored.pk not in Attribute.__dbclass__.__instance_cache__
    assert not thing.attributes.backend._cache
    assert thing.attributes.get("lit", category="world") is True


@part("evennia: Attributes are stored as attribute_row and stored_value say")
def _attribute_row(compat: Any) -> None:
    from django.db import connection
    from evennia.typeclasses.attributes import Attribute

    first, second = (spawned(f"c3{n}").objects["thing0"] for n in "ab")
    lines = ["one", "two"]
    first.attributes.add("inscriptions", lines, category="world")
    by_evennia = compat.attribute_links().objects.get(objectdb_id=first.pk).attribute_id
    row = compat.attribute_row("world")
    row |= {"db_key": "inscriptions", "db_value": compat.stored_value(lines), "id": by_evennia + 1}
    table, links = Attribute._meta.db_table, compat.attribute_links()._meta.db_table
    with connection.cursor() as cursor:
        marks = ",".join(["%s"] * len(row))
        cursor.execute(
            f"INSERT INTO {table} ({','.join(row)}) VALUES ({marks})", list(row.values())
        )
        cursor.execute(
            f"INSERT INTO {links} (objectdb_id, attribute_id) VALUES (%s, %s)",
            [second.pk, row["id"]],
        )
        stored = []
        for key in (by_evennia, row["id"]):
            cursor.execute(f"SELECT * FROM {table} WHERE id=%s", [key])
            names = [column[0] for column in cursor.description]
            stored.append(dict(zip(names, cursor.fetchone(), strict=True)))
    for found in stored:
        del found["id"], found["db_date_created"]
    assert stored[0] == stored[1]
    compat.reset_attributes(second)
    assert list(second.attributes.get("inscriptions", category="world")) == lines


@part("evennia: objects and accounts are joined to Attributes and tags by tables of their own")
def _tables(compat: Any) -> None:
    from evennia.accounts.models import AccountDB
    from evennia.objects.models import ObjectDB

    assert compat.link_tables(ObjectDB) == (
        "objects_objectdb_db_attributes", "objects_objectdb_db_tags",
    )  # fmt: skip
    assert compat.link_tables(AccountDB) == (
        "accounts_accountdb_db_attributes", "accounts_accountdb_db_tags",
    )  # fmt: skip


@part("evennia: portal_connect logs in by the Portal's dict, portal_disconnect logs out")
def _log_in(compat: Any) -> None:
    import evennia

    instance = spawned("c4")
    session = compat.connect_session(7_000_001, instance.accounts["you"], "c4", "gateway")
    assert session.puppet is instance.objects["you"]
    assert "Room 0" in session.take()
    compat.disconnect_session(session)
    assert 7_000_001 not in evennia.SESSION_HANDLER
    assert instance.objects["you"].db_sessid in ("", None)


@part("evennia: a session can be dropped from SESSION_HANDLER, and sessions._recache follows")
def _drop(compat: Any) -> None:
    import evennia

    instance = spawned("c5")
    you = instance.objects["you"]
    session = compat.connect_session(7_000_002, instance.accounts["you"], "c5", "gateway")
    assert you.sessions.count() == 1
    assert compat.drop_session(7_000_002) is session
    assert 7_000_002 not in evennia.SESSION_HANDLER
    compat.set_puppeteer(you, None, None)
    assert you.sessions.count() == 0
    assert compat.drop_session(7_000_002) is None
    again = compat.connect_session(7_000_003, instance.accounts["you"], "c5", "gateway")
    assert again.take().startswith("Room 0")


@part("evennia: cmdhandler finishes a command of ours before it returns")
def _command(compat: Any) -> None:
    instance = spawned("c6")
    session = compat.connect_session(7_000_004, instance.accounts["you"], "c6", "gateway")
    session.take()
    compat.run_command(session, "get token a")
    assert session.outcome is not None
    assert session.take() == "You take the Token A."


@part("evennia: cmdhandler._COMMAND_NESTING counts by session")
def _nesting(compat: Any) -> None:
    from evennia.commands import cmdhandler

    instance = spawned("c7")
    session = compat.connect_session(7_000_005, instance.accounts["you"], "c7", "gateway")
    compat.run_command(session, "look")
    assert cmdhandler._COMMAND_NESTING[session] == 0
    assert session in cmdhandler._COMMAND_NESTING
    compat.forget_command_nesting(session)
    assert session not in cmdhandler._COMMAND_NESTING


@part("evennia: lazy_property keeps its value")
def _lazy(compat: Any) -> None:
    class Holder:
        @compat.lazy_property
        def value(self) -> object:
            return object()

    holder = Holder()
    assert holder.value is holder.value


@part("inflect: its functions are decorated with typeguard's `typechecked` by that name")
def _inflect(compat: Any) -> None:
    import inflect

    assert "check_argument_types" not in inflect.engine.plural.__code__.co_names
    assert inflect.engine().plural("leaf", 2) == "leaves"
    assert inflect.engine().an("hour") == "an hour"


@part("lunr: it does without nltk, and nothing else that is loaded needs nltk or SciPy")
def _lunr(compat: Any) -> None:
    from types import SimpleNamespace

    from evennia.help.utils import help_search_with_index

    texts = {"key": "combat", "aliases": "fights", "category": "rules", "tags": ""}
    entry = SimpleNamespace(search_index_entry=texts)
    assert help_search_with_index("fighting", [entry])[0] == [entry]
    assert not {"nltk", "scipy", "numpy"} & set(sys.modules)


def try_all(scratch: str) -> dict[str, str]:
    """Set up the process and try every part; returns what is wrong with each."""
    from world_fixtures.game.gateway.main import prepare

    prepare(scratch)
    from world_fixtures.game import compat

    found = {}
    for name, check in CONTRACT.items():
        try:
            check(compat)
        except Exception as error:
            frame = traceback.extract_tb(error.__traceback__)[-1]
            package = name.partition(":")[0]
            found[name] = (
                f"{package} {version(package)} no longer has this part as it was: {name}"
                f" ({type(error).__name__}: {error} at {frame.name}: {frame.line})"
            )
        else:
            found[name] = ""
    return found


if __name__ == "__main__":
    results = try_all(sys.argv[1])
    print("\n" + json.dumps(results), flush=True)
    os._exit(0)  # Evennia's threads are of no more use
