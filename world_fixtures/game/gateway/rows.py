"""Instances in the database: stored, read again, rewound, deleted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import connection
from evennia.accounts.models import AccountDB
from evennia.objects.models import ObjectDB
from evennia.typeclasses.attributes import Attribute

from world_fixtures.game import compat
from world_fixtures.game.gateway import events
from world_fixtures.game.gateway.models import InstanceRow
from world_fixtures.game.instance import Keys, LiveInstance, LoadedWorld, own
from world_fixtures.game.typeclasses.entity import CATEGORY
from world_fixtures.protocol import Change


def fields_at_start(world: LoadedWorld, entity: str) -> dict[str, Any]:
    """Return the fields of an entity at the start, but for its location, newly made."""
    initial = world.initial.get(entity, {})
    return {name: own(value) for name, value in initial.items() if name != "location"}


def reread(instance: LiveInstance) -> None:
    """Make an instance in memory what the database says, whatever it was before."""
    by_key = {obj.pk: obj for obj in instance.objects.values()}
    columns = ("pk", "db_location_id", "db_account_id", "db_sessid")
    for pk, place, account, sessid in ObjectDB.objects.filter(pk__in=by_key).values_list(*columns):
        by_key[pk].db_location = by_key.get(place)
        compat.set_puppeteer(by_key[pk], account, sessid)
    for obj in by_key.values():
        compat.forget_contents(obj)
        compat.reset_attributes(obj)
    read(instance)


def read(instance: LiveInstance) -> None:
    """Take fields and events of an instance, whose objects are where they are, from the rows."""
    _read_fields(instance)
    instance.find_changed()
    instance.seq = events.last(instance.id)


def _read_fields(instance: LiveInstance) -> None:
    """Set the objects' fields: those of the spec, and over them what is stored."""
    by_key = {obj.pk: obj for obj in instance.objects.values()}
    for entity, obj in instance.objects.items():
        obj.fields = fields_at_start(instance.world, entity)
    instance.stored.clear()
    stored = compat.attribute_links().objects.filter(
        objectdb_id__in=by_key, attribute__db_category=CATEGORY
    )
    compat.forget_attributes(stored.values_list("attribute_id", flat=True))
    for link in stored.select_related("attribute"):
        obj, name = by_key[link.objectdb_id], link.attribute.key
        obj.fields[name] = own(link.attribute.value)
        instance.stored[obj.entity, name] = link.attribute_id


def rewind(instance: LiveInstance) -> list[Change]:
    """Put objects and rows back to the initial state; returns what was put back."""
    changes = instance.changes_back()
    apply(instance, changes)
    _drop_fields(instance, list(instance.stored))  # such as play has put back itself
    instance.begin_again()
    return changes


def apply(instance: LiveInstance, changes: Sequence[Change]) -> None:
    """Make changes in memory and in the database, with a statement or two for all of them.

    Evennia's own setters save one field at a time and fire signals nobody here listens to; this
    goes around them, so it keeps the contents caches itself.
    """
    keys = dict.fromkeys((change.entity, change.field) for change in changes)
    for entity, field, value in ((c.entity, c.field, c.after) for c in changes):
        obj = instance.objects[entity]
        if field == "location":
            compat.set_location(obj, None if value is None else instance.objects[value])
        else:
            obj.fields[field] = value
            compat.reset_attributes(obj)
    as_at_start = {
        (entity, field)
        for entity, field in keys
        if field != "location"
        and instance.objects[entity].fields[field] == instance.world.initial[entity][field]
    }
    _drop_fields(instance, as_at_start)
    store(instance, [key for key in keys if key not in as_at_start])
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
        _insert_fields(instance, new)


def _insert_fields(instance: LiveInstance, found: list[tuple[Any, str]]) -> None:
    """Store fields of objects that are not stored yet."""
    table, columns = Attribute._meta.db_table, [f.column for f in Attribute._meta.concrete_fields]
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT COALESCE(MAX(id), 0) FROM {table}")
        first = cursor.fetchone()[0] + 1
    blank = compat.attribute_row(CATEGORY)
    stored = [
        {**blank, "id": key, "db_key": name, "db_value": compat.stored_value(obj.fields[name])}
        for key, (obj, name) in enumerate(found, start=first)
    ]
    marks = ",".join("?" * len(columns))
    compat.write_rows(
        f"INSERT INTO {table} ({','.join(columns)}) VALUES ({marks})",
        [[row[column] for column in columns] for row in stored],
    )
    compat.write_rows(
        f"INSERT INTO {compat.attribute_links()._meta.db_table} (objectdb_id, attribute_id)"
        " VALUES (?, ?)",
        [(obj.pk, key) for key, (obj, _) in enumerate(found, start=first)],
    )
    for key, (obj, name) in enumerate(found, start=first):
        instance.stored[obj.entity, name] = key


def _drop_fields(instance: LiveInstance, keys: Keys) -> None:
    """Delete stored fields: what is not stored is as in the spec."""
    found = [(instance.stored.pop(key),) for key in keys if key in instance.stored]
    if found:
        links = compat.attribute_links()._meta.db_table
        compat.write_rows(f"DELETE FROM {links} WHERE attribute_id=?", found)
        compat.write_rows(f"DELETE FROM {Attribute._meta.db_table} WHERE id=?", found)
        compat.forget_attributes(attribute for (attribute,) in found)


def delete(instance: LiveInstance) -> None:
    """Remove an instance's rows and let go of its objects.

    Its keys were given one after the other, so that each table has one stretch of them.
    """
    objects, accounts = list(instance.keys.values()), list(instance.account_keys.values())
    for model, keys in ((ObjectDB, objects), (AccountDB, accounts)):
        stretch = min(keys), max(keys)
        column = f"{model._meta.model_name}_id"
        for table in compat.link_tables(model):
            compat.write_rows(f"DELETE FROM {table} WHERE {column} BETWEEN ? AND ?", [stretch])
        compat.write_rows(f"DELETE FROM {model._meta.db_table} WHERE id BETWEEN ? AND ?", [stretch])
    events.forget(instance.id)
    compat.write_rows(f"DELETE FROM {InstanceRow._meta.db_table} WHERE id=?", [(instance.id,)])
    forget(instance)


def set_idle(instance: LiveInstance, idle: bool) -> None:
    """Note whether an instance is free for the next rollout of its world."""
    table = InstanceRow._meta.db_table
    compat.write_rows(f"UPDATE {table} SET idle=? WHERE id=?", [(idle, instance.id)])


def forget(instance: LiveInstance) -> None:
    """Let go of the objects of an instance that is not in the database."""
    for made in (*instance.objects.values(), *instance.accounts.values()):
        compat.forget_cached(made)
