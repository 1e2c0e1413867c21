"""What the kinds share: the people of a task, who they are told by, and how they are found."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Sequence

from environments.tasks.actor import Actor
from environments.tasks.families.common import BuildContext, Kind, Question, TaskDraft, listed
from environments.tasks.families.persistence.notes import enough, open_rooms
from world_fixtures.generator.inhabitants import DAY, Inhabitant, invent_people
from world_fixtures.generator.words import share
from world_fixtures.living import Deal, Duty, Knowledge, Round, Stay
from world_fixtures.protocol import ResultKind
from world_fixtures.rules import Scene, Simulation, SpecIndex
from world_fixtures.spec import OPPOSITE, WorldSpec

PEOPLE_HINT = (
    "People walk about here: `look` lists who is in a room under Others, and shows the time, of"
    f" which a day has {DAY} ticks. `ask NAME about TOPIC` is how to learn what somebody knows."
)
"""Tells a player what there is to see of people and time."""
DRAWS = 12
WALKS = 12
"""Random walks that a task is tried with."""
ADJECTIVES = """amber brazen copper dapple ember fallow golden hollow ivory jagged lilac marble
nimble ochre pewter quiet russet silver tawny umber velvet woollen"""
NOUNS = """anchor beacon candle dagger easel falcon gannet hammer iceberg jackdaw kettle lantern
magpie needle otter pigeon quiver raven saddle thistle urchin walnut"""


def invent(context: BuildContext, count: int) -> list[Inhabitant]:
    """Invent people who walk about in the open rooms, no two of whom look the same.

    Raises Unsolvable where the world has too few rooms or names.
    """
    spec, rooms = context.spec, open_rooms(context.spec)
    enough(rooms, 3)
    index = SpecIndex(spec)
    invented = invent_people(spec, context.rng, count + 2, rooms, context.split)
    alike: dict[str, Inhabitant] = {}
    for person in invented:
        alike.setdefault(look_of(person), person)
    found = list(alike.values())[:count]
    enough(found, count)
    return [_kept_within(person, index, rooms, context.rng) for person in found]


def _kept_within(
    person: Inhabitant, index: SpecIndex, rooms: Sequence[str], rng: random.Random
) -> Inhabitant:
    """Return a person whose round leads through `rooms` alone."""
    [duty] = person.person.duties
    if not isinstance(duty.work, Round):
        return person
    stops, wanted = [duty.work.rooms[0]], len(duty.work.rooms)
    for room in (*duty.work.rooms[1:], *rng.sample(list(rooms), len(rooms))):
        both = [(a, b) for stop in stops for a, b in ((stop, room), (room, stop))]
        if room not in stops and all(_is_within(index, a, b, rooms) for a, b in both):
            stops.append(room)
    alone = len(stops) == 1
    work = Stay(room=stops[0]) if alone else Round(rooms=tuple(stops[:wanted]), stay=duty.work.stay)
    changed = person.person.model_copy(update={"duties": (Duty(work=work),)})
    return person.model_copy(update={"person": changed})


def _is_within(index: SpecIndex, room: str, target: str, rooms: Sequence[str]) -> bool:
    """Tell whether the way that people take from a room to another is open to all."""
    while room != target:
        way = index.toward(target).get(room)
        if way is None or way.target not in rooms:
            return False
        if way.door is not None and index.doors[way.door].locked:
            return False
        room = way.target
    return True


def drawn(kind: Kind, context: BuildContext, draw: Callable[[], Question]) -> Question | None:
    """Draw until random moves do not do what is asked; None where that takes too long."""
    for _ in range(DRAWS):
        question = draw()
        if not _falls_to_chance(kind.plan(context, question), context.rng):
            return question
    return None


def _falls_to_chance(draft: TaskDraft, rng: random.Random) -> bool:
    """Tell whether the walkthrough ever comes off with random exits in the place of its moves."""
    fresh = Simulation(draft.spec, views=False)
    agent = draft.spec.agent.id
    steps = [step.command for step in draft.stages[0].walkthrough if step.command]
    return any(_comes_off(fresh.copy(), agent, steps, rng) for _ in range(WALKS))


def _comes_off(world: Simulation, agent: str, steps: Sequence[str], rng: random.Random) -> bool:
    for step in steps:
        if step in OPPOSITE:
            ways = Scene(world.index, world, agent).exits()
            open_ways = [w for w in ways if w.door is None or world.get(w.door, "open")]
            step = rng.choice(open_ways or ways).direction
        outcome = world.act(step, agent)
        if outcome.kind is not ResultKind.OK and outcome.verb not in ("go", "open", "close"):
            return False
    return True


def look_of(person: Inhabitant) -> str:
    """Return what tells a person from others at a glance: `freckled glover in muddy boots`."""
    return person.character.desc.partition(" is a ")[2].rstrip(".")


def called(person: Inhabitant, by_look: bool) -> str:
    """Return what others call a person: by its name, or by its trade and habit."""
    return f"the {look_of(person)}" if by_look else person.character.name


def knowing(person: Inhabitant, *knows: Knowledge, deals: Sequence[Deal] = ()) -> Inhabitant:
    """Return a person who knows more, and agrees to more."""
    known = (*person.person.knows, *knows)
    dealing = (*person.person.deals, *deals)
    more = person.person.model_copy(update={"knows": known, "deals": dealing})
    return person.model_copy(update={"person": more})


def passwords(context: BuildContext, count: int) -> list[str]:
    """Draw different pairs of words that no other split has."""
    rng, found = context.rng, list[str]()
    adjectives, nouns = share(ADJECTIVES, context.split), share(NOUNS, context.split)
    while len(found) < count:
        word = f"{rng.choice(adjectives)} {rng.choice(nouns)}"
        if word not in found:
            found.append(word)
    return found


class Acquaintance:
    """Meets people of whom only the look is told: who looks like it is examined first.

    An actor that searches takes somebody else for the one it was sent to, each time.
    """

    def __init__(self, context: BuildContext, actor: Actor, people: Sequence[Inhabitant]) -> None:
        self._searching = context.search
        self._actor = actor
        self._unknown = [person.person.id for person in people]

    def learn(self, person: str) -> None:
        """Meet somebody and see what they look like."""
        if person not in self._unknown:
            return
        others = [p for p in self._unknown if p != person]
        if self._searching is not None and others:
            self._examine(self._searching.choice(others))
        self._examine(person)

    def _examine(self, person: str) -> None:
        self._unknown.remove(person)
        self._actor.meet(person)
        self._actor.do(f"examine {self._actor.name(person)}")


def in_turn(actor: Actor, people: Iterable[str]) -> Iterator[str]:
    """Meet people one after the other, whoever is in the room first, and yield each when met."""
    left = list(people)
    while left:
        person = next((p for p in left if actor.is_here(p)), left[0])
        actor.meet(person)
        left.remove(person)
        yield person


def places_of(spec: WorldSpec, person: Inhabitant) -> str:
    """Say where a person is to be found: `who is mostly in the Long Hall`."""
    names = {room.id: room.name for room in spec.rooms}
    [duty] = person.person.duties
    if isinstance(duty.work, Round):
        return f"who walks between {listed([f'the {names[r]}' for r in duty.work.rooms])}"
    assert isinstance(duty.work, Stay)
    return f"who is mostly in the {names[duty.work.room]}"
