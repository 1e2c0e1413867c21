"""Filling a layout with doors, keys, lights, texts and things, and the facts that they hold."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any

import networkx as nx

from world_fixtures.facts import Fact
from world_fixtures.generator import words
from world_fixtures.generator.layout import Cell, direction
from world_fixtures.generator.words import Split, number, share
from world_fixtures.spec import (
    Character,
    Door,
    Exit,
    Recipe,
    Room,
    Thing,
    WorldSpec,
)


@dataclass
class WorldDraft:
    """A world in the making."""

    rng: random.Random
    split: Split
    difficulty: int
    theme: str
    graph: nx.Graph[Cell]
    rooms: dict[Cell, str] = field(default_factory=dict)
    """Cell -> room id, the start first."""
    names: dict[str, str] = field(default_factory=dict)
    """Room id -> name."""
    dark: set[str] = field(default_factory=set)
    locked: dict[str, str] = field(default_factory=dict)
    """Leaf room id -> door id."""
    hidden: dict[str, str] = field(default_factory=dict)
    """Leaf room id -> id of the thing that reveals its exit."""
    one_way: set[tuple[str, str]] = field(default_factory=set)
    doors: list[Door] = field(default_factory=list)
    things: list[Thing] = field(default_factory=list)
    recipes: list[Recipe] = field(default_factory=list)
    facts: list[Fact] = field(default_factory=list)
    taken: set[str] = field(default_factory=set)

    def words(self, text: str) -> tuple[str, ...]:
        """Return the words of `text` that belong to the world's split."""
        return share(text, self.split)

    def name(self, nouns: str) -> str:
        """Choose an adjective and a noun that the world has not yet."""
        for _ in range(200):
            adjective = self.rng.choice(self.words(words.THING_ADJECTIVES))
            found = f"{adjective} {self.rng.choice(self.words(nouns))}"
            if found not in self.taken:
                self.taken.add(found)
                return found
        raise ValueError("the words of this split are used up")

    def add(self, nouns: str, location: str | None, desc: str, **fields: Any) -> Thing:
        """Add a new thing with a name of its own."""
        name = self.name(nouns)
        thing = Thing(
            id=f"t{len(self.things)}_{name.split()[-1].replace('-', '_')}",
            name=name, desc=desc, location=location, **fields,
        )  # fmt: skip
        self.things.append(thing)
        return thing

    @property
    def start(self) -> str:
        """Id of the first room."""
        return next(iter(self.rooms.values()))

    def plain_rooms(self) -> list[str]:
        """Return the lit rooms that can be walked to from the start with nothing in the way."""
        return [r for r in self.rooms.values() if self.free(r) and r not in self.dark]

    def free(self, room: str) -> bool:
        """Tell whether a room is neither locked nor hidden."""
        return room not in self.locked and room not in self.hidden


def furnish(draft: WorldDraft) -> tuple[WorldSpec, tuple[Fact, ...]]:
    """Return the finished world and its facts."""
    _name_rooms(draft)
    _lock_and_hide(draft)
    _darken(draft)
    _add_keys(draft)
    _add_signs(draft)
    _add_light(draft)
    _add_furniture(draft)
    _add_texts(draft)
    _add_recipe(draft)
    _add_trinkets(draft)
    spec = WorldSpec(
        name=f"{draft.theme}_{draft.split}",
        title=f"The {draft.theme}",
        theme=draft.theme,
        rooms=tuple(_rooms(draft)),
        exits=tuple(_exits(draft)),
        doors=tuple(draft.doors),
        things=tuple(draft.things),
        recipes=tuple(draft.recipes),
        characters=(
            Character(id="you", name="Traveller", location=draft.start),
            Character(id="caretaker", name="Caretaker", location=draft.start),
        ),
    )
    return spec, tuple(draft.facts)


def _name_rooms(draft: WorldDraft) -> None:
    rng = draft.rng
    pairs = [
        f"{a} {n}"
        for n in draft.words(words.ROOM_NOUNS[draft.theme])
        for a in draft.words(words.ROOM_ADJECTIVES)
    ]
    for n, (cell, name) in enumerate(
        zip(draft.graph, rng.sample(pairs, len(draft.graph)), strict=True)
    ):
        draft.rooms[cell] = f"r{n}"
        draft.names[f"r{n}"] = name.title()


def _leaves(draft: WorldDraft) -> list[str]:
    return [
        draft.rooms[c]
        for c in draft.graph
        if draft.graph.degree(c) == 1 and draft.rooms[c] != draft.start
    ]


def _lock_and_hide(draft: WorldDraft) -> None:
    """Lock or hide leaves; make edges on cycles one-way where all stays connected."""
    rng, level = draft.rng, draft.difficulty
    leaves = _leaves(draft)
    rng.shuffle(leaves)
    for n, room in enumerate(leaves[: 0 if level < 2 else 1 + (level - 2) // 3]):
        draft.locked[room] = f"d{n}"
    rest = [r for r in leaves if r not in draft.locked]
    for room in rest[: 0 if level < 4 else 1 + (level >= 8)]:
        draft.hidden[room] = ""
    if level >= 5:
        ways: nx.DiGraph[Cell] = nx.DiGraph()
        for a, b in draft.graph.edges:
            ways.add_edge(a, b)
            ways.add_edge(b, a)
        bridges: set[Any] = set(nx.bridges(draft.graph))
        edges = [e for e in draft.graph.edges if e not in bridges]
        rng.shuffle(edges)
        for a, b in edges[: 1 + level // 4]:
            ways.remove_edge(a, b)
            if nx.is_strongly_connected(ways):
                draft.one_way.add((draft.rooms[a], draft.rooms[b]))
            else:
                ways.add_edge(a, b)


def _darken(draft: WorldDraft) -> None:
    level = draft.difficulty
    rooms = [r for r in draft.rooms.values() if r != draft.start and draft.free(r)]
    if level >= 3 and len(rooms) > 3:
        neighbours = {draft.rooms[c] for c in draft.graph if _beside_special(draft, c)}
        rooms = [r for r in rooms if r not in neighbours] or rooms[:0]
        draft.dark.update(draft.rng.sample(rooms, min(len(rooms), 1 + level // 5)))


def _beside_special(draft: WorldDraft, cell: Cell) -> bool:
    return any(not draft.free(draft.rooms[n]) for n in draft.graph[cell])


def _anchor(draft: WorldDraft, leaf: str) -> str:
    """Return the room that a leaf of the graph is joined to."""
    cell = next(c for c, r in draft.rooms.items() if r == leaf)
    return draft.rooms[next(iter(draft.graph[cell]))]


def _add_keys(draft: WorldDraft) -> None:
    """Each key lies where it can be had before its door: open rooms, or behind earlier doors."""
    rng = draft.rng
    reachable = draft.plain_rooms()
    for leaf, door in draft.locked.items():
        place = rng.choice(reachable)
        key = draft.add("key key key key key", place, "A key, worn smooth by use.")
        noun = rng.choice(draft.words(words.DOORS))
        name = draft.name(f"{noun} " * 5)
        draft.doors.append(
            Door(id=door, name=name, desc=f"A {noun} with a heavy lock.", locked=True, key=key.id)
        )
        reachable = [*reachable, leaf]


def _add_signs(draft: WorldDraft) -> None:
    for leaf in draft.hidden:
        room = _anchor(draft, leaf)
        way = direction(_cell(draft, room), _cell(draft, leaf))
        sign = draft.add(
            words.SIGNS, room, "It hangs a hand's breadth from the wall.",
            portable=False, reveals=f"{room}:{way}",
        )  # fmt: skip
        draft.hidden[leaf] = sign.id


def _cell(draft: WorldDraft, room: str) -> Cell:
    return next(c for c, r in draft.rooms.items() if r == room)


def _add_light(draft: WorldDraft) -> None:
    if draft.dark:
        place = draft.rng.choice(draft.plain_rooms())
        draft.add(words.LIGHTS, place, "It has oil enough for a long night.", light=True)


def _add_furniture(draft: WorldDraft) -> None:
    rng, level = draft.rng, draft.difficulty
    plain = draft.plain_rooms()
    for _ in range(1 + level // 3):
        draft.add(
            words.SURFACES, rng.choice(plain), "It stands firm.", portable=False, surface=True
        )
    for n in range(1 + level // 2):
        holder = draft.add(
            words.CONTAINERS, rng.choice(plain), "Its lid sits tight.", portable=n % 2 == 1,
            container=True,
        )  # fmt: skip
        place = holder
        if level >= 5 and n == 0:
            place = draft.add(
                words.CONTAINERS, holder.id, "It is small enough to be carried.", container=True
            )
        for _ in range(1 + rng.randrange(2)):
            draft.add(words.TRINKETS, place.id, "A small thing, well made.")
    lines = [_sentence(draft) for _ in range(2 + rng.randrange(3))]
    draft.add(
        words.WRITABLES, rng.choice(plain), "People have left their lines here.",
        portable=False, writable=True, inscriptions=tuple(lines),
    )  # fmt: skip
    for _ in range(level // 3):
        draft.add(words.FIXTURES, rng.choice(plain), "It has not been moved in years.", heavy=True)
    if level >= 6:
        key = draft.add("key key key key key", rng.choice(plain), "A key with a long shank.")
        box = draft.add(
            words.CONTAINERS, rng.choice(plain), "It has a lock of its own.", portable=False,
            container=True, locked=True, key=key.id,
        )  # fmt: skip
        draft.add(words.TRINKETS, box.id, "Somebody wanted it kept safe.")


def _sentence(draft: WorldDraft) -> str:
    goods = draft.rng.choice(draft.words(words.GOODS))
    return f"{_person(draft)} was here for the {goods}"


def _person(draft: WorldDraft) -> str:
    first = draft.rng.choice(draft.words(words.FIRST_NAMES))
    return f"{first} {draft.rng.choice(draft.words(words.SURNAMES))}"


def _add_texts(draft: WorldDraft) -> None:
    """Documents with three facts each, in open rooms, dark ones and behind doors."""
    rng = draft.rng
    rooms = list(draft.rooms.values())
    surfaces = [t.id for t in draft.things if t.surface]
    for n in range(max(2, (len(rooms) + 1) // 2)):
        place = rng.choice(surfaces) if n == 0 else rng.choice(rooms)
        person, goods = _person(draft), rng.choice(draft.words(words.GOODS))
        year = number(rng, draft.split, 1400, 1894)
        code = number(rng, draft.split, 1000, 99990)
        count = number(rng, draft.split, 15, 990)
        document = draft.add(
            words.DOCUMENTS, place, "Its writing is small and even.",
            text=(
                f"Begun in the year {year} by {person}. {count} {goods} are accounted for."
                f" The mark upon the seal is {code}."
            ),
        )  # fmt: skip
        name, source = document.name, document.id
        draft.facts += [
            Fact(subject=f"the year in which the {name} was begun", value=str(year), kind="date",
                 source=source, text=f"the year {year}"),
            Fact(subject=f"the name of the person who began the {name}", value=person,
                 kind="owner", source=source, text=person),
            Fact(subject=f"the number of {goods} that the {name} accounts for", value=str(count),
                 kind="amount", source=source, text=f"{count} {goods}"),
            Fact(subject=f"the mark upon the seal, as the {name} has it", value=str(code),
                 kind="code", source=source, text=f"seal is {code}"),
        ]  # fmt: skip


def _add_recipe(draft: WorldDraft) -> None:
    if draft.difficulty < 4:
        return
    rooms = list(draft.rooms.values())
    parts = [
        draft.add(words.PARTS, draft.rng.choice(rooms), "One part of something.")
        for _ in range(2 + (draft.difficulty >= 8))
    ]
    product = draft.add(words.PRODUCTS, None, "Whole at last.")
    draft.recipes.append(Recipe(parts=tuple(p.id for p in parts), makes=product.id))


def _add_trinkets(draft: WorldDraft) -> None:
    rooms = list(draft.rooms.values())
    for _ in range(3 + draft.difficulty):
        draft.add(words.TRINKETS, draft.rng.choice(rooms), "It has seen some use.")


def _rooms(draft: WorldDraft) -> list[Room]:
    """Rooms with descriptions whose first sentences are all different."""
    details = [d.partition("|")[2] for d in words.DETAILS.splitlines()]
    lines = [d.format(m=m) for m in words.MATERIALS.split() for d in details]
    chosen = draft.rng.sample(lines, 2 * len(draft.rooms))
    return [
        Room(
            id=room,
            name=draft.names[room],
            desc=f"{chosen[2 * n]}. {chosen[2 * n + 1]}.",
            dark=room in draft.dark,
        )
        for n, room in enumerate(draft.rooms.values())
    ]


def _exits(draft: WorldDraft) -> list[Exit]:
    exits = []
    for a, b in draft.graph.edges:
        for here, there in ((a, b), (b, a)):
            source, target = draft.rooms[here], draft.rooms[there]
            if (source, target) in draft.one_way:
                continue
            door = draft.locked.get(target) or draft.locked.get(source)
            exits.append(
                Exit(
                    source=source,
                    direction=direction(here, there),
                    target=target,
                    door=door,
                    hidden=target in draft.hidden,
                )
            )
    return exits
