"""The bits of a state: what of a world changes on the way, and which bit says so."""

from __future__ import annotations

from typing import Any

from environments.tasks.model import Did, Inscribed, Visited
from environments.tasks.value.position import Position
from environments.tasks.value.tracked import Tracked
from world_fixtures.spec import Exit


class Bits(Tracked):
    """What of a position's world changes, each with its bit in a state."""

    def __init__(self, position: Position, hands: int | None = None) -> None:
        super().__init__(position, hands)
        self.names = list(self.things)
        self.number = {t: n for n, t in enumerate(self.names)}
        self.ways: dict[str, list[Exit]] = {
            room: [e for e in exits if e.door not in self.shut and e.id not in self.shut]
            for room, exits in self.index.exits.items()
        }
        self.used_doors = sorted(
            {e.door for exits in self.ways.values() for e in exits if e.door} | self.asked_doors
        )
        self.bits: dict[tuple[str, str], int] = {}
        """What is open, locked, lit, revealed or written: entity and field -> its bit."""
        self._make_flags()
        self.marks: list[dict[Any, int]] = [{} for _ in self.stages]
        """By stage: what is to be revealed or done in it -> its bit."""
        self.finished = [0] * len(self.stages)
        """By stage: all of these bits."""
        for n in range(self.first, self.last + 1):
            self._make_marks(n)
        self.entities = [*self.names, *self.used_doors]
        self.kept = [self._kept(n) for n in range(len(self.stages))]

    def _bit(self, entity: str, field: str) -> None:
        self.bits[entity, field] = 1 << len(self.bits)

    def _make_flags(self) -> None:
        things, get = self.index.things, self.position.get
        for t in self.names:
            if things[t].container:
                self._bit(t, "open")
                if get(t, "locked"):
                    self._bit(t, "locked")
            if things[t].light:
                self._bit(t, "lit")
        for d in self.used_doors:
            self._bit(d, "open")
            if get(d, "locked"):
                self._bit(d, "locked")
        for exits in self.ways.values():
            for e in exits:
                if e.hidden:
                    self._bit(e.id, "revealed")
        for n in range(self.first, self.last + 1):
            for c in self.needs.stages[n].conditions:
                if isinstance(c, Inscribed):
                    self._bit(c.entity, f"says {c.text}")
                    self._bit(c.entity, "full")

    def _make_marks(self, n: int) -> None:
        marks = self.marks[n]
        needs = self.needs.stages[n]
        for evidence in needs.evidence:
            marks.setdefault(("fact", *evidence), 1 << len(marks))
        for number, c in enumerate(needs.conditions):
            if isinstance(c, Visited):
                for k in range(len(c.rooms)):
                    marks.setdefault(("visit", number, k), 1 << len(marks))
            elif isinstance(c, Did):
                marks.setdefault(("did", c.verb, c.entity), 1 << len(marks))
        self.finished[n] = (1 << len(marks)) - 1

    def _kept(self, n: int) -> list[tuple[int, int, int]]:
        """Return what must not be left otherwise: its bit, its number as a thing, its flags."""
        free = self.stages[n].unchanged.free
        found = []
        for number, entity in enumerate(self.entities):
            if entity not in free:
                fields = [f for e, f in self.bits if e == entity and f not in ("locked", "full")]
                mask = sum(self.bits[entity, f] for f in fields)
                found.append((1 << number, self.number.get(entity, -1), mask))
        return found
