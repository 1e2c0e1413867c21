"""What the kinds share: who lives here, and what they carry elsewhere while the agent is away."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from environments.tasks.actor import Unsolvable
from environments.tasks.families.common import (
    FRESH,
    LEAVE,
    BuildContext,
    Question,
    Script,
    listed,
)
from environments.tasks.families.people import dwellers_or_invented, loaded
from environments.tasks.families.persistence.notes import (
    FREE,
    SPARE,
    Pad,
    begun,
    nearest_first,
    placed,
    room_in,
)
from environments.tasks.families.persistence.witness import width_of
from environments.tasks.model import Evidence, Goal, Located, Together
from world_fixtures.facts import Arranged
from world_fixtures.generator.inhabitants import DAY, Inhabitant, with_people
from world_fixtures.living import CLOCK, PASSES, Bring, Duty, Stay
from world_fixtures.rules import Simulation, SpecIndex

AWAY = DAY
"""Ticks that pass while the agent is away."""
LEFT = "what was looked for is left in its place"
"""Goal of the first session: whoever carries off something itself cannot tell what others did."""
MOST = 300
"""Commands of a walkthrough or a search, at most."""
PEOPLE_HINT = (
    "People live here: `look` lists who is in a room under Others, and shows the clock. A day has"
    f" {DAY} ticks, and each command takes one."
)
"""Tells a player what there is to see of people and time."""


class Deed(NamedTuple):
    """A thing that somebody carries elsewhere while the agent is away."""

    person: int
    """Number of the person."""
    thing: str
    room: str
    """Where it is put down."""


def residents(context: BuildContext, rooms: Sequence[str], count: int) -> list[Inhabitant]:
    """Return people of whom each stays in a room of `rooms`; those of the world, where it has any.

    Raises Unsolvable where there are fewer than `count`.
    """
    found = dwellers_or_invented(context, rooms, count)
    return [staying(person, context.rng.choice(rooms)) for person in found]


def staying(person: Inhabitant, room: str) -> Inhabitant:
    """Return a person who is always in one room."""
    duties = (Duty(work=Stay(room=room)),)
    return Inhabitant(
        character=person.character.model_copy(update={"location": room}),
        person=person.person.model_copy(update={"duties": duties, "pace": 1, "knows": ()}),
    )


def home_of(person: Inhabitant) -> str:
    """Return the room in which a person stays."""
    return str(person.character.location)


def deeds_of(question: Question) -> list[Deed]:
    """Return the deeds of a question."""
    return [Deed(*deed) for deed in question["deeds"]]


def busy(people: Sequence[Inhabitant], deeds: Iterable[Deed]) -> list[Inhabitant]:
    """Return the people with what they are to carry before all else that they do."""
    found = list(people)
    for deed in deeds:
        person = found[deed.person].person
        duties = (Duty(work=Bring(thing=deed.thing, to=deed.room)), *person.duties)
        changed = person.model_copy(update={"duties": duties})
        found[deed.person] = found[deed.person].model_copy(update={"person": changed})
    return found


def unknowing(people: Sequence[Inhabitant], deeds: Iterable[Deed]) -> list[Arranged]:
    """Have those who will carry something not know where it is, so that they leave it alone."""
    return _knowing(people, [(deed, "") for deed in deeds])


def passing(
    context: BuildContext, people: Sequence[Inhabitant], deeds: Iterable[Deed]
) -> list[Arranged]:
    """Have them learn where it is, and let time pass in which they carry it away."""
    places = [(deed, start_of(context, deed.thing)) for deed in deeds]
    return [*_knowing(people, places), Arranged(CLOCK, PASSES, AWAY)]


def _knowing(people: Sequence[Inhabitant], places: Iterable[tuple[Deed, str]]) -> list[Arranged]:
    known: dict[str, dict[str, str]] = {}
    for deed, room in places:
        known.setdefault(people[deed.person].person.id, {})[deed.thing] = room
    return [Arranged(person, "seen", seen) for person, seen in known.items()]


def start_of(context: BuildContext, thing: str) -> str:
    """Return the room in which a thing is at the start."""
    return room_in(context, place_of(context, thing))


def place_of(context: BuildContext, thing: str) -> str:
    """Return what holds a thing directly at the start."""
    return str(getattr(context.spec.entities[thing], "location"))  # noqa: B009


def deeds_for(
    context: BuildContext, people: Sequence[Inhabitant], things: Iterable[str],
    rooms: Sequence[str], free: Iterable[int],
) -> list[Deed]:  # fmt: skip
    """Draw who carries each of `things` to which room: each time another one of `free`.

    Nobody does who would come by the thing otherwise, so that it is carried away once and is not
    taken again by chance. Raises Unsolvable where there is nobody.
    """
    rng, index = context.rng, SpecIndex(context.spec)
    left, found = list(free), []
    for thing in things:
        start = start_of(context, thing)
        options = [
            (n, room) for n in left for room in rooms
            if start not in _passed(index, home_of(people[n]), room) and room != start
        ]  # fmt: skip
        if not options:
            raise Unsolvable("nobody can carry this elsewhere")
        person, room = rng.choice(options)
        left.remove(person)
        found.append(Deed(person, thing, room))
    return found


def _passed(index: SpecIndex, home: str, room: str) -> set[str]:
    """Return the rooms on the ways between two rooms that a person takes, both included."""
    return {*_way(index, home, room), *_way(index, room, home)}


def _way(index: SpecIndex, start: str, end: str) -> Iterator[str]:
    yield start
    while start != end:
        start = index.toward(end)[start].target
        yield start


def check_done(simulation: Simulation, deeds: Iterable[Deed]) -> None:
    """Raise Unsolvable unless everything was carried where it was to go."""
    for deed in deeds:
        place: Any = simulation.get(deed.thing, "location")
        if place != deed.room:
            raise Unsolvable(f"{deed.thing} was not carried away")


def first_visit(
    context: BuildContext,
    question: Question,
    later: str,
    supports: Mapping[str, Sequence[str]] | None = None,
) -> tuple[Script, Pad, list[str]]:
    """Play the first session: find the things of the question and note where each of them is.

    `later` says in its prompt what will be asked; `supports` are the fields of the answer for which
    a thing has to be seen. Returns also the things in the order in which
    they were found.
    """
    things, people = question["things"], loaded(question)
    deeds = deeds_of(question)
    world = with_people(context.spec, busy(people, deeds))
    width = width_of(context, things, [r.id for r in context.spec.rooms])
    inhabited = replace(context, spec=world)
    script, where = begun(inhabited, question, len(things) + SPARE, width)
    actor = script.actor
    actor.limit = MOST
    script.begin(
        f"Find {listed([f'the {context.name(t)}' for t in things])}, and learn in which room each"
        f" of them is. Leave them where they are. {later} {PEOPLE_HINT} {where.offered} {FRESH}"
        f" {LEAVE}",
        before=unknowing(people, deeds),
    )
    order = []
    for thing in nearest_first(actor, things, actor.room_of):
        actor.reach(thing)
        order.append(thing)
    for thing in order:
        actor.write(placed(context, thing, start_of(context, thing)), where.id)
    actor.tidy()
    seen = [
        Evidence(field=field, entity=place_of(context, thing), fact="contents")
        for thing, fields in (supports or {}).items()
        for field in fields
    ]
    places = tuple(Located(entity=thing, place=place_of(context, thing)) for thing in things)
    left = Goal(name=LEFT, condition=Together(conditions=places))
    script.end(goals=[left], evidence=seen, free=FREE)
    return script, where, order
