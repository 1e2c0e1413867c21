"""Worlds with one obstacle each, and what acts in them."""

from __future__ import annotations

import random
from typing import Any

from environments.tasks.planner import Planner
from environments.tasks.searcher import Searcher
from world_fixtures.rules import Simulation
from world_fixtures.spec import OPPOSITE, Character, Exit, Room, Thing, WorldSpec

START = "hall"


def world(*things: Thing, ways: str, capacity: int | None = None, **parts: Any) -> WorldSpec:
    """A world whose `ways` read `hall north attic`, one-way with `>`, a door or `hidden` after."""
    rooms: dict[str, dict[str, Any]] = {START: {}}
    exits = []
    for way in ways.split(","):
        source, direction, target, *extra = way.split()
        one_way, target = target.startswith(">"), target.removeprefix(">")
        rooms |= {source: rooms.get(source, {}), target: rooms.get(target, {})}
        hidden = extra == ["hidden"]
        door = extra[0] if extra and not hidden else None
        exits.append(
            Exit(source=source, direction=direction, target=target, door=door, hidden=hidden)
        )
        if not one_way:
            back = OPPOSITE[direction]
            exits.append(Exit(source=target, direction=back, target=source, door=door))
    dark = parts.pop("dark", ())
    scenery = parts.pop("scenery", {})
    return WorldSpec(
        name="small",
        title="small",
        rooms=tuple(
            Room(id=r, name=r, desc=f"The {r}.", dark=r in dark, scenery=scenery.get(r, ()))
            for r in rooms
        ),
        exits=tuple(exits),
        things=things,
        characters=(
            Character(id="you", name="Traveller", location=START, capacity=capacity),
            Character(id="caretaker", name="Caretaker", location=START),
        ),
        **parts,
    )


def thing(name: str, location: str | None, **fields: Any) -> Thing:
    return Thing(
        id=name.replace(" ", "_"), name=name, desc=f"A {name}.", location=location, **fields
    )


def planner(spec: WorldSpec) -> Planner:
    return Planner(Simulation(spec))


def searcher(spec: WorldSpec, seed: int = 0) -> Searcher:
    return Searcher(Simulation(spec), random.Random(seed))


def replayed(spec: WorldSpec, commands: list[str]) -> Simulation:
    live = Simulation(spec)
    for command in commands:
        live.act(command)
    return live


LINE = "hall north landing,landing north attic,hall east cellar"
NESTED = (
    thing("trunk", "attic", container=True, portable=False),
    thing("casket", "trunk", container=True),
    thing("shelf", START, surface=True, portable=False),
    thing("cup", "shelf"),
    thing("crate", START, container=True),
    thing("ring", "casket"),
)
