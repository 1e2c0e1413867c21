"""Errands over several conversations: what to note on what little there is to write on."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from environments.policies.scripted.errands import Errand
from environments.policies.scripted.hand import Hand
from environments.policies.scripted.search import routes
from environments.policies.scripted.world import World


@dataclass(frozen=True)
class Pad:
    """Where notes are kept."""

    name: str
    carried: bool
    width: int = 30
    """Characters in a line, at most."""

    def write(self, hand: Hand, notes: Sequence[str]) -> None:
        """Have notes written, each a line."""
        missing = [note for note in notes if note not in self._mine(hand)]
        if missing:
            hand.reach(self.name, *(f"write {note} on {self.name}" for note in missing))

    def read(self, hand: Hand) -> list[str]:
        """Return the notes, reading them first."""
        self._mine(hand)
        thing = hand.world.find(self.name)
        if thing is None or thing.text is None:
            hand.reach(self.name, f"read {self.name}")
        assert thing is not None
        return thing.mine

    def _mine(self, hand: Hand) -> list[str]:
        if self.carried:
            hand.world.carry(self.name)
        thing = hand.world.find(self.name)
        return thing.mine if thing else []

    def known(self, world: World) -> list[str]:
        """Return the notes as far as they were read or written."""
        thing = world.find(self.name)
        return thing.mine if thing else []


@dataclass
class Jot(Errand):
    """Note the name of the first room."""

    pad: Pad

    def act(self, hand: Hand) -> None:
        """Write it down."""
        self.pad.write(hand, [hand.world.start])


@dataclass
class Return(Errand):
    """Go to the places that were noted, in another order."""

    pad: Pad
    order: tuple[int, ...]
    notes: tuple[str, ...] = ()

    def act(self, hand: Hand) -> None:
        """Read the notes and walk."""
        self.notes = tuple(self.pad.read(hand))
        tour(hand, [self.notes[n] for n in self.order if n < len(self.notes)])

    def answer(self, world: World) -> dict[str, Any]:
        """Name the places in the order of the conversations."""
        return dict(zip(("first", "second", "third", "fourth"), self.notes, strict=False))


def tour(hand: Hand, names: Sequence[str]) -> None:
    """Enter rooms in an order, passing through others, and stay in the last."""
    trace, at = hand.world.trace, 0
    for name in names:
        later = [n for n in range(at, len(trace)) if trace[n].casefold() == name.casefold()]
        if not later:
            hand.settle(hand.room(name))
            return
        at = later[0]
    if names:
        hand.settle(hand.room(names[-1]))


@dataclass
class Stay(Errand):
    """Go to a room, or do nothing at all."""

    room: str = ""

    def act(self, hand: Hand) -> None:
        """Go there."""
        if self.room:
            hand.settle(hand.room(self.room))


@dataclass
class Boards(Errand):
    """Note the numbers on boards."""

    pad: Pad
    names: tuple[str, ...]
    word: str = ""
    """Stands before the number that counts; empty where a board shows one number."""

    def act(self, hand: Hand) -> None:
        """Read the boards, then write."""
        world = hand.world
        left = [name for name in self.names if _unread(world, name)]
        ways = {name: _far(hand, name) for name in left}
        for name in sorted(left, key=lambda n: ways[n]):
            hand.reach(name, f"read {hand.thing(name).name}")
        notes = [f"{_short(name)} {_number(world, name, self.word)}" for name in self.names]
        self.pad.write(hand, _packed(notes, self.pad.width))


def _packed(notes: Iterable[str], width: int) -> list[str]:
    """Return lines with as many notes in each as there is room for."""
    lines: list[str] = []
    for note in notes:
        if lines and len(lines[-1]) + 1 + len(note) <= width:
            lines[-1] += " " + note
        else:
            lines.append(note)
    return lines


def _short(board: str) -> str:
    return board[:3]


def _unread(world: World, name: str) -> bool:
    thing = world.find(name)
    return thing is None or thing.text is None


def _far(hand: Hand, name: str) -> int:
    thing = hand.world.find(name)
    ways = routes(hand.world, hand.world.here)
    room = hand.world.room_of(thing) if thing else ""
    return len(ways[room]) if room in ways else 99


def _number(world: World, name: str, word: str) -> str:
    thing = world.find(name)
    shown = [*(thing.lines if thing else []), (thing.text or "") if thing else ""]
    for text in reversed([s for s in shown if word in s]):
        if found := re.search(rf"{re.escape(word)}\D*(\d+)", text):
            return found[1]
    return "0"


@dataclass
class Remember(Errand):
    """Answer with numbers that were noted; the last note of a board counts."""

    pad: Pad
    asked: tuple[tuple[str, str], ...]
    """Fields of the answer with the boards whose numbers they take."""

    def act(self, hand: Hand) -> None:
        """Read the notes."""
        self.pad.read(hand)

    def answer(self, world: World) -> dict[str, Any]:
        """Look them up."""
        found = dict(re.findall(r"(\S+) (\d+)", " ".join(self.pad.known(world))))
        return {
            field: int(found[_short(board)])
            for field, board in self.asked
            if _short(board) in found
        }
