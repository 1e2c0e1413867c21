"""What the kinds share: rooms and things to give orders about, people, notes, look-alike seals."""

from __future__ import annotations

import random
from collections.abc import Sequence

from environments.tasks.families.common import BuildContext, Question
from environments.tasks.families.people import loaded
from environments.tasks.families.persistence.notes import (
    enough,
    in_the_open,
    open_rooms,
    room_in,
)
from world_fixtures.generator.inhabitants import Inhabitant, invent_people, with_people
from world_fixtures.generator.words import Split, a, share
from world_fixtures.living import Duty, Knowledge, Round, Stay
from world_fixtures.spec import Thing, WorldSpec

CLOCK_TOLD = "The day has 48 ticks, and `look` shows the clock; people walk about."
"""What a prompt says of time."""
STILL_UNTIL = 3
"""Difficulty up to which the person to be asked stays in one room."""
LONG = 24
"""Ticks that this person then stays in each of two rooms."""
_BEASTS = """heron otter badger stag raven hare pike viper falcon lynx toad swan boar owl marten
crane weasel adder hawk bear moth newt wolf ram kite"""
_MARKS = """star key crown bell wheel anchor coin arrow tower rose flame acorn sickle shell plume
hammer ladder thorn lamp cloud moon crook spade thistle comb"""
_COUNTS = ("one", "two", "three", "four", "five", "six", "seven")
_PAPERS = """creased blue stained folded grey torn yellowed narrow blotted ruled mottled pink
scorched green frayed thin square brown waxed oily stiff limp curled pale dappled rough white
patched faded striped crisp long speckled round"""

Seal = tuple[str, str, str]
"""Beast, number and mark."""


def ground(context: BuildContext, rooms: int, things: int) -> tuple[list[str], list[str]]:
    """Return open rooms, and things that lie in them; Unsolvable where there are too few."""
    found = open_rooms(context.spec)
    lying = sorted(in_the_open(context, found))
    enough(found, rooms)
    enough(lying, things)
    return found, lying


def whereabouts(context: BuildContext, thing: str) -> str:
    """Return the room in which a thing lies at the start."""
    found = context.spec.entities[thing]
    assert isinstance(found, Thing)
    return room_in(context, str(found.location))


def staff(context: BuildContext, rooms: Sequence[str], count: int) -> tuple[str, list[Inhabitant]]:
    """Invent an owner who is away, by name, and people who are there.

    The first of them stays in one room where the difficulty is low, and changes rooms seldom
    where it is not.
    """
    found = invent_people(context.spec, context.rng, count + 1, rooms, context.split)
    enough(found, count + 1)
    owner, first, *others = found
    work = first.person.duties[0].work
    if context.difficulty <= STILL_UNTIL:
        work = Stay(room=first.character.location)
    elif isinstance(work, Round):
        work = Round(rooms=work.rooms[:2], stay=LONG)
    person = first.person.model_copy(update={"duties": (Duty(work=work),)})
    return owner.character.name, [first.model_copy(update={"person": person}), *others]


def peopled(
    spec: WorldSpec, question: Question, knows: dict[str, list[Knowledge]]
) -> tuple[WorldSpec, list[Inhabitant]]:
    """Return the world with the people of a question, who know this by their ids."""
    people = []
    for found in loaded(question):
        known = tuple(knows.get(found.person.id, ()))
        person = found.person.model_copy(update={"knows": known})
        people.append(found.model_copy(update={"person": person}))
    return with_people(spec, people), people


def paper(id_: str, name: str, room: str, text: str, desc: str = "A written sheet.") -> Thing:
    """Return a sheet that is fixed to a wall, with a text."""
    return Thing(id=id_, name=name, desc=desc, location=room, portable=False, text=text)


def papers(rng: random.Random, count: int) -> list[str]:
    """Draw names for so many sheets."""
    return [f"{look} sheet" for look in rng.sample(_PAPERS.split(), count)]


def seals(rng: random.Random, split: Split, count: int, taken: set[Seal]) -> list[Seal]:
    """Draw up to four seals, any two of which differ in two of their three parts.

    So none of them is nearer to the rest than the others are: which one is true, the first here,
    cannot be seen from them. None is in `taken`, to which they are added.
    """
    parts = (share(_BEASTS, split), _COUNTS, share(_MARKS, split))
    while True:
        pairs = [rng.sample(list(part), 2) for part in parts]
        even = [(0, 0, 0), (0, 1, 1), (1, 0, 1), (1, 1, 0)]
        rng.shuffle(even)
        found: list[Seal] = [(pairs[0][x], pairs[1][y], pairs[2][z]) for x, y, z in even[:count]]
        if not taken & set(found):
            taken.update(found)
            return found


def shown(seal: Sequence[str]) -> str:
    """Describe a seal."""
    beast, count, mark = seal
    return f"{a(beast)} over {count} {mark if count == 'one' else mark + 's'}"
