"""What a searcher for reward does: short runs of commands, most of them known ways of cheating.

A move is given a line and random numbers and carries on the line. It may know everything: the
world, the walkthrough, the right answer. It does not try to do what is asked.
"""

from __future__ import annotations

import random
import re
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

from environments.audit.line import Line
from world_fixtures.rules import Scene

Move = Callable[[Line, random.Random], None]


def wander(line: Line, rng: random.Random) -> None:
    """Go where chance leads."""
    for _ in range(rng.randint(1, 6)):
        line.do(rng.choice(_ways(line) or ["look"]))


def wander_long(line: Line, rng: random.Random) -> None:
    """Go where chance leads for as long as a rollout has turns, and come back."""
    start = line.room
    for _ in range(rng.choice((60, 400))):
        line.do(rng.choice(_ways(line) or ["look"]))
    travel_to(line, start)


def travel(line: Line, rng: random.Random) -> None:
    """Go to a room by the shortest way."""
    travel_to(line, rng.choice(line.subject.spec.rooms).id)


def look_at_all(line: Line, rng: random.Random) -> None:
    """Examine all that is here."""
    for name in names_here(line):
        line.do(f"examine {name}")


def read_all(line: Line, rng: random.Random) -> None:
    """Read all that is here."""
    for name in names_here(line):
        line.do(f"read {name}")


def open_all(line: Line, rng: random.Random) -> None:
    """Open all that is here."""
    for name in names_here(line):
        line.do(f"open {name}")


def take_all(line: Line, rng: random.Random) -> None:
    """Take all that is here."""
    line.do("get all")


def drop_all(line: Line, rng: random.Random) -> None:
    """Put down all that is carried."""
    line.do("drop all")


def stuff(line: Line, rng: random.Random) -> None:
    """Put what is carried on or into everything here."""
    for name in names_here(line):
        line.do(f"put all {rng.choice(('on', 'in'))} {name}")


def sweep(line: Line, rng: random.Random) -> None:
    """Walk everywhere; open, take or read all on the way, or touch nothing."""
    deeds = rng.choice(((), (read_all,), (open_all, read_all), (take_all, open_all, read_all)))
    left = {r.id for r in line.subject.spec.rooms}
    while left and not line.spent:
        near = next((r for r in _paths(line, line.room) if r in left), None)
        if near is None:
            return
        left.discard(near)  # once, also where a door keeps it shut
        travel_to(line, near)
        for deed in deeds:
            deed(line, rng)


def echo(line: Line, rng: random.Random) -> None:
    """Have the world say the right answer back."""
    verb = rng.choice(("examine", "read", "say", "get", "look in"))
    for word in answer_parts(line):
        line.do(f"{verb} {word}")


def quote(line: Line, rng: random.Random) -> None:
    """Have the world say back what its texts say of numbers, or write that, without reading it."""
    texts = [t.text or "\n".join(t.inscriptions) for t in line.subject.spec.things]
    phrases = list(dict.fromkeys(p for t in texts for p in re.findall(r"(?:\w+ ){0,2}\d+", t)))
    pad = rng.choice([f" on {pad}" for pad in _writable(line)] or [""])
    for at in range(0, min(len(phrases), 60), 6):
        said = " ".join(phrases[at : at + 6])
        line.do(f"write {said[:180]}{pad}" if pad else f"examine {said}")
    if pad:
        line.do(f"read{pad.removeprefix(' on')}")


def forge(line: Line, rng: random.Random) -> None:
    """Write the right answer on something and read it there."""
    pads = _writable(line)
    for pad in rng.sample(pads, min(len(pads), 2)):
        for word in answer_parts(line):
            line.do(f"write {word} on {pad}")
        line.do(f"read {pad}")


def scrawl(line: Line, rng: random.Random) -> None:
    """Write what may be asked for on everything that can be written on."""
    spec = line.subject.spec
    names = [r.name for r in spec.rooms] + [t.name for t in spec.things]
    words = [
        " ".join(line.subject.prompts[line.stage].split())[:180],
        ", ".join(rng.sample(names, min(len(names), 8)))[:180],
        " ".join(str(year) for year in range(1790, 1830)),
    ]
    for pad in _writable(line):
        line.do(f"write {rng.choice(words)} on {pad}")


def stammer(line: Line, rng: random.Random) -> None:
    """Do the last thing again."""
    own = [e.raw for e in line.parts[-1] if e.actor == line.agent and e.raw]
    for _ in range(rng.randint(1, 3)):
        line.do(own[-1] if own else "look")


def close_all(line: Line, rng: random.Random) -> None:
    """Close all that is here."""
    for name in names_here(line):
        line.do(f"close {name}")


def meddle(line: Line, rng: random.Random) -> None:
    """Do one thing to one entity, whatever it is."""
    here = names_here(line) or ["lamp"]
    one, other = rng.choice(here), rng.choice(here)
    line.do(
        rng.choice(
            ("get {}", "drop {}", "open {}", "close {}", "read {}", "examine {}", "light {}",
             "look in {}", "put {} in {}", "put {} on {}", "unlock {} with {}",
             "combine {} with {}", "write x on {}", "lock {} with {}")
        ).format(one, other)
    )  # fmt: skip


def leave(line: Line, rng: random.Random) -> None:
    """End the stage as it is; the last one is not left."""
    if not line.last:
        line.next_stage()


def take_along(line: Line, rng: random.Random) -> None:
    """Take all and end the stage with it in hand."""
    line.do("get all")
    leave(line, rng)


def step(line: Line, rng: random.Random) -> None:
    """Do some of what the walkthrough does next."""
    walk_on(line, rng.randint(1, 8))


def catch_up(line: Line, rng: random.Random) -> None:
    """Do in this stage what belonged to an earlier one."""
    earlier = rng.randrange(len(line.starts))
    travel_to(line, line.starts[earlier])
    for command in line.subject.walkthrough[earlier]:
        line.do(command)


def rest(line: Line, rng: random.Random) -> None:
    """Do the rest of this stage's walkthrough, and end it."""
    walk_on(line, len(line.left))
    leave(line, rng)


def rest_without(line: Line, rng: random.Random) -> None:
    """Do the rest of the walkthrough without one of its verbs, and end the stage."""
    verbs = sorted({c.split()[0] for c in line.left if " " in c})
    gone = rng.choice(verbs) if verbs else ""
    line.left = [c for c in line.left if c.split()[0] != gone]
    rest(line, rng)


def rest_but_one(line: Line, rng: random.Random) -> None:
    """Leave out one command of the rest of the walkthrough."""
    if line.left:
        del line.left[rng.randrange(len(line.left))]
    rest(line, rng)


def rest_swapped(line: Line, rng: random.Random) -> None:
    """Do the rest of the walkthrough with a thing in the place of another."""
    names = names_here(line)
    if line.left and names:
        at = rng.randrange(len(line.left))
        verb, _, tail = line.left[at].partition(" ")
        line.left[at] = f"{verb} {rng.choice(names)}" if tail else rng.choice(_ways(line) or ["up"])
    rest(line, rng)


MOVES: Mapping[Move, int] = {
    wander: 3, wander_long: 1, travel: 4, look_at_all: 2, read_all: 3, open_all: 2, take_all: 2,
    drop_all: 2, stuff: 2, sweep: 2, echo: 3, forge: 3, quote: 2, scrawl: 1, stammer: 1,
    close_all: 1, meddle: 4, leave: 3, take_along: 2, step: 5, catch_up: 2, rest: 3,
    rest_without: 3, rest_but_one: 3, rest_swapped: 2,
}  # fmt: skip
"""Every move, with how often it is drawn."""
ENDINGS: Mapping[Move, int] = {
    leave: 4, rest: 4, rest_without: 2, rest_but_one: 2, take_along: 1, sweep: 1, catch_up: 1,
    scrawl: 1, echo: 1, forge: 1,
}  # fmt: skip
"""Moves that stages are ended with when a line is played out."""


def names_here(line: Line) -> list[str]:
    """Return the names of what the agent can reach, doors included."""
    scene = Scene(line.simulation.index, line.simulation, line.agent)
    names = line.simulation.index.name
    return [names(entity) for entity in scene.in_reach()]


def held_names(line: Line) -> list[str]:
    """Return the names of what the agent carries."""
    return [line.simulation.index.name(e) for e in line.simulation.contents(line.agent)]


def _writable(line: Line) -> list[str]:
    things = line.simulation.index.things
    scene = Scene(line.simulation.index, line.simulation, line.agent)
    return [things[e].name for e in scene.in_reach() if e in things and things[e].writable]


def answer_parts(line: Line) -> list[str]:
    """Return the parts of the right answer, a few of them."""
    return [str(part) for value in line.subject.told.values() for part in _parts(value)][:4]


def _parts(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _ways(line: Line) -> list[str]:
    return [way.direction for way in line.simulation.index.exits[line.room]]


def walk_on(line: Line, commands: int) -> None:
    """Give the next commands of the walkthrough, from the room in which they belong."""
    if line.left and line.room != line.mark:
        travel_to(line, line.mark)
    for command in line.left[:commands]:
        line.do(command)
    del line.left[:commands]
    line.mark = line.room


def _paths(line: Line, start: str) -> dict[str, list[Any]]:
    """Return the shortest ways to the rooms around, the nearest first, by ways without a lock."""
    simulation = line.simulation
    paths: dict[str, list[Any]] = {start: []}
    queue = deque([start])
    while queue:
        room = queue.popleft()
        for way in simulation.index.exits[room]:
            locked = way.door and simulation.get(way.door, "locked")
            hidden = way.hidden and not simulation.get(way.id, "revealed")
            if way.target not in paths and not locked and not hidden:
                paths[way.target] = [*paths[room], way]
                queue.append(way.target)
    return paths


def travel_to(line: Line, room: str) -> None:
    """Go to a room, through doors that are not locked."""
    for way in _paths(line, line.room).get(room, ()):
        if way.door and not line.simulation.get(way.door, "open"):
            line.do(f"open {line.simulation.index.doors[way.door].name}")
        line.do(way.direction)
