"""How an instance gets its rows, all at once, and how each row becomes an object of Evennia.

Making an object of Evennia costs ten times what its row costs, and a rollout sees a few rooms of
its world: an object is made when it is needed.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

from django.db import connection
from django.utils import timezone
from evennia.accounts.models import AccountDB
from evennia.objects.models import ObjectDB

from world_fixtures import spec
from world_fixtures.game import compat
from world_fixtures.game.gateway.models import InstanceRow
from world_fixtures.game.gateway.rows import fields_at_start, read, store
from world_fixtures.game.instance import LiveInstance, LoadedWorld
from world_fixtures.game.typeclasses.accounts import SealedAccount
from world_fixtures.game.typeclasses.characters import SealedCharacter
from world_fixtures.game.typeclasses.exits import Exit
from world_fixtures.game.typeclasses.objects import Clock, Door, Thing
from world_fixtures.game.typeclasses.rooms import Room
from world_fixtures.living import CLOCK

_OBJECT = (
    f"INSERT INTO {ObjectDB._meta.db_table} (id, db_date_created, db_typeclass_path, db_key,"
    " db_location_id, db_destination_id, db_lock_storage) VALUES (?, ?, ?, ?, ?, ?, ?)"
)
"""Columns that are left out are NULL in every object of ours."""
_INSTANCE = (
    f"INSERT INTO {InstanceRow._meta.db_table} (id, spec_id, objects_json, accounts_json, idle)"
    " VALUES (?, ?, ?, ?, 0)"
)


class _Part(NamedTuple):
    """An entity as an object of Evennia, with the entities that it refers to."""

    typeclass: Any
    name: str
    location: str | None = None
    destination: str | None = None


def spawn(id_: str, world: LoadedWorld) -> LiveInstance:
    """Create an instance with one INSERT a table, inside the caller's transaction.

    Primary keys are given here, which is safe because this process alone writes to its
    database: every foreign key is then known before the first row is written.
    """
    made = timezone.now()
    keys = _allot(
        ObjectDB, [*world.spec.entities, *([CLOCK] if world.spec.living is not None else ())]
    )
    accounts = _allot(AccountDB, [c.id for c in world.spec.characters])
    _insert_objects(world, keys, accounts, made)
    _insert_accounts(id_, accounts, made)
    stored = id_, world.spec.hash, json.dumps(keys), json.dumps(accounts)
    compat.write_rows(_INSTANCE, [stored])
    return LiveInstance(id_, world, keys, accounts, _Maker(made), store)


def _allot(model: Any, names: Sequence[str]) -> dict[str, int]:
    """Return a primary key for each name, above all that there are."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT COALESCE(MAX(id), 0) FROM {model._meta.db_table}")
        top = cursor.fetchone()[0]
    return {name: key for key, name in enumerate(names, start=top + 1)}


def _insert_objects(
    world: LoadedWorld, keys: dict[str, int], accounts: dict[str, int], made: datetime
) -> None:
    stored = compat.stored_time(made)
    rows = []
    for entity, key in keys.items():
        typeclass, name, place, target = _part(world, entity)
        rows.append(
            (
                key, stored, typeclass.path, name, place and keys[place],
                target and keys[target], _locks(accounts.get(entity)),
            )
        )  # fmt: skip
    compat.write_rows(_OBJECT, rows)


def _insert_accounts(id_: str, accounts: dict[str, int], made: datetime) -> None:
    stored = compat.stored_time(made)
    blank = _blank_account() | {"date_joined": stored, "db_date_created": stored}
    rows = [
        tuple((blank | {"id": key, "username": _username(id_, character)}).values())
        for character, key in accounts.items()
    ]
    marks = ",".join("?" * len(blank))
    table = AccountDB._meta.db_table
    compat.write_rows(f"INSERT INTO {table} ({','.join(blank)}) VALUES ({marks})", rows)


@lru_cache(maxsize=1)
def _blank_account() -> dict[str, Any]:
    """Return the columns of an account without a name; no password lets anybody in."""
    return compat.blank_row(SealedAccount(password="!", db_typeclass_path=SealedAccount.path))


def _part(world: LoadedWorld, entity: str) -> _Part:
    """Tell what an entity is to Evennia. Raises KeyError where there is no such entity."""
    if entity == CLOCK and world.spec.living is not None:
        return _Part(Clock, "clock")
    part = world.spec.entities[entity]
    if isinstance(part, spec.Exit):
        return _Part(Exit, part.direction, part.source, part.target)
    if isinstance(part, spec.Room):
        return _Part(Room, part.name)
    if isinstance(part, spec.Door):
        return _Part(Door, part.name)
    return _Part(
        Thing if isinstance(part, spec.Thing) else SealedCharacter, part.name, part.location
    )


def _locks(account: int | None) -> str:
    """Return the locks of an object: those of a character let its account play it."""
    return "" if account is None else f"puppet:pid({account})"


def _username(id_: str, character: str) -> str:
    return f"{id_}.{character}"


class _Maker:
    """Makes Evennia's objects and accounts of what the rows of an instance hold at the start."""

    def __init__(self, made: datetime) -> None:
        self._made = made

    def object(self, instance: LiveInstance, entity: str) -> Any:
        """Make the object of an entity. Raises KeyError where there is no such entity."""
        part = _part(instance.world, entity)
        obj = part.typeclass(
            id=instance.keys[entity],
            db_key=part.name,
            db_typeclass_path=part.typeclass.path,
            db_date_created=self._made,
            db_location=part.location and instance.objects[part.location],
            db_destination_id=part.destination and instance.keys[part.destination],
            db_lock_storage=_locks(instance.account_keys.get(entity)),
        )
        compat.mark_stored(obj)
        obj.fields = fields_at_start(instance.world, entity)
        obj.instance, obj.entity = instance, entity
        return obj

    def account(self, instance: LiveInstance, character: str) -> Any:
        """Make the account of a character. Raises KeyError where there is no such character."""
        account = SealedAccount(
            id=instance.account_keys[character],
            username=_username(instance.id, character),
            password="!",
            db_typeclass_path=SealedAccount.path,
            db_date_created=self._made,
            date_joined=self._made,
        )
        compat.mark_stored(account)
        account.character = instance.objects[character]
        return account


def load(row: InstanceRow, world: LoadedWorld) -> LiveInstance:
    """Return an instance as it was when the server last ran: all of its objects are made."""
    keys: dict[str, int] = json.loads(row.objects_json)
    accounts: dict[str, int] = json.loads(row.accounts_json)
    objects_by_key = ObjectDB.objects.in_bulk(list(keys.values()))
    accounts_by_key = AccountDB.objects.in_bulk(list(accounts.values()))
    instance = LiveInstance(row.id, world, keys, accounts, _Maker(timezone.now()), store)
    for entity, key in keys.items():
        obj = instance.objects[entity] = objects_by_key[key]
        obj.instance, obj.entity = instance, entity
    for character, key in accounts.items():
        account = instance.accounts[character] = accounts_by_key[key]
        account.character = instance.objects[character]
    read(instance)
    return instance
