"""The state of a game, read from its database: entities by id, with fields that are plain JSON.

    object     key, typeclass, location, destination, home, aliases, tags, locks, permissions
    script     key, typeclass, on (the object that it is of), interval, active
    channel    key, said (lists of [who, what])
    account    key, permissions

and each Attribute as a field of its name, `category:name` where it has a category. A field of
Evennia's own with the name of one of those above is called `attribute:name`. What is empty is left
out. A long text stands as its digest. An object that was deleted has the one field `gone`.
"""

from __future__ import annotations

import datetime
import enum
import hashlib
import re
from collections.abc import Iterable, Mapping, Set
from typing import Any

from world_fixtures.state import Fields

LONG = 120
"""Characters of a text that is kept as it is."""
DEEP = 8
"""Levels of lists and mappings in a value; deeper ones are left out."""
UNSEEN = frozenset(
    ("prelogout_location", "_last_puppet", "_saved_protocol_flags", "_playable_characters",
     "_saved_webclient_options", "FIRST_LOGIN", "_first_login", "last_cmd", "creator_ip",
     "creator_id", "last_login", "_quell", "options")
)  # fmt: skip
"""Attributes in which Evennia keeps what belongs to a session."""
_OWN = frozenset(
    ("key", "typeclass", "location", "destination", "home", "aliases", "tags", "locks",
     "permissions", "on", "interval", "active", "said", "gone")
)  # fmt: skip
_OBJECTS = """SELECT id, db_key, db_typeclass_path, db_location_id, db_destination_id, db_home_id,
 db_lock_storage FROM objects_objectdb"""
_SCRIPTS = """SELECT id, db_key, db_typeclass_path, db_obj_id, db_interval, db_is_active
 FROM scripts_scriptdb"""
_ATTRIBUTES = """SELECT l.{of}_id, a.db_key, a.db_category, a.db_value, a.db_strvalue
 FROM {table}_db_attributes l JOIN typeclasses_attribute a ON a.id = l.attribute_id
 WHERE a.db_attrtype IS NULL OR a.db_attrtype != 'nick'"""
_TAGS = """SELECT l.{of}_id, t.db_key, t.db_category, t.db_tagtype
 FROM {table}_db_tags l JOIN typeclasses_tag t ON t.id = l.tag_id"""

Entities = dict[str, Fields]


def slug(key: str) -> str:
    """Return a key as an id: small letters, digits and underscores."""
    found = re.sub(r"[^a-z0-9]+", "_", key.lower()).strip("_")[:36] or "nameless"
    return found if found[0].isalpha() else f"o_{found}"


class Reader:
    """Reads the state of the game in this process; knows its entities by the ids it gave them."""

    def __init__(self) -> None:
        self.ids: dict[tuple[str, int], str] = {}
        """Of every row that was ever seen, by kind and number of the row."""
        self.said: dict[str, list[list[str]]] = {}
        """What was said on channels in this process, by key of the channel."""
        self._taken: set[str] = set()
        self._values: dict[str, Any] = {}
        """Decoded Attributes that hold no object, by what the database holds."""

    def read(self, before: Mapping[str, Fields] | None = None) -> Entities:
        """Return all entities; those of `before`, and their fields, stay in it as gone or None."""
        from django.db import connection

        connection.ensure_connection()
        run: Any = connection.connection.execute
        objects = run(_OBJECTS + " ORDER BY id").fetchall()
        scripts = run(_SCRIPTS + " ORDER BY id").fetchall()
        accounts = run("SELECT id, username FROM accounts_accountdb ORDER BY id").fetchall()
        channels = run("SELECT id, db_key FROM comms_channeldb ORDER BY id").fetchall()
        for row in objects:  # an exit has its key from where it leads to, as a rule
            self._name("object", row[0], slug(row[1]) if row[4] is None else f"way_{slug(row[1])}")
        for row in scripts:
            self._name("script", row[0], f"script_{slug(row[1] or row[2].rpartition('.')[2])}")
        for row in accounts:
            self._name("account", row[0], f"account_{slug(row[1])}")
        for row in channels:
            self._name("channel", row[0], f"channel_{slug(row[1])}")
        found: Entities = {}
        for id_, key, typeclass, location, destination, home, locks in objects:
            found[self.ids["object", id_]] = {
                "key": key,
                "typeclass": typeclass.rpartition(".")[2],
                "location": self._object(location),
                "destination": self._object(destination),
                "home": self._object(home),
                "locks": _digest(locks) if locks else None,
            }
        for id_, key, typeclass, of, interval, active in scripts:
            found[self.ids["script", id_]] = {
                "key": key,
                "typeclass": typeclass.rpartition(".")[2],
                "on": self._object(of),
                "interval": interval,
                "active": bool(active),
            }
        for id_, name in accounts:
            found[self.ids["account", id_]] = {"key": name}
        for id_, key in channels:
            name = self.ids["channel", id_]
            found[name] = {"key": key, "said": [list(line) for line in self.said.get(key, ())]}
        self._add_attributes(run, found)
        self._add_tags(run, found)
        plain = {
            entity: {k: v for k, v in fields.items() if v is not None and v != []}
            for entity, fields in found.items()
        }
        return plain if before is None else _folded(before, plain)

    def object_of(self, entity: str) -> int | None:
        """Return the row number of the object of an id."""
        numbers = (n for (kind, n), name in self.ids.items() if kind == "object" and name == entity)
        return next(numbers, None)

    def _name(self, kind: str, number: int, wish: str) -> None:
        if (kind, number) in self.ids:
            return
        name, n = wish, 1
        while name in self._taken:
            n += 1
            name = f"{wish}_{n}"
        self._taken.add(name)
        self.ids[kind, number] = name

    def _object(self, number: int | None) -> str | None:
        return None if number is None else self.ids.get(("object", number), "gone")

    def _add_attributes(self, run: Any, found: Entities) -> None:
        stowed: list[tuple[Fields, Any]] = []
        for kind, table in (("object", "objects_objectdb"), ("script", "scripts_scriptdb")):
            for of, key, category, value, text in run(
                _ATTRIBUTES.format(of=f"{kind}db", table=table) + " ORDER BY a.id"
            ):
                fields = found.get(self.ids.get((kind, of), ""))
                if fields is None:
                    continue
                if key == "prelogout_location" and not category:
                    stowed.append((fields, self._value(value)))
                if key in UNSEEN:
                    continue
                name = f"{category}:{key}" if category else key
                name = f"attribute:{name}" if name in _OWN else name
                fields[name] = _short(text) if text else self._value(value)
        for fields, place in stowed:
            # A character whose player is logged out stands nowhere: it is where it will be.
            if fields["location"] is None and isinstance(place, str):
                fields["location"] = place.removeprefix("@")

    def _add_tags(self, run: Any, found: Entities) -> None:
        for kind, table in (
            ("object", "objects_objectdb"), ("script", "scripts_scriptdb"),
            ("account", "accounts_accountdb"),
        ):  # fmt: skip
            rows = run(_TAGS.format(of=f"{kind}db", table=table))
            for of, key, category, type_ in sorted(rows, key=str):
                fields = found.get(self.ids.get((kind, of), ""))
                if fields is None or (key == "puppeted" and category == "account"):
                    continue
                into = {"alias": "aliases", "permission": "permissions"}.get(type_ or "", "tags")
                plain = key if into != "tags" or not category else f"{category}:{key}"
                fields.setdefault(into, []).append(plain)

    def _value(self, stored: str | None) -> Any:
        if stored is None:
            return None
        if stored in self._values:
            return self._values[stored]
        from evennia.utils.picklefield import dbsafe_decode

        try:
            decoded = dbsafe_decode(stored)
        except Exception:
            return f"<{_digest(stored)}>"
        value = self._plain(decoded)
        if "@" not in repr(value) and len(self._values) < 50_000:
            self._values[stored] = value
        return value

    def _plain(self, value: Any, depth: int = 0) -> Any:
        """Return a value of an Attribute as JSON, with objects as @ and their id."""
        if isinstance(value, tuple) and len(value) == 4 and value[0] == "__packed_dbobj__":
            kind = {"objectdb": "object", "scriptdb": "script", "accountdb": "account",
                    "channeldb": "channel"}.get(str(value[1][-1]), "")  # fmt: skip
            return f"@{self.ids.get((kind, value[3]), 'gone')}"
        if value is None or isinstance(value, bool | int):
            return value
        if isinstance(value, float):
            return round(value, 6)
        if isinstance(value, str):
            return _short(value)
        if isinstance(value, enum.Enum):
            return value.name.lower()
        if isinstance(value, datetime.date | datetime.time | datetime.timedelta):
            return str(value)
        if depth >= DEEP:
            return "..."
        if isinstance(value, Mapping):
            pairs = ((_name_of(self._plain(k, depth + 1)), v) for k, v in value.items())
            return {k: self._plain(v, depth + 1) for k, v in sorted(pairs, key=lambda p: p[0])}
        if isinstance(value, Set):
            return sorted((self._plain(v, depth + 1) for v in value), key=str)
        if isinstance(value, Iterable) and not isinstance(value, bytes):
            return [self._plain(v, depth + 1) for v in value]
        return f"<{type(value).__name__}>"


def _folded(before: Mapping[str, Fields], now: Entities) -> Entities:
    """Return `now` with what `before` had and is not there any more."""
    found = dict(now)
    for entity, fields in before.items():
        present = now.get(entity)
        if present is None:
            found[entity] = {**dict.fromkeys(fields), "gone": True}
        elif lost := fields.keys() - present.keys():
            found[entity] = present | dict.fromkeys(sorted(lost))
    return found


def _name_of(key: Any) -> str:
    return key if isinstance(key, str) else str(key)


def _short(text: str) -> str:
    return text if len(text) <= LONG else f"{text[:60]}... {_digest(text)}"


def _digest(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=6).hexdigest()
