"""A world in the making: what the steps of the generator share."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from world_fixtures.facts import Fact
from world_fixtures.generator.layout import Cell, Graph
from world_fixtures.generator.lexicon.things import MATERIALS
from world_fixtures.generator.words import Split, number, share
from world_fixtures.spec import Door, Recipe, Thing


@dataclass
class Spot:
    """A room in the making."""

    id: str
    name: str
    noun: str
    use: str
    """Its use, a letter of `lexicon.things.USES`."""
    place: str
    """`i` under a roof, `u` under ground, `o` in the open."""
    cell: Cell
    dark: bool = False
    shut: bool = False
    """Behind a locked door or a hidden exit."""


@dataclass(frozen=True)
class Person:
    """Somebody whom texts tell of."""

    name: str
    pronoun: str
    trade: str
    room: str
    born: int


@dataclass
class Draft:
    """A world in the making."""

    rng: random.Random
    split: Split
    difficulty: int
    theme: str
    scale: float
    """What the counts of a world of the usual size are multiplied by."""
    epoch: int = 0
    """About the year in which the world is played."""
    graph: Graph = field(default_factory=dict)
    spots: dict[Cell, Spot] = field(default_factory=dict)
    """The rooms, the start first."""
    people: list[Person] = field(default_factory=list)
    doors: list[Door] = field(default_factory=list)
    door_of: dict[frozenset[Cell], str] = field(default_factory=dict)
    hidden: set[tuple[Cell, Cell]] = field(default_factory=set)
    one_way: set[tuple[Cell, Cell]] = field(default_factory=set)
    """Ways that do not exist: their other direction is one-way."""
    behind: dict[str, list[str]] = field(default_factory=dict)
    """Id of a locked door -> the rooms behind it."""
    locks: list[tuple[str, str]] = field(default_factory=list)
    """Key id and the id of the door or container that it fits."""
    things: list[Thing] = field(default_factory=list)
    recipes: list[Recipe] = field(default_factory=list)
    facts: list[Fact] = field(default_factory=list)
    """What the world's texts may tell, apart from what they tell of themselves."""
    ids: set[str] = field(default_factory=set)

    def year(self, earliest: int, latest: int) -> int:
        """Draw a year, so many years before the epoch."""
        return number(self.rng, self.split, self.epoch - earliest, self.epoch - latest)

    def scaled(self, count: float, least: int = 0) -> int:
        """Return a number of things that is `count` in a world of the usual size."""
        return max(least, round(count * self.scale))

    def name(self, nouns: str, words: str = "") -> tuple[str, str, str]:
        """Choose an adjective and a noun that the world has not yet: id, adjective, noun.

        A noun is `noun:material`, with adjectives of that material, unless `words` has the
        adjectives. When the pairs are used up, there are two adjectives.
        """
        return self.call(self.rng.choice(share(nouns, self.split)), words)

    def call(self, noun: str, words: str = "") -> tuple[str, str, str]:
        """Choose an adjective for a noun so that the name is new: id, adjective, noun."""
        noun, _, kind = noun.partition(":")
        adjectives = share(words or MATERIALS[kind[0]], self.split)
        for attempt in range(1000):
            chosen = self.rng.sample(adjectives, 1 if attempt < 12 else 2 if attempt < 40 else 3)
            adjective = " ".join(chosen)
            found = identifier(f"{adjective} {noun}")
            if found not in self.ids:
                self.ids.add(found)
                return found, adjective, noun
        raise ValueError(f"the words for {noun!r} are used up")

    def add(
        self, called: tuple[str, str, str], location: str | None, desc: str, **fields: Any
    ) -> Thing:
        """Add a new thing."""
        found, adjective, noun = called
        thing = Thing(id=found, name=f"{adjective} {noun}", desc=desc, location=location, **fields)
        self.things.append(thing)
        return thing

    @property
    def start(self) -> Spot:
        """The first room."""
        return next(iter(self.spots.values()))

    def plain(self) -> list[Spot]:
        """Return the lit rooms that can be walked to from the start with nothing in the way."""
        return [s for s in self.spots.values() if not s.shut and not s.dark]

    def choose_spot(self, spots: Iterable[Spot], use: str = "") -> Spot:
        """Draw a room; one of the same use is four times as likely."""
        spots = list(spots)
        return self.rng.choices(spots, [4 if s.use == use else 1 for s in spots])[0]


def identifier(name: str) -> str:
    """Return the id of what has this name."""
    return name.lower().replace("-", "_").replace(" ", "_")[:48]
