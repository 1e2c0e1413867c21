"""Errands that follow from what texts tell: numbers, sums, and things known by their owner."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from environments.policies.scripted.errands import Bring, Errand
from environments.policies.scripted.hand import STUDY, Hand
from environments.policies.scripted.queries import Query
from environments.policies.scripted.told import bare
from environments.policies.scripted.world import World


@dataclass
class Value(Errand):
    """Find out one thing, or the sum or difference of two."""

    asked: tuple[Query, ...]
    field: str = "value"

    def act(self, hand: Hand) -> None:
        """Read until all is known."""
        for asked in self.asked:
            hand.learn(asked)

    def answer(self, world: World) -> dict[str, Any]:
        """Put together what is known."""
        found = [a for asked in self.asked if (a := asked.answer(world.lore))]
        if len(found) < len(self.asked):
            return {}
        if len(found) == 1:
            return {self.field: found[0]}
        one, other = (int(a) if a.isdigit() else 0 for a in found)
        return {self.field: abs(one - other) if self.field == "difference" else one + other}


@dataclass
class Rank(Errand):
    """Find out the same of several, and which of them comes first, second, or last."""

    names: tuple[str, ...]
    asked: tuple[Query, ...]
    rank: str

    def act(self, hand: Hand) -> None:
        """Read until all is known."""
        for asked in self.asked:
            hand.learn(asked)

    def answer(self, world: World) -> dict[str, Any]:
        """Sort them."""
        found = [
            (int(year), name)
            for name, asked in zip(self.names, self.asked, strict=True)
            if (year := asked.answer(world.lore)) and year.isdigit()
        ]
        found.sort(reverse="latest" in self.rank)
        at = {"second": 1, "third": 2}.get(self.rank.split()[0], 0)
        return dict(zip(("year", "name"), found[at], strict=True)) if at < len(found) else {}


@dataclass
class Total(Errand):
    """Add up the amounts of those documents that meet conditions."""

    names: tuple[str, ...]
    before: int | None = None
    after: int | None = None
    by: str = ""
    not_by: str = ""

    def act(self, hand: Hand) -> None:
        """Read until all is known that decides."""
        for relation in ("total", "begun", *(["writer"] if self.by or self.not_by else [])):
            for name in self.names:
                hand.learn(Query(relation=relation, of=Query(name)))

    def answer(self, world: World) -> dict[str, Any]:
        """Add up."""
        lore, total = world.lore, 0
        for name in self.names:
            year = int(lore.value("begun", name) or 0)
            writer = lore.value("writer", name) or ""
            if (
                (self.before is None or year < self.before)
                and (self.after is None or year > self.after)
                and (not self.by or writer == self.by)
                and (not self.not_by or writer != self.not_by)
            ):
                total += int(lore.value("total", name) or 0)
        return {"total": total}


@dataclass
class Contents(Errand):
    """List what a container holds that is named or told of."""

    container: Query

    def act(self, hand: Hand) -> None:
        """Find it and look into it."""
        name = hand.learn(self.container)
        thing = hand.thing(name)
        if not thing.inspected:
            hand.inspect(thing)

    def answer(self, world: World) -> dict[str, Any]:
        """List the names of what is in it."""
        thing = world.find(self.container.answer(world.lore) or "")
        return {"things": [t.name for t in world.held_by(thing.name)] if thing else []}


@dataclass
class Open(Errand):
    """Unlock and open what is named or told of, and tell a mark of the text that tells its key."""

    target: Query
    source: str = ""
    """Name of the text that tells the key, where the prompt names it."""
    field: str = ""
    """Takes the mark; empty where none is asked for."""
    name: str = ""

    def act(self, hand: Hand) -> None:
        """Find out which it is, then its key and the mark."""
        self.name = hand.learn(self.target)
        if self.source and hand.thing(self.source).text is None:
            hand.reach(self.source, f"read {hand.thing(self.source).name}")
        if self.field:
            source = self._source(hand.world)
            if not source:
                hand.search(STUDY)
            hand.learn(Query(relation="seal", of=Query(source)))
        hand.open(self.name)

    def _source(self, world: World) -> str:
        return bare(world.lore.sources.get(("key", bare(self.name)), ""))

    def answer(self, world: World) -> dict[str, Any]:
        """Give the mark."""
        self.name = self.target.answer(world.lore) or ""
        mark = world.lore.value("seal", self._source(world))
        return {self.field: mark} if self.field and mark else {}

    def kept(self) -> Iterable[str]:
        """Return what was to be opened."""
        return (self.name,)


@dataclass
class Errands(Errand):
    """Bring what is named or told of to places that are named or told of."""

    loads: Sequence[tuple[Query, Query]]
    parts: tuple[Query, ...] = ()
    close: str = ""
    names: list[str] = field(default_factory=list)

    def act(self, hand: Hand) -> None:
        """Find out what and where, then bring."""
        for part in self.parts:
            hand.learn(part)
        loads = [(hand.learn(what), hand.learn(where)) for what, where in self.loads]
        parts = tuple(hand.learn(part) for part in self.parts)
        self.names = [name for name, _ in loads]
        Bring(loads, parts).act(hand)
        if self.close and (thing := hand.world.find(self.close)) and thing.open:
            hand.reach(thing.name, f"close {thing.name}")

    def kept(self) -> Iterable[str]:
        """Return what was brought."""
        return self.names
