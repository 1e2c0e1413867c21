"""The state of an instance: every field that play can change, and its hash.

    character  location
    thing      location; open and locked (container), lit (light), inscriptions and hands
               (writable): the lines on it, and the id of who wrote each, "" for those of the spec
    door       open, locked
    exit       revealed (hidden exits only)

and in a world with time and people (`world_fixtures.living`)

    :clock     tick
    character  purse; of one that acts by itself seen (entity -> room where it was seen last, "" for
               not where it was), heard and shown (lists of [who, what]) and paid (who -> coins); of
               one that is played noticed: lines about what others did, not shown to it yet
    thing      out_at and left (burning), turns_at (turning), done_at (a machine): ticks, or None

and in a game that somebody else wrote (`world_fixtures.foreign`) all that its database says of its
objects, scripts and channels: see `world_fixtures.foreign.inside.reading`.

Rooms have no state of their own: what is in one follows from the locations. The hash
covers the spec's hash and these fields and nothing else, so it is equal in any process,
in any run and on any version of Evennia.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict

from world_fixtures.common import digest
from world_fixtures.facts import Arranged
from world_fixtures.living import CLOCK, Living
from world_fixtures.spec import WorldSpec

Fields = dict[str, Any]
"""Field name -> str, bool, int, list, dict with names for keys, or None."""


class WorldState(BaseModel):
    """A snapshot of one instance."""

    model_config = ConfigDict(frozen=True)

    spec_hash: str
    entities: dict[str, Fields]
    """Mutable fields by entity id."""

    @property
    def hash(self) -> str:
        """32 hex digits."""
        return state_hash(
            self.spec_hash, ((i, entity_digest(i, f)) for i, f in self.entities.items())
        )

    def get(self, entity: str, field: str) -> Any:
        """Return the value of a field, None where the entity or field does not exist."""
        return self.entities.get(entity, {}).get(field)

    def location(self, entity: str) -> str | None:
        """Return the id of what holds `entity` directly: a room, a thing or a character."""
        place: str | None = self.get(entity, "location")
        return place

    def room(self, entity: str) -> str | None:
        """Return the id of the room `entity` is in, through any containers."""
        place = self.location(entity)
        while place is not None and place in self.entities:
            place = self.location(place)
        return place

    def found(self, which: str) -> list[str]:
        """Return the ids of what `which` names: an id, or FIELD=VALUE.

        That is everything whose field is, or whose list holds, this value as text, but for capital
        letters: `key=rusty sword`, `tags=puzzle`, `typeclass=Mob`. What is gone is not found.
        """
        if which in self.entities or "=" not in which:
            return [which]  # rooms of ours have no state, and are named all the same
        field, _, value = which.partition("=")
        wanted = value.strip().casefold()
        return [
            entity
            for entity, fields in self.entities.items()
            if not fields.get("gone") and wanted in _as_texts(fields.get(field.strip()))
        ]

    def contents(self, place: str) -> list[str]:
        """Return the ids of what is directly in `place` (a room, thing or character), sorted."""
        return sorted(i for i, f in self.entities.items() if f.get("location") == place)

    def arranged(self, changes: Iterable[Arranged]) -> WorldState:
        """Return the state with these fields set, in their order."""
        entities = dict(self.entities)
        for entity, field, value in changes:
            entities[entity] = entities.get(entity, {}) | {field: value}
        return self.model_copy(update={"entities": entities})


def _as_texts(value: Any) -> list[str]:
    """Return a value, or those of a list, as `found` compares them."""
    several = value if isinstance(value, list) else [value]
    return [str(one).casefold() for one in several if one is not None]


def initial_state(spec: WorldSpec) -> WorldState:
    """Return the state in which every instance of `spec` starts."""
    return WorldState(spec_hash=spec.hash, entities=initial_fields(spec))


def initial_fields(spec: WorldSpec) -> dict[str, Fields]:
    """Return the mutable fields of every entity at the start, newly made."""
    if spec.game is not None:
        return {entity: dict(fields) for entity, fields in spec.game.initial.items()}
    entities: dict[str, Fields] = {c.id: {"location": c.location} for c in spec.characters}
    for thing in spec.things:
        fields: Fields = {"location": thing.location}
        if thing.container:
            fields |= {"open": thing.open, "locked": thing.locked}
        if thing.light:
            fields["lit"] = thing.lit
        if thing.writable:
            fields["inscriptions"] = list(thing.inscriptions)
            fields["hands"] = [""] * len(thing.inscriptions)
        entities[thing.id] = fields
    for door in spec.doors:
        entities[door.id] = {"open": door.open, "locked": door.locked}
    for exit_ in spec.exits:
        if exit_.hidden:
            entities[exit_.id] = {"revealed": False}
    if spec.living is not None:
        _add_living(entities, spec, spec.living)
    return entities


def _add_living(entities: dict[str, Fields], spec: WorldSpec, living: Living) -> None:
    """Add the fields of time and people."""
    people = {person.id: person for person in living.people}
    for character in spec.characters:
        person = people.get(character.id)
        if person is None:
            entities[character.id] |= {"purse": living.purse, "noticed": []}
        else:
            known = {"purse": person.purse, "seen": {}, "heard": [], "shown": [], "paid": {}}
            entities[character.id] |= known
    for burning in living.burning:
        lit = entities[burning.thing]["lit"]
        out_at = living.begins + burning.ticks if lit else None
        entities[burning.thing] |= {"out_at": out_at, "left": burning.ticks}
    for turning in living.turning:
        there = entities[turning.thing]["location"] is not None
        due = living.begins + turning.after if there else None
        entities[turning.thing]["turns_at"] = due
    for process in living.processes:
        entities[process.machine]["done_at"] = None
    entities[CLOCK] = {"tick": living.begins}


def entity_digest(entity: str, fields: Mapping[str, Any]) -> bytes:
    """Return a digest of one entity's fields, 16 bytes."""
    return digest([entity, fields])


def state_hash(spec_hash: str, digests: Iterable[tuple[str, bytes]]) -> str:
    """Return the hash of a state from its entities' digests, in any order: 32 hex digits."""
    ordered = b"".join([entity for _, entity in sorted(digests)])
    return hashlib.blake2b(spec_hash.encode() + ordered, digest_size=16).hexdigest()
