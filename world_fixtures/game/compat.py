"""Private parts of Evennia, Django and Twisted that the world server relies on.

Nothing here is a documented interface, so any release may change it. Each function or class
wraps one such part and names it; `tests/world_fixtures/test_compat.py` tries every one of
them and says which part of which package is no longer as it was. To be imported once Django is
set up.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

import evennia
from django.db import DEFAULT_DB_ALIAS, DatabaseError, connection, connections, transaction
from evennia.commands import cmdhandler
from evennia.objects.models import ContentsHandler, ObjectDB
from evennia.typeclasses.attributes import Attribute
from evennia.utils.dbserialize import to_pickle
from evennia.utils.utils import lazy_property
from twisted.internet import reactor

__all__ = [
    "ContentsHandler",
    "NoPortalLink",
    "Savepoint",
    "Transaction",
    "attribute_links",
    "attribute_row",
    "blank_row",
    "connect_session",
    "delete_rows",
    "disconnect_session",
    "drop_session",
    "forget_attributes",
    "forget_cached",
    "forget_command_nesting",
    "forget_contents",
    "insert_row",
    "lazy_property",
    "link_tables",
    "listening_port",
    "load_evennia",
    "mark_stored",
    "read_rows",
    "renew_reactor",
    "reset_attributes",
    "run_command",
    "set_location",
    "set_puppeteer",
    "start_server",
    "stored_time",
    "stored_value",
    "use_database",
    "write_now",
    "write_rows",
]


# The process


def load_evennia(portal: bool = False) -> None:
    """Fill in Evennia's flat API and make its service (`evennia._init`)."""
    evennia._init(portal_mode=portal)


def use_database(path: str) -> None:
    """Have the next connection open another file (`connections.settings` of Django)."""
    connections.settings["default"]["NAME"] = path


def renew_reactor() -> None:
    """Give the reactor a poll object and a waker of its own after a fork.

    Twisted shares both with the parent and every other child; `reactor.__init__` makes new ones.
    """
    reactor.__init__()  # type: ignore[misc]


def start_server() -> Any:
    """Start Evennia's service without its launcher; returns it.

    `sqlite3_prep` ran when the service was made, for another connection than this process has, and
    some releases open one more while they start.
    """
    server = evennia.EVENNIA_SERVER_SERVICE
    server.privilegedStartService()
    server.startService()
    server.sqlite3_prep()
    server.run_init_hooks("shutdown")
    return server


def listening_port(server: Any, name: str) -> int:
    """Return the port that a service listens on (`TCPServer._port` of Twisted)."""
    return int(server.getServiceNamed(name)._port.getHost().port)


class NoPortalLink:
    """Replaces `amp_protocol`, the link to the Portal, where there is none: sends nothing."""

    def __getattr__(self, name: str) -> Any:
        return lambda *args, **kwargs: None


def write_now(transport: Any, data: bytes) -> None:
    """Send what a connection takes at once, and the rest as `write` does.

    Twisted's `write` waits for the next turn of the reactor, and asks the system three times more.
    """
    if not transport.dataBuffer and not transport._tempDataBuffer and transport.connected:
        sent = transport.writeSomeData(data)
        if isinstance(sent, int):  # else the connection is lost, as `write` finds out
            data = data[sent:]
    if data:
        transport.write(data)


# Sessions and commands


def connect_session(sessid: int, account: Any, address: str, protocol_key: str) -> Any:
    """Log an account in as the Portal would, by the dict that it sends; returns the session."""
    evennia.SESSION_HANDLER.portal_connect(
        {
            "sessid": sessid, "suid": None, "protocol_key": protocol_key, "uid": account.id,
            "address": address, "uname": account.username, "logged_in": True,
            "puid": None, "conn_time": time.time(), "protocol_flags": {"NOCOLOR": True},
            "server_data": {},
        }
    )  # fmt: skip
    return evennia.SESSION_HANDLER[sessid]


def drop_session(sessid: int) -> Any:
    """Forget a session in memory alone, also one that logged in by half; returns it, or None.

    What its log-in changed of its character is put right by `set_puppeteer`.
    """
    session = evennia.SESSION_HANDLER.pop(sessid, None)
    if session is not None:
        session.puppet, session.logged_in = None, False
        forget_command_nesting(session)
    return session


def disconnect_session(session: Any) -> None:
    """Log a session out as the Portal would."""
    evennia.SESSION_HANDLER.portal_disconnect(session)
    forget_command_nesting(session)


def run_command(session: Any, text: str) -> None:
    """Have Evennia carry out what a session typed; commands of ours finish before it returns."""
    cmdhandler.cmdhandler(session, text, callertype="session", session=session)


def forget_command_nesting(session: Any) -> None:
    """Drop the count of commands under way (`cmdhandler._COMMAND_NESTING`).

    Evennia keeps a count of 0 for ever, and does not count down when a command fails.
    """
    cmdhandler._COMMAND_NESTING.pop(session, None)


# Objects and what Evennia caches of them


def set_location(obj: Any, place: Any) -> None:
    """Move an object in memory alone, contents caches included."""
    left = obj.db_location
    if left is not None and _knows_contents(left):
        left.contents_cache.remove(obj)
    if place is not None and _knows_contents(place):
        place.contents_cache.add(obj)
    obj.db_location = place


def _knows_contents(obj: Any) -> bool:
    """Tell whether an object has filled its contents cache (`__dict__` of a `lazy_property`)."""
    return "contents_cache" in obj.__dict__


def forget_contents(obj: Any) -> None:
    """Have an object fill its contents cache anew when it is next asked for."""
    obj.__dict__.pop("contents_cache", None)


def set_puppeteer(obj: Any, account: int | None, sessid: str | None) -> None:
    """Set in memory alone which account plays an object, and by which sessions.

    They are `db_account_id` and `db_sessid`; the handler `sessions` keeps a copy.
    """
    obj.db_account_id, obj.db_sessid = account, sessid
    obj.sessions._recache()


def reset_attributes(obj: Any) -> None:
    """Forget the Attributes that an object has cached, and those Attributes themselves."""
    if "attributes" in obj.__dict__:  # a `lazy_property`, and most objects never need it
        forget_attributes([a.pk for a in obj.attributes.backend._cache.values() if a is not None])
        obj.attributes.reset_cache()


def forget_attributes(keys: Iterable[int]) -> None:
    """Drop Attributes from the cache of rows (`__instance_cache__` of the idmapper)."""
    for key in keys:
        Attribute.__dbclass__.__instance_cache__.pop(key, None)


def forget_cached(row: Any) -> None:
    """Drop an object or account from the cache of rows (`flush_from_cache` of the idmapper)."""
    row.flush_from_cache(force=True)


# The database


def delete_rows(rows: Any) -> None:
    """Delete a queryset's rows with one statement (`QuerySet._raw_delete` of Django).

    Django's own `delete` first loads the rows and looks for what refers to them.
    """
    rows._raw_delete("default")


def insert_row(statement: str, values: Sequence[Any]) -> None:
    """Execute a statement on the driver's connection; Django's cursor takes twice the time.

    `Savepoint` does not see it: in a request it is the last thing that is written.
    """
    _driver(connection).execute(statement, values)


def read_rows(query: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
    """Return what a query finds on the driver's connection."""
    return _driver(connection).execute(query, values).fetchall()


def write_rows(statement: str, rows: Sequence[Sequence[Any]]) -> None:
    """Execute a statement for each of some rows on the driver's connection.

    Within a `Savepoint` it is taken back with the rest.
    """
    if Savepoint.present is not None:
        Savepoint.present.begin()
    _driver(connection).executemany(statement, rows)


class Transaction:
    """What a `with` block wrote is committed if it ends well, and taken back if it raises.

    To everything within it is what Django's outermost `transaction.atomic()` is, whose care for
    other databases takes longer than the commit. Not to be nested.
    """

    def __init__(self) -> None:
        self._database: Any = connections[DEFAULT_DB_ALIAS]

    def __enter__(self) -> None:
        database = self._database
        database.ensure_connection()
        database.validate_no_atomic_block()
        _driver(database).execute("BEGIN")
        database.in_atomic_block = database.commit_on_exit = True
        database.autocommit = database.needs_rollback = False

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        database = self._database
        broken, database.needs_rollback = database.needs_rollback, False
        database.in_atomic_block = False
        database.autocommit = True
        driver = _driver(database)
        if kind is not None or broken:
            _roll_back(driver)
            return
        try:
            driver.execute("COMMIT")
        except sqlite3.Error:
            _roll_back(driver)
            raise


class Savepoint:
    """What a `with` block wrote is kept if it ends well, and taken back if it raises.

    To be used within a `Transaction`, and for one block after another. SQLite is asked for
    a savepoint when the block first uses the database (`execute_wrappers` of Django), which a
    `look` does not; Django's own nested `atomic` takes a tenth of the time of one.
    """

    present: Savepoint | None = None
    """The one whose block is being carried out."""

    def __init__(self) -> None:
        self._database: Any = connections[DEFAULT_DB_ALIAS]
        self._begun = False

    def __enter__(self) -> None:
        Savepoint.present = self
        self._database.execute_wrappers.append(self._begin_and_execute)

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        Savepoint.present = None
        self._database.execute_wrappers.pop()
        if not self._begun:
            return
        self._begun = False
        broken = self._database.needs_rollback
        if kind is not None or broken:
            _driver(self._database).execute("ROLLBACK TO request")
            transaction.set_rollback(False)
        _driver(self._database).execute("RELEASE request")
        if kind is None and broken:
            raise DatabaseError("a statement failed, and what it was part of went on")

    def begin(self) -> None:
        """Ask SQLite for the savepoint, where that was not done yet."""
        if not self._begun:
            _driver(self._database).execute("SAVEPOINT request")
            self._begun = True

    def _begin_and_execute(self, execute: Callable[..., Any], *arguments: Any) -> Any:
        self.begin()
        return execute(*arguments)


def _roll_back(driver: sqlite3.Connection) -> None:
    """Take a transaction back, where SQLite has not done so itself."""
    if driver.in_transaction:
        driver.execute("ROLLBACK")


def _driver(database: Any) -> sqlite3.Connection:
    """Return the connection behind Django's (`BaseDatabaseWrapper.connection`)."""
    found: sqlite3.Connection = database.connection
    return found


def link_tables(model: Any) -> tuple[str, str]:
    """Return the tables that join objects or accounts to Attributes and to tags."""
    return (
        model.db_attributes.through._meta.db_table,
        model.db_tags.through._meta.db_table,
    )


def attribute_links() -> Any:
    """Return the model that joins an object to its Attributes."""
    return ObjectDB.db_attributes.through


def attribute_row(category: str) -> dict[str, Any]:
    """Return the columns of an object's Attribute that has no key and no value yet.

    They are what Evennia's `do_create_attribute` gives it.
    """
    return blank_row(Attribute(db_category=category, db_model="objectdb"))


def blank_row(made: Any) -> dict[str, Any]:
    """Return the columns of what was made and not stored, as Django would insert them."""
    return {
        field.column: field.get_db_prep_save(field.pre_save(made, add=True), connection)
        for field in made._meta.concrete_fields
    }


def stored_time(moment: datetime) -> Any:
    """Return what a column holds for a moment (`adapt_datetimefield_value` of Django)."""
    return connection.ops.adapt_datetimefield_value(moment)


def mark_stored(row: Any) -> None:
    """Have an object or account know that its row is in the database (`_state` of Django)."""
    row._state.adding, row._state.db = False, DEFAULT_DB_ALIAS


def stored_value(value: Any) -> Any:
    """Return what the column `db_value` of an Attribute holds for a value."""
    return _stored_number(value) if type(value) is int else _stored(value)


@lru_cache(maxsize=4096)
def _stored_number(value: int) -> Any:
    """Return the same for a number: a clock has the same ones in every instance."""
    return _stored(value)


def _stored(value: Any) -> Any:
    field = Attribute._meta.get_field("db_value")
    return field.get_db_prep_save(to_pickle(value), connection)
