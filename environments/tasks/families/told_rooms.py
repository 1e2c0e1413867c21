"""Rooms that a text tells of: "the room that Ida Holm keeps"."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container
from typing import Final, NamedTuple

from environments.tasks.actor import Unsolvable
from world_fixtures.facts import Fact
from world_fixtures.generator.relations import tellings
from world_fixtures.reachability import room_of
from world_fixtures.spec import WorldSpec

PHRASES: Final = {
    "keeper": "the room that is kept by {}",
    "works_in": "the room in which {} works",
    "founded": "the room that was built in the year {}",
    "paces": "the room that is {} paces from wall to wall",
}
"""Relation between a room and a value -> the phrase that names the room by the value."""


class RoomTold(NamedTuple):
    """A room that one text tells how to recognise."""

    room: str
    phrase: str
    fact: Fact
    source: str
    """Id of the thing whose text tells it."""


def rooms_told(spec: WorldSpec, within: Container[str] | None = None) -> list[RoomTold]:
    """Return the rooms that a text tells of by a value that no other room has.

    With `within` only by texts that lie in these rooms, with nothing to unlock.
    """
    things = {t.id: t for t in spec.things}
    rooms = {r.id for r in spec.rooms}
    found: list[RoomTold] = []
    for fact, source in tellings(spec):
        phrase = PHRASES.get(fact.field)
        if phrase is None:
            continue
        room, value = (
            (fact.value, fact.entity) if fact.field == "works_in" else (fact.entity, fact.value)
        )
        if room in rooms and (within is None or room_of(things[source], things) in within):
            found.append(RoomTold(room, phrase.format(value), fact, source))
    rooms_of = {(f.phrase, f.room) for f in found}
    counts = Counter(phrase for phrase, _ in rooms_of)
    return [f for f in found if counts[f.phrase] == 1]


def told_as(spec: WorldSpec, phrase: str) -> RoomTold:
    """Return the room that the phrase names. Raises Unsolvable where no text tells of it."""
    for told in rooms_told(spec):
        if told.phrase == phrase:
            return told
    raise Unsolvable(f"no text tells of {phrase}")
