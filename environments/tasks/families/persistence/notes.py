"""What the kinds share: a pad for notes, the rooms and things to use, the next one to go to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import networkx as nx

from environments.tasks.actor import FAR, Actor, Unsolvable
from environments.tasks.families.common import BuildContext, Kind, Question, Script, with_things
from world_fixtures.facts import Arranged
from world_fixtures.generator.words import number
from world_fixtures.spec import Thing, WorldSpec

FIXED_FROM = 6
"""Difficulty from which the pad stands in a room instead of being carried."""
DECOYS_FROM = 4
"""Difficulty from which somebody else's notes lie where the agent wakes."""
SPARE = 2
"""Lines of the pad beyond one for each thing to note."""
PAD = "q_pad"
COPYBOOK = "q_copybook"
FREE = (PAD, COPYBOOK)
"""What the agent may change in any stage."""


class Pad(NamedTuple):
    """What the agent can write on: few lines, and short ones."""

    thing: Thing
    fixed: bool

    @property
    def id(self) -> str:
        """Its id."""
        return self.thing.id

    @property
    def offered(self) -> str:
        """Say in the first stage what there is to write on."""
        size = f"room for {self.thing.lines} lines of at most {self.thing.width} characters"
        if self.fixed:
            return f"For notes there is a {self.thing.name} in one of the rooms, with {size}."
        return f"For notes you carry a {self.thing.name} with {size}."

    @property
    def kept(self) -> str:
        """Say in a later stage where notes may be."""
        if self.fixed:
            return f"Your notes, if you made any, are on the {self.thing.name} where it was."
        return f"Your notes, if you made any, are in the {self.thing.name} that you carry."


def pad(context: BuildContext, question: Question, lines: int, width: int) -> Pad:
    """Return the pad of a question: in the room `question["pad"]`, carried where that is None."""
    room = question["pad"]
    width = min(200, width)
    if room is None:
        return carried_pad(context, lines, width)
    tablet = Thing(
        id=PAD, name="wax tablet", desc="A tablet of wax, framed and screwed down.",
        location=room, portable=False, writable=True, lines=lines, width=width,
    )  # fmt: skip
    return Pad(tablet, True)


def carried_pad(context: BuildContext, lines: int, width: int) -> Pad:
    """Return a notebook that the agent carries, with so many lines of so many characters."""
    notebook = Thing(
        id=PAD, name="pocket notebook", desc="A notebook with few leaves left.",
        location=context.spec.agent.id, writable=True, lines=lines, width=width,
    )  # fmt: skip
    return Pad(notebook, False)


def pad_room(context: BuildContext, rooms: Sequence[str]) -> str | None:
    """Draw the room of the pad, None where it is carried."""
    return context.rng.choice(rooms) if context.difficulty >= FIXED_FROM else None


def redrawn(kind: Kind, context: BuildContext, question: Question, *kept: str) -> Question:
    """Draw another question of a kind that agrees with the first in notes, waking and `kept`."""
    other = kind.choose(context)
    assert other is not None
    return other | {k: question[k] for k in ("pad", "wake", "copied", *kept)}


def begun(
    context: BuildContext, question: Question, lines: int, width: int, *things: Thing
) -> tuple[Script, Pad]:
    """Return a script in the world with the pad, what else is added, and others' notes."""
    where = pad(context, question, lines, width)
    copied = question["copied"]
    others = [copybook(copied)] if copied else []
    spec = with_things(context.spec, *things, where.thing, *others)
    return Script(context.actor(spec), context), where


def waking(context: BuildContext, question: Question, room: str) -> list[Arranged]:
    """Move the agent to where the last stage begins, and others' notes into that room."""
    lying = [Arranged(COPYBOOK, "location", room)] if question["copied"] else []
    return [woken(context, room), *lying]


def copybook(inscriptions: Sequence[str]) -> Thing:
    """Return a book with notes in another hand, which `waking` brings into play."""
    return Thing(
        id=COPYBOOK, name="dog-eared copybook", desc="Somebody's copybook, full to the last line.",
        location=None, offstage=True, writable=True, inscriptions=tuple(inscriptions),
        lines=len(inscriptions),
    )  # fmt: skip


def woken(context: BuildContext, room: str) -> Arranged:
    """Move the agent to the room in which it begins a stage."""
    return Arranged(context.spec.agent.id, "location", room)


def rewritten(thing: str, lines: Sequence[str]) -> tuple[Arranged, Arranged]:
    """Replace what is written on a thing by lines in nobody's hand."""
    return (
        Arranged(thing, "inscriptions", list(lines)),
        Arranged(thing, "hands", [""] * len(lines)),
    )


def code(context: BuildContext) -> str:
    """Draw a number of five digits that no other split has."""
    return str(number(context.rng, context.split, 10_000, 99_989))


def open_rooms(spec: WorldSpec) -> list[str]:
    """List the lit rooms among which one can go to and fro without key, light or discovery."""
    graph: Any = nx.DiGraph()
    graph.add_node(spec.agent.location)
    locked = {d.id for d in spec.doors if d.locked}
    dark = {r.id for r in spec.rooms if r.dark}
    graph.add_edges_from(
        (e.source, e.target)
        for e in spec.exits
        if not e.hidden and e.door not in locked and not (e.door and e.source in dark)
    )
    start = spec.agent.location
    around = nx.descendants(graph, start) & nx.ancestors(graph, start) | {start}
    return [r.id for r in spec.rooms if r.id in around and not r.dark]


def in_the_open(context: BuildContext, rooms: Sequence[str]) -> dict[str, str]:
    """Map the things that lie in the open in `rooms`, and can be carried, to what holds them."""
    things = {t.id: t for t in context.spec.things}
    surfaces = {t.id for t in things.values() if t.surface and t.location in rooms}
    keys = {d.key for d in context.spec.doors} | {t.key for t in context.spec.things}
    return {
        t.id: t.location
        for t in context.portable()
        if t.location is not None
        and (t.location in rooms or t.location in surfaces)
        and not (t.light or t.container or t.surface or t.reveals or t.id in keys)
        and not t.id.startswith("q_")
    }


def room_in(context: BuildContext, place: str) -> str:
    """Return the room of a place: itself, or the room in which a surface stands."""
    holder = context.spec.entities[place]
    return str(holder.location) if isinstance(holder, Thing) else place


def enough(options: Sequence[Any], count: int) -> None:
    """Raise Unsolvable where there are fewer than `count` options."""
    if len(options) < count:
        raise Unsolvable("the world has too little of what the task needs")


def nearest_first(
    actor: Actor, targets: Iterable[str], room: Callable[[str], str | None]
) -> Iterator[str]:
    """Yield targets, each time the nearest of which the room is known; unknown ones last."""
    left = list(targets)
    while left:
        costs = actor.costs()
        near = min(left, key=lambda t: costs.get(room(t) or "", FAR * FAR))
        left.remove(near)
        yield near


def placed(context: BuildContext, thing: str, room: str) -> str:
    """Return a note of where a thing is."""
    return f"{context.name(thing)}: {context.name(room)}".lower()
