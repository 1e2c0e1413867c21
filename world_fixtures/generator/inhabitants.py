"""People who live in a made world: who they are, and what they do all day."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from typing import Any

from world_fixtures.common import Frozen
from world_fixtures.generator.lexicon.people import MEN, SURNAMES, TRADES, WOMEN
from world_fixtures.generator.words import Split, share
from world_fixtures.living import Duty, Living, Person, Round, Stay
from world_fixtures.rules.names import words
from world_fixtures.spec import Character, WorldSpec

DAY = 48
"""Ticks of a day of made worlds."""
_LOOKS = """grey-haired tall stout freckled sharp-eyed stooping broad-shouldered long-fingered
red-cheeked soft-spoken bright-eyed weather-beaten"""
_WEARS = """a patched coat|an oilskin apron|a high collar|rolled sleeves|a green scarf|muddy boots
|a straw hat|ink-stained cuffs|a wide belt|a knitted cap|a worn waistcoat|wooden clogs"""


class Inhabitant(Frozen):
    """A character with what it does by itself."""

    character: Character
    person: Person


def invent_people(
    spec: WorldSpec, rng: random.Random, count: int, rooms: Sequence[str], split: Split
) -> list[Inhabitant]:
    """Invent people who walk about in `rooms`, or stay in one of them.

    Nobody has a first name that is in the world already. About two of three walk rounds. The same
    arguments give the same people.
    """
    taken = _names_told(spec)
    firsts = [n for n in (*share(WOMEN, split), *share(MEN, split)) if n.lower() not in taken]
    rng.shuffle(firsts)
    surnames, trades = share(SURNAMES, split), share(TRADES, split)
    looks, wears = _LOOKS.split(), [w.strip() for w in _WEARS.split("|")]
    found: list[Inhabitant] = []
    for first in firsts[:count]:
        last = rng.choice(surnames)
        look, trade = rng.choice(looks), rng.choice(trades)
        desc = f"{first} is a {look} {trade} in {rng.choice(wears)}."
        id_ = f"p_{first}_{last}".lower().replace("-", "_")
        route = rng.sample(list(rooms), min(len(rooms), rng.randint(2, 4)))
        walks = len(route) > 1 and rng.random() < 0.67
        work = Round(rooms=tuple(route), stay=rng.randint(5, 9)) if walks else Stay(room=route[0])
        person = Person(
            id=id_,
            duties=(Duty(work=work),),
            pace=rng.randint(1, 2),
            greeting=f"Good day. I am {first}, the {trade}.",
        )
        name = f"{first} {last}"
        character = Character(id=id_, name=name, desc=desc, location=route[0])
        found.append(Inhabitant(character=character, person=person))
    return found


def with_people(spec: WorldSpec, people: Iterable[Inhabitant], **living: Any) -> WorldSpec:
    """Return the world with these people, each in the place of who has its id, and with time.

    `living` are further fields of `Living`. What the world has already stays.
    """
    new = {p.person.id: p for p in people}
    old = spec.living or Living(day=DAY)
    characters = (
        *(c for c in spec.characters if c.id not in new), *(p.character for p in new.values())
    )  # fmt: skip
    persons = (*(p for p in old.people if p.id not in new), *(p.person for p in new.values()))
    present = {name: getattr(old, name) for name in Living.model_fields}
    return spec.model_copy(
        update={
            "characters": characters,
            "living": Living(**{**present, **living, "people": persons}),
        }
    )


def _names_told(spec: WorldSpec) -> set[str]:
    """Return the words of the names of everybody and everything."""
    named = [c.name for c in spec.characters] + [t.name for t in spec.things]
    named += [fact.entity for t in spec.things for fact in t.tells]
    named += [str(fact.value) for t in spec.things for fact in t.tells]
    return {word for name in named for word in words(name)}
