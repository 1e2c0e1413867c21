"""What the conditions of a task may name in its world, and what is wrong where they do not. Pure.

Each check yields the path of a field within what is checked, and what is wrong with it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

from environments.tasks.forms import number
from environments.tasks.model import (
    Answered,
    Condition,
    Did,
    Evidence,
    Holds,
    Inscribed,
    Kept,
    Known,
    Located,
    Present,
    Said,
    Told,
    Visited,
)
from world_fixtures.document import Place
from world_fixtures.facts import Arranged, Fact
from world_fixtures.living import CLOCK, PASSES
from world_fixtures.nearest import did_you_mean
from world_fixtures.rules.grammar import SYNONYMS, VERBS
from world_fixtures.rules.social import SOCIAL_VERBS
from world_fixtures.spec import WorldSpec
from world_fixtures.state import initial_fields

Found = Iterator[tuple[Place, str]]

DID = frozenset((*VERBS, *SYNONYMS, *SOCIAL_VERBS))
SEEN = frozenset(
    ("contents", "desc", "exits", "greeting", "inscriptions", "left", "location", "locked", "open",
     "people", "said", "seen", "target", "text", "told")
)  # fmt: skip
"""Facts that commands reveal of themselves; texts and people tell others."""
LIVELY = frozenset(
    ("done_at", "heard", "left", "noticed", "out_at", "paid", "purse", "seen", "shown", "turns_at")
)
"""Fields that there are only where time passes and people live."""


@dataclass
class Names:
    """The names of one world; it may be a faulty one, as far as it could be read."""

    spec: WorldSpec

    def __post_init__(self) -> None:
        spec, living = self.spec, self.spec.living
        fields = initial_fields(spec.model_copy(update={"living": None}))
        self.fields = {
            entity: {*found, *LIVELY} if living else set(found) for entity, found in fields.items()
        }
        self.rooms = {r.id for r in spec.rooms}
        self.things = {t.id: t for t in spec.things}
        self.characters = {c.id for c in spec.characters}
        holders = {t.id for t in spec.things if t.container or t.surface}
        self.places = self.rooms | self.characters | holders
        self.known = {*spec.entities, *(part.id for room in spec.rooms for part in room.scenery)}
        people = living.people if living else ()
        self.people = {person.id for person in people}
        told = [fact for thing in spec.things for fact in thing.tells]
        told += [fact for person in people for known in person.knows for fact in known.tells]
        self.told: dict[tuple[str, str], list[Any]] = {}
        for entity, field, value in told:
            self.told.setdefault((entity, field), []).append(value)

    def condition(self, condition: Condition) -> Found:
        """Yield what is wrong with a condition that is not made of others."""
        if self.spec.game is not None:
            yield from self._in_game(condition)
            return
        match condition:
            case Said() | Kept():
                yield ("type",), f"{condition.type!r} is for games that somebody else wrote"
            case Located(entity=entity, place=place_):
                yield from self._located(entity, place_, "place")
            case Holds(entity=entity, field=field, value=value):
                yield from self._field(entity, field, value)
            case Inscribed(entity=entity):
                yield from self._inscribed(entity)
            case Visited(rooms=rooms):
                for n, room in enumerate(rooms):
                    yield from _one_of(self.rooms, "room", room, ("rooms", n))
            case Did(verb=verb, entity=entity):
                yield from _one_of(DID, "verb", verb, ("verb",))
                yield from _one_of(self.known, "entity", entity, ("entity",))
            case Present():
                yield from self._present(condition)
            case Told(person=person):
                yield from _one_of(self.people, "person", person, ("person",))
            case Answered():
                yield from self._answered(condition)

    def _in_game(self, condition: Condition) -> Found:
        """Yield what is wrong with a condition in a game that somebody else wrote."""
        match condition:
            case Located(entity=entity, place=place_):
                yield from self._of_game(entity, ("entity",))
                yield from self._of_game(place_, ("place",))
            case Holds(entity=entity) | Kept(entity=entity):
                yield from self._of_game(entity, ("entity",))
            case Visited(rooms=rooms):
                for n, room in enumerate(rooms):
                    yield from self._of_game(room, ("rooms", n))
            case Said(channel=channel):
                if channel is not None:
                    yield from self._of_game(channel, ("channel",))
            case Answered():
                yield from self._answered(condition)
            case _:
                known = "located, holds, visited, said, unchanged, answered, together"
                yield ("type",), f"{condition.type!r} is not for a game: choose from {known}"

    def _of_game(self, which: str, place: Place) -> Found:
        """Yield what is wrong with the name of something in a game: an id, or FIELD=VALUE."""
        if "=" not in which:
            yield from _one_of(self.fields, "entity", which, place)

    def _located(self, entity: str, place: Any, field: str) -> Found:
        movable = {*self.things, *self.characters}
        yield from _one_of(movable, "thing or character", entity, ("entity",))
        if not isinstance(place, str | None):
            yield (field,), f"{place!r} is no id of a place"
            return
        thing = self.things.get(place or "")
        if thing is not None and place not in self.places:
            yield (field,), f"{place!r} is neither container nor surface: nothing can be in it"
        elif place is not None or field == "place":
            yield from _one_of(self.places, "place", place, (field,))
        if entity in self.characters and place in self.places - self.rooms:
            yield (field,), f"{entity!r} is a character, and those are in rooms alone"
        elif entity == place:
            yield (field,), f"{entity!r} cannot be in itself"

    def _field(self, entity: str, field: str, value: Any) -> Found:
        """Yield what is wrong with a mutable field and its value."""
        if entity not in self.fields:
            yield from _one_of(self.fields, "entity whose state can change", entity, ("entity",))
        elif field not in self.fields[entity]:
            known = sorted(self.fields[entity])
            message = f"{entity!r} has no field {field!r}{did_you_mean(field, known)}"
            yield ("field",), f"{message}: it has {', '.join(known) or 'none'}"
        elif field == "location":
            yield from self._located(entity, value, "value")
        elif field in ("open", "locked", "lit", "revealed") and not isinstance(value, bool):
            yield ("value",), f"{field!r} is true or false, not {value!r}"

    def _inscribed(self, entity: str) -> Found:
        if entity in self.things and not self.things[entity].writable:
            yield ("entity",), f"{entity!r} is not writable: nothing can be written on it"
        else:
            writable = [t.id for t in self.spec.things if t.writable]
            yield from _one_of(writable, "writable thing", entity, ("entity",))

    def _present(self, condition: Present) -> Found:
        yield from _one_of(self.rooms, "room", condition.room, ("room",))
        living = self.spec.living
        if living is None:
            yield ("begins",), "no time passes in this world: it has no `living`"
        elif condition.day != living.day:
            yield ("day",), f"the day of this world has {living.day} ticks, not {condition.day}"
        elif not condition.begins < condition.ends <= living.day:
            told = f"from {condition.begins} to before {condition.ends}"
            yield ("ends",), f"{told} is no part of a day of {living.day} ticks"

    def _answered(self, condition: Answered) -> Found:
        if condition.known is not None:
            yield from _at(("known",), self._known(condition.known))
        elif not condition.expected:
            yield ("expected",), "is missing: say what is expected, or what is `known`"
        elif condition.match == "number" and number(condition.expected[0]) is None:
            yield ("expected", 0), f"{condition.expected[0]!r} is no number"

    def _known(self, known: Known) -> Found:
        if known.asks == "where":
            yield from _one_of({*self.things, *self.characters}, "thing", known.entity, ("entity",))
        else:
            yield from _one_of(self.places, "place", known.entity, ("entity",))

    def evidence(self, evidence: Evidence, answers: Collection[str]) -> Found:
        """Yield what is wrong with the evidence for one of the `answers`."""
        if self.spec.game is not None:
            yield (), "a game reveals no facts: a goal of type `said` tells what must be shown"
            return
        yield from _one_of(answers, "field of the answer", evidence.field, ("field",))
        told = self.told.get((evidence.entity, evidence.fact))
        if told is None and evidence.fact not in SEEN:
            yield from self._untold(evidence)
        elif told is None:
            yield from _one_of(self.known, "entity", evidence.entity, ("entity",))
        elif evidence.value is not None and evidence.value not in told:
            yield ("value",), f"what is told is {told[0]!r}, and never {evidence.value!r}"

    def _untold(self, evidence: Evidence) -> Found:
        entities = {entity for entity, _ in self.told}
        if evidence.entity not in self.known | entities:
            known = self.known | entities
            yield from _one_of(known, "entity", evidence.entity, ("entity",))
        else:
            fields = {field for entity, field in self.told if entity == evidence.entity}
            meant = did_you_mean(evidence.fact, {*fields, *SEEN})
            told = f"nothing tells {evidence.fact!r} of {evidence.entity!r}{meant}"
            yield ("fact",), f"{told}: a thing's `tells` must have it"

    def arranged(self, change: Arranged | Fact) -> Found:
        """Yield what is wrong with something that is changed before a stage."""
        entity, field, value = change
        if self.spec.game is not None:
            yield from _one_of(self.fields, "entity", entity, ())
            if field == "location" and value is not None:
                yield from _one_of(self.fields, "place", value, ())
        elif entity == CLOCK:
            if self.spec.living is None:
                yield (), "no time passes in this world: it has no `living`"
            elif field != PASSES or type(value) is not int:
                yield (), f"of {CLOCK!r} only {PASSES!r} can be set, to a number of ticks"
        else:
            yield from ((((), message)) for _, message in self._field(entity, field, value))

    def free(self, entities: Collection[str]) -> Found:
        """Yield the ids of what may change that are of nothing."""
        if self.spec.game is not None and entities:
            yield (), "in a game all may change: a goal of type `unchanged` says what may not"
            return
        for n, entity in enumerate(entities):
            yield from _one_of(self.known, "entity", entity, (n,))


def _one_of(known: Collection[str], what: str, name: Any, place: Place) -> Found:
    if name not in known:
        yield place, f"there is no {what} {name!r} in this world{did_you_mean(name, known)}"


def _at(place: Place, found: Found) -> Found:
    for inner, message in found:
        yield (*place, *inner), message
