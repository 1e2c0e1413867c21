"""Validation of the people of a world: who they are, what they do, know and deal in. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import networkx as nx

from world_fixtures.living import Bring, Deal, Duty, Give, Living, Need, Person, Round, Stay, Tidy
from world_fixtures.problem import Problem, wrong_fact
from world_fixtures.reachability import can_be_carried, room_of
from world_fixtures.rules.names import words
from world_fixtures.rules.reading import one_line, parse
from world_fixtures.rules.social import is_social
from world_fixtures.spec import WorldSpec

Place = tuple[str | int, ...]
Found = Iterator[tuple[Place, str]]


def people_problems(spec: WorldSpec, living: Living) -> Iterator[Problem]:
    """Yield every error of the people of a world, in their order."""
    check = _Check(spec, living)
    for n, person in enumerate(living.people):
        for place, told in check.person(n, person):
            yield Problem(("living", "people", n, *place), f"living: {told}")


@dataclass
class _Check:
    spec: WorldSpec
    living: Living

    def __post_init__(self) -> None:
        spec = self.spec
        self.rooms = {r.id for r in spec.rooms}
        self.things = {t.id: t for t in spec.things}
        self.characters = {c.id: c for c in spec.characters}
        self.known = {*spec.entities, *(part.id for room in spec.rooms for part in room.scenery)}
        self.ways: nx.DiGraph[str] = nx.DiGraph()
        self.ways.add_nodes_from(self.rooms)
        self.ways.add_edges_from(
            (e.source, e.target)
            for e in spec.exits
            if not e.hidden and {e.source, e.target} <= self.rooms
        )

    def person(self, n: int, person: Person) -> Found:
        """Yield place (within the person) and message of each error."""
        earlier = {p.id for p in self.living.people[:n]}
        if person.id not in self.characters:
            yield ("id",), f"{person.id!r} is a person and no character of this world"
        elif person.id == self.spec.agent.id:
            yield ("id",), f"{person.id!r} is the agent, which cannot act by itself"
        elif person.id in earlier:
            yield ("id",), f"the person {person.id!r} is there twice"
        reached = self._reached(person)
        for k, duty in enumerate(person.duties):
            yield from _at(("duties", k), self._hours(person, duty))
            yield from _at(("duties", k, "work"), self._work(person, duty, reached))
        yield from _at(("knows",), self._knowledge(person))
        for k, deal in enumerate(person.deals):
            yield from _at(("deals", k), self._deal(person, deal))
        for k, heeded in enumerate(person.heeds):
            if heeded not in self.things and heeded not in self.characters:
                told = f"{person.id!r} heeds {heeded!r}, which is no thing and no character"
                yield ("heeds", k), told
            elif heeded in person.heeds[:k]:
                yield ("heeds", k), f"{person.id!r} heeds {heeded!r} twice"

    def _reached(self, person: Person) -> set[str]:
        """Return the rooms that a person can walk to; all where its own is unknown."""
        character = self.characters.get(person.id)
        if character is None or character.location not in self.rooms:
            return self.rooms
        return {character.location, *nx.descendants(self.ways, character.location)}

    def _hours(self, person: Person, duty: Duty) -> Found:
        day = self.living.day
        if duty.begins >= day:
            told = f"begins at tick {duty.begins}, beyond the day of {day} ticks"
            yield ("begins",), f"a duty of {person.id!r} {told}"
        if duty.ends is not None and duty.ends <= duty.begins:
            told = f"ends at tick {duty.ends} and begins at {duty.begins}"
            yield ("ends",), f"a duty of {person.id!r} {told}"
        elif duty.ends is not None and duty.ends > day:
            told = f"ends at tick {duty.ends}, beyond the day of {day} ticks"
            yield ("ends",), f"a duty of {person.id!r} {told}"

    def _work(self, person: Person, duty: Duty, reached: set[str]) -> Found:
        match duty.work:
            case Stay(room=room) | Give(room=room):
                yield from self._post(("room",), person, room, reached)
                if isinstance(duty.work, Give) and not _is_command(duty.work.command):
                    told = f"is to give {duty.work.command!r}, which is no command"
                    yield ("command",), f"{person.id!r} {told}"
            case Round(rooms=rooms):
                for k, room in enumerate(rooms):
                    yield from self._post(("rooms", k), person, room, reached)
            case Bring(thing=thing, to=to):
                yield from self._carried(("thing",), person, thing)
                holder = self.things.get(to)
                if to in self.rooms:
                    yield from self._post(("to",), person, to, reached)
                elif holder is None:
                    told = f"brings {thing!r} to {to!r}: no such place"
                    yield ("to",), f"{person.id!r} {told}"
                elif not (holder.container or holder.surface):
                    told = f"brings {thing!r} to {to!r}, which is neither container nor surface"
                    yield ("to",), f"{person.id!r} {told}"
                elif (room := room_of(holder, self.things) or "") in self.rooms:
                    yield from self._post(("to",), person, room, reached)
            case Tidy(things=things):
                for k, thing in enumerate(things):
                    yield from self._carried(("things", k), person, thing)
                    if thing in self.things and self.things[thing].location is None:
                        told = f"{person.id!r} tidies {thing!r}, which is nowhere at the start"
                        yield ("things", k), told

    def _post(self, place: Place, person: Person, room: str, reached: set[str]) -> Found:
        if room not in self.rooms:
            yield place, f"{person.id!r} is to go to {room!r}, and there is no such room"
        elif room not in reached:
            start = self.characters[person.id].location
            told = f"{person.id!r} is to go to {room!r} and can never get there from {start!r}"
            yield place, told

    def _carried(self, place: Place, person: Person, thing: str) -> Found:
        if thing not in self.things:
            yield place, f"{person.id!r} is to carry {thing!r}, and there is no such thing"
        elif not can_be_carried(self.things[thing]):
            yield place, f"{person.id!r} is to carry {thing!r}, which is not portable"

    def _knowledge(self, person: Person) -> Found:
        topics: set[tuple[frozenset[str], str]] = set()
        values: dict[tuple[str, str], object] = {}
        for n, known in enumerate(person.knows):
            topic = frozenset(words(known.topic))
            key = topic, known.needs.model_dump_json()
            if not topic:
                yield (n, "topic"), f"the topic {known.topic!r} of {person.id!r} holds no word"
            elif key in topics:
                told = f"{person.id!r} knows two things of {known.topic!r} under the same need"
                yield (n, "topic"), told
            topics.add(key)
            for k, fact in enumerate(known.tells):
                if wrong := wrong_fact(fact, self.known):
                    yield (n, "tells", k), f"{person.id!r} tells a fact {wrong}"
                elif not known.false:
                    told_before = values.setdefault((fact.entity, fact.field), fact.value)
                    if told_before != fact.value:
                        told = f"{fact.field!r} of {fact.entity!r} is {told_before!r}"
                        told = f"{person.id!r} contradicts itself: {told} and {fact.value!r}"
                        yield (n, "tells", k), f"{told}; mark what is not so as `false`"
            yield from _at((n, "needs"), self._need(person, known.needs))

    def _need(self, person: Person, need: Need) -> Found:
        for field, thing in (("has", need.has), ("shown", need.shown)):
            if thing is not None and thing not in self.things:
                told = f"{person.id!r} needs {thing!r} to tell something, and it is no thing"
                yield (field,), told
            elif thing is not None and not self._can_be_held(thing, person.id):
                told = f"{person.id!r} needs {thing!r} to tell something, which is not portable"
                yield (field,), told
        if need.heard is not None and not words(need.heard):
            yield ("heard",), f"the words {need.heard!r} that {person.id!r} needs hold no word"
        if need.hours is not None:
            first, last = need.hours
            if last <= first:
                told = f"ends at tick {last} and begins at {first}"
                yield ("hours",), f"the part of the day in which {person.id!r} tells {told}"
            elif last > self.living.day:
                told = f"goes beyond the day of {self.living.day} ticks"
                yield ("hours",), f"the part of the day in which {person.id!r} tells {told}"

    def _can_be_held(self, thing: str, person: str) -> bool:
        found = self.things[thing]
        return can_be_carried(found) or found.location in (person, self.spec.agent.id)

    def _deal(self, person: Person, deal: Deal) -> Found:
        if deal.gives is None and deal.wants is None:
            yield (), f"a deal of {person.id!r} gives nothing and wants nothing"
        elif deal.gives == deal.wants:
            yield ("wants",), f"{person.id!r} exchanges {deal.gives!r} for itself"
        elif deal.wants is None and deal.price < 0:
            told = "gives a thing and coins for nothing: its price is below 0"
            yield ("price",), f"a deal of {person.id!r} {told}"
        for field, thing in (("gives", deal.gives), ("wants", deal.wants)):
            if thing is not None and thing not in self.things:
                yield (field,), f"{person.id!r} deals in {thing!r}, and there is no such thing"
            elif thing is not None and not can_be_carried(self.things[thing]):
                yield (field,), f"{person.id!r} deals in {thing!r}, which is not portable"


def _is_command(text: str) -> bool:
    return parse(text).verb is not None or is_social(one_line(text))


def _at(place: Place, found: Found) -> Found:
    for inner, told in found:
        yield (*place, *inner), told
