"""Instances in the database: made in bulk, loaded, rewound, deleted."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from django.db import connection
from django.db.models import Max
from django.utils import timezone
from evennia.accounts.models import AccountDB
from evennia.objects.models import ObjectDB
from evennia.typeclasses.attributes import Attribute

from world_fixtures.game import compat
from world_fixtures.game.gateway.models import EventRow, InstanceRow
from world_fixtures.game.instance import Keys, LiveInstance, LoadedWorld, own
from world_fixtures.game.typeclasses.accounts import SealedAccount
from world_fixtures.game.typeclasses.characters import SealedCharacter
from world_fixtures.game.typeclasses.entity import CATEGORY
from world_fixtures.game.typeclasses.exits import Exit
from world_fixtures.game.typeclasses.objects import Clock, Door, Thing
from world_fixtures.game.typeclasses.rooms import Room
from world_fixtures.living import CLOCK
from world_fixtures.protocol import Change

_BATCH = 400
"""Rows in one INSERT: SQLite binds a bounded number of values."""
SHARED = "shared"
"""Id of the instance in which people walk when the game is run by hand."""


def spawn(id_: str, world: LoadedWorld, changes: Sequence[Change] = ()) -> LiveInstance:
    """Create an instance with one INSERT a table, inside the caller's transaction.

    `changes` lead from the start to the state that it is to be in.

    Primary keys are given here, which is safe because this process alone writes to its
    database: every foreign key is then known before the first row is written.
    """
    spec = world.spec
    keys = _allot(world)
    objects: dict[str, Any] = {}
    moved = {c.entity: c.after for c in changes if c.field == "location"}

    def add(cls: Any, entity: str, name: str, **extra: Any) -> None:
        objects[entity] = cls(
            id=keys[entity],
            db_key=name,
            db_typeclass_path=cls.path,
            db_date_created=now,
            **extra,
        )
        objects[entity].fields = _fields(world, entity)

    now = timezone.now()
    first_account = (AccountDB.objects.aggregate(top=Max("id"))["top"] or 0) + 1
    for room in spec.rooms:
        add(Room, room.id, room.name)
    for exit_ in spec.exits:
        add(
            Exit, exit_.id, exit_.direction,
            db_location_id=keys[exit_.source], db_destination_id=keys[exit_.target],
        )  # fmt: skip
    for door in spec.doors:
        add(Door, door.id, door.name)
    for thing in spec.things:
        at = moved.get(thing.id, thing.location)
        place = keys[at] if at else None
        add(Thing, thing.id, thing.name, db_location_id=place)
    if spec.living is not None:
        add(Clock, CLOCK, "clock")
    accounts: dict[str, Any] = {}
    for n, character in enumerate(spec.characters):
        account_id = first_account + n
        add(
            SealedCharacter, character.id, character.name,
            db_location_id=keys[moved.get(character.id, character.location)],
            db_lock_storage=f"puppet:pid({account_id})",
        )  # fmt: skip
        accounts[character.id] = SealedAccount(
            id=account_id, username=f"{id_}.{character.id}", password="!",
            db_typeclass_path=SealedAccount.path, db_date_created=now,
        )  # fmt: skip
    try:
        ObjectDB.objects.bulk_create(objects.values(), batch_size=_BATCH)
        AccountDB.objects.bulk_create(accounts.values(), batch_size=_BATCH)
        InstanceRow.objects.create(
            id=id_,
            spec_id=spec.hash,
            objects_json=json.dumps(keys),
            accounts_json=json.dumps({c: a.id for c, a in accounts.items()}),
        )
        instance = LiveInstance(id_, world, objects, accounts, store)
        if changes:
            _settle(instance, changes)
    except BaseException:  # Evennia keeps what was made by its primary key, stored or not
        _forget(*objects.values(), *accounts.values())
        raise
    return instance


def _settle(instance: LiveInstance, changes: Sequence[Change]) -> None:
    """Make what was just written with its locations be in the state after changes."""
    touched = set()
    for change in changes:
        obj = instance.objects[change.entity]
        if change.field == "location":  # given to the object, or a query would look for it
            obj.db_location = instance.objects[change.after] if change.after else None
        else:
            obj.fields[change.field] = change.after
            touched.add(obj)
    with connection.cursor() as cursor:
        _store_fields(cursor, instance, touched)
    instance.take_note({change.entity for change in changes})


def _allot(world: LoadedWorld) -> dict[str, int]:
    top = ObjectDB.objects.aggregate(top=Max("id"))["top"] or 0
    entities = [*world.spec.entities, *([CLOCK] if world.spec.living is not None else ())]
    return {entity: top + n for n, entity in enumerate(entities, start=1)}


def _fields(world: LoadedWorld, entity: str) -> dict[str, Any]:
    initial = world.initial.get(entity, {})
    return {name: own(value) for name, value in initial.items() if name != "location"}


def load(row: InstanceRow, world: LoadedWorld) -> LiveInstance:
    """Return an instance as it was when the server last ran."""
    keys: dict[str, int] = json.loads(row.objects_json)
    accounts: dict[str, int] = json.loads(row.accounts_json)
    by_key = ObjectDB.objects.in_bulk(list(keys.values()))
    accounts_by_key = AccountDB.objects.in_bulk(list(accounts.values()))
    instance = LiveInstance(
        row.id,
        world,
        {entity: by_key[pk] for entity, pk in keys.items()},
        {character: accounts_by_key[pk] for character, pk in accounts.items()},
        store,
    )
    _read_fields(instance)
    _count(instance)
    return instance


def reread(instance: LiveInstance) -> None:
    """Make an instance in memory what the database says, whatever it was before."""
    by_key = {obj.pk: obj for obj in instance.objects.values()}
    columns = ("pk", "db_location_id", "db_account_id", "db_sessid")
    for pk, place, account, sessid in ObjectDB.objects.filter(pk__in=by_key).values_list(*columns):
        by_key[pk].db_location = by_key.get(place)
        compat.set_puppeteer(by_key[pk], account, sessid)
    for obj in by_key.values():
        compat.reset_contents(obj)
        compat.reset_attributes(obj)
    _read_fields(instance)
    _count(instance)


def _read_fields(instance: LiveInstance) -> None:
    """Set the objects' fields: those of the spec, and over them what is stored."""
    by_key = {obj.pk: obj for obj in instance.objects.values()}
    for entity, obj in instance.objects.items():
        obj.fields = _fields(instance.world, entity)
    instance.stored.clear()
    stored = compat.attribute_links().objects.filter(
        objectdb_id__in=by_key, attribute__db_category=CATEGORY
    )
    compat.forget_attributes(stored.values_list("attribute_id", flat=True))
    for link in stored.select_related("attribute"):
        obj, name = by_key[link.objectdb_id], link.attribute.key
        obj.fields[name] = own(link.attribute.value)
        instance.stored[obj.entity, name] = link.attribute_id


def _count(instance: LiveInstance) -> None:
    """Work out what follows from the objects and the stored events."""
    instance.find_changed()
    last = EventRow.objects.filter(instance=instance.id).aggregate(top=Max("seq"))["top"]
    instance.seq = last or 0


def rewind(instance: LiveInstance) -> list[Change]:
    """Put objects and rows back to the initial state; returns what was put back."""
    changes = instance.changes_back()
    apply(instance, changes)
    instance.begin_again()
    return changes


def apply(instance: LiveInstance, changes: list[Change]) -> None:
    """Make changes in memory and in the database, with a statement or two for all of them.

    Evennia's own setters save one field at a time and fire signals nobody here listens to; this
    goes around them, so it keeps the contents caches itself.
    """
    moved, touched = [], set()
    for change in changes:
        obj = instance.objects[change.entity]
        if change.field == "location":
            place = None if change.after is None else instance.objects[change.after]
            compat.set_location(obj, place)
            moved.append((None if place is None else place.pk, obj.pk))
        else:
            obj.fields[change.field] = change.after
            touched.add(obj)
    with connection.cursor() as cursor:
        if moved:
            table = ObjectDB._meta.db_table
            cursor.executemany(f"UPDATE {table} SET db_location_id=%s WHERE id=%s", moved)
        if touched:
            _drop_fields(cursor, [obj.pk for obj in touched])
            for obj in touched:
                for name in obj.fields:
                    instance.stored.pop((obj.entity, name), None)
            _store_fields(cursor, instance, touched)
    for obj in touched:
        compat.reset_attributes(obj)
    instance.take_note({change.entity for change in changes})


def store(instance: LiveInstance, keys: Keys) -> None:
    """Write fields that were changed in memory, with a statement or two for all of them."""
    moved, changed, new = [], [], []
    for entity, field in keys:
        obj = instance.objects[entity]
        if field == "location":
            moved.append((obj.db_location_id, obj.pk))
        elif (key := instance.stored.get((entity, field))) is None:
            new.append((obj, field))
        else:
            changed.append((compat.stored_value(obj.fields[field]), key))
    if moved:
        table = ObjectDB._meta.db_table
        compat.write_rows(f"UPDATE {table} SET db_location_id=? WHERE id=?", moved)
    if changed:
        table = Attribute._meta.db_table
        compat.write_rows(f"UPDATE {table} SET db_value=? WHERE id=?", changed)
    if new:
        with connection.cursor() as cursor:
            _insert_fields(cursor, instance, new)


def _store_fields(cursor: Any, instance: LiveInstance, touched: Iterable[Any]) -> None:
    """Store those fields of objects that are not as in the spec: none of them is stored."""
    found = [
        (obj, name)
        for obj in touched
        for name, value in obj.fields.items()
        if value != instance.world.initial[obj.entity][name]
    ]
    _insert_fields(cursor, instance, found)


def _insert_fields(cursor: Any, instance: LiveInstance, found: list[tuple[Any, str]]) -> None:
    """Store fields of objects that are not stored yet."""
    if not found:
        return
    table, columns = Attribute._meta.db_table, [f.column for f in Attribute._meta.concrete_fields]
    cursor.execute(f"SELECT COALESCE(MAX(id), 0) FROM {table}")
    first = cursor.fetchone()[0] + 1
    blank = compat.attribute_row(CATEGORY)
    stored = [
        {**blank, "id": key, "db_key": name, "db_value": compat.stored_value(obj.fields[name])}
        for key, (obj, name) in enumerate(found, start=first)
    ]
    marks = ",".join(["%s"] * len(columns))
    cursor.executemany(
        f"INSERT INTO {table} ({','.join(columns)}) VALUES ({marks})",
        [[row[column] for column in columns] for row in stored],
    )
    cursor.executemany(
        f"INSERT INTO {compat.attribute_links()._meta.db_table} (objectdb_id, attribute_id)"
        " VALUES (%s, %s)",
        [(obj.pk, key) for key, (obj, _) in enumerate(found, start=first)],
    )
    for key, (obj, name) in enumerate(found, start=first):
        instance.stored[obj.entity, name] = key


def _drop_fields(cursor: Any, keys: list[int]) -> None:
    """Delete the stored fields of objects: what is not stored is as in the spec."""
    links = compat.attribute_links()._meta.db_table
    attributes = Attribute._meta.db_table
    marks = ",".join(["%s"] * len(keys))
    cursor.execute(
        f"SELECT l.id, a.id FROM {links} l JOIN {attributes} a ON a.id = l.attribute_id"
        f" WHERE l.objectdb_id IN ({marks}) AND a.db_category = %s",
        [*keys, CATEGORY],
    )
    found = cursor.fetchall()
    cursor.executemany(f"DELETE FROM {links} WHERE id=%s", [(link,) for link, _ in found])
    cursor.executemany(f"DELETE FROM {attributes} WHERE id=%s", [(a,) for _, a in found])
    compat.forget_attributes(attribute for _, attribute in found)


def delete(instance: LiveInstance) -> None:
    """Remove an instance's rows and let go of its objects."""
    objects = [o.pk for o in instance.objects.values()]
    accounts = [a.pk for a in instance.accounts.values()]
    with connection.cursor() as cursor:
        for through, column, keys in _links(objects, accounts):
            marks = ",".join(["%s"] * len(keys))
            cursor.execute(f"DELETE FROM {through} WHERE {column} IN ({marks})", keys)
    compat.delete_rows(EventRow.objects.filter(instance=instance.id))
    compat.delete_rows(InstanceRow.objects.filter(id=instance.id))
    ObjectDB.objects.filter(pk__in=objects).update(
        db_location=None, db_destination=None, db_account=None
    )
    compat.delete_rows(ObjectDB.objects.filter(pk__in=objects))
    compat.delete_rows(AccountDB.objects.filter(pk__in=accounts))
    forget(instance)


def forget(instance: LiveInstance) -> None:
    """Let go of the objects of an instance that is not in the database."""
    _forget(*instance.objects.values(), *instance.accounts.values())


def _forget(*made: Any) -> None:
    for row in made:
        compat.forget_cached(row)


def _links(objects: list[int], accounts: list[int]) -> list[tuple[str, str, list[int]]]:
    """List the tables that join objects and accounts to their attributes and tags."""
    return [
        *((table, "objectdb_id", objects) for table in compat.link_tables(ObjectDB)),
        *((table, "accountdb_id", accounts) for table in compat.link_tables(AccountDB)),
    ]
