"""A searcher that begins in the middle, and does what is left of a stage: its milestones."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from environments.tasks.actor import FAR, Unsolvable
from environments.tasks.credit.observed import plain
from environments.tasks.matching import normal
from environments.tasks.model import (
    Condition,
    Did,
    Evidence,
    Holds,
    Inscribed,
    Located,
    Stage,
    Visited,
)
from environments.tasks.searcher import Searcher
from world_fixtures.protocol import ARRANGE, CONNECT, Event, ResultKind
from world_fixtures.rules import Outcome, Simulation


@dataclass(frozen=True)
class Noted:
    """So many lines on `entity` are in the actor's hand, whatever they say."""

    entity: str
    lines: int
    text: str
    """What the walkthrough writes there."""


@dataclass(frozen=True)
class Walked:
    """The way of the walkthrough was walked so far, which the prompt or a text tells."""

    start: str
    moves: tuple[tuple[str, str], ...]
    """Commands, each with the room that it leads to."""

    @property
    def rooms(self) -> tuple[str, ...]:
        """Return the rooms that are entered."""
        return tuple(room for _, room in self.moves)


Milestone = Evidence | Condition | Noted | Walked
"""Something that has to be shown, done or brought about in a stage."""


class Resumed(Searcher):
    """A searcher that can begin in the middle, and do what is left of a stage."""

    def __init__(self, simulation: Simulation, rng: random.Random) -> None:
        super().__init__(simulation, rng)
        self._revealed: set[tuple[str, str, Any]] = set()
        self._did: set[tuple[str, str]] = set()

    def begin(self, stage: Stage) -> None:
        """Begin a stage."""
        self._revealed.clear()
        self._did.clear()
        if stage.before:
            self.arrange(stage.before)
        self._entered.clear()
        self._entered.append(self.room)
        self.connect()

    def live_through(self, events: Sequence[Event]) -> None:
        """Carry out commands that were given, and learn what they reveal."""
        for event in events:
            if event.verb in (CONNECT, ARRANGE):
                continue
            if event.actor == self.actor:
                self.carry_out(event.raw)
            else:
                self.sim.act(event.raw, event.actor)

    def carry_out(self, command: str) -> Outcome:
        """Carry out a command that may fail, and learn from it."""
        outcome = self._act(command, attempt=True)
        if outcome.kind is ResultKind.REFUSED and outcome.objects:
            first, *keys = outcome.objects
            if outcome.verb == "open" and self.sim.get(first, "locked"):
                self._fields[first, "locked"] = True
            if outcome.verb == "unlock" and keys:
                self._tried.add((first, keys[0]))
        return outcome

    def own_lines(self, thing: str) -> list[str]:
        """Return the lines on a thing that the actor wrote."""
        get = self.sim.get
        both = zip(get(thing, "inscriptions") or (), get(thing, "hands") or (), strict=True)
        return [line for line, hand in both if hand == self.actor]

    def finish(self, stage: Stage, milestones: Sequence[Milestone]) -> None:
        """Do what is left of a stage. Raises Unsolvable where that is not possible."""
        self._ensure_connected()
        self.keep(*stage.unchanged.free)
        for milestone in milestones:
            if not self.is_met(milestone):
                self._bring_about(milestone)
        self.tidy()
        for milestone in milestones:
            if not self.is_met(milestone):
                self._bring_about(milestone)

    def is_met(self, milestone: Milestone) -> bool:
        """Tell whether a milestone of the stage is met now."""
        get = self.sim.get
        match milestone:
            case Evidence():
                return self._shown(milestone)
            case Visited() | Walked():
                return _passed(milestone, self._entered) == len(milestone.rooms)
            case Located():
                return bool(get(milestone.entity, "location") == milestone.place)
            case Holds():
                return bool(get(milestone.entity, milestone.field) == milestone.value)
            case Inscribed():
                return normal(milestone.text) in map(normal, self.own_lines(milestone.entity))
            case Noted():
                return len(self.own_lines(milestone.entity)) >= milestone.lines
            case Did():
                return (milestone.verb, milestone.entity) in self._did
            case _:
                return True

    def _bring_about(self, milestone: Milestone) -> None:
        match milestone:
            case Evidence():
                self._find_out(milestone)
            case Visited():
                for room in milestone.rooms[_passed(milestone, self._entered) :]:
                    self.go_to(room)
            case Walked():
                passed = _passed(milestone, self._entered)
                before = milestone.rooms[passed - 1] if passed else milestone.start
                for command, room in milestone.moves[passed:]:
                    self.go_to(before)
                    self.do(command)
                    before = room
            case Located():
                self._move(milestone.entity, milestone.place)
            case Holds():
                self._set(milestone)
            case Inscribed() | Noted():
                self.write(milestone.text, milestone.entity)
            case Did(verb="read") if self.sim.index.things[milestone.entity].tells:
                self._read_until(milestone, milestone.entity)
            case Did():
                self.reach(milestone.entity)
                if milestone.verb == "unlock":
                    self.unlock(milestone.entity)
                else:
                    self.do(f"{milestone.verb} {self.name(milestone.entity)}")

    def _act(self, command: str, attempt: bool = False) -> Outcome:
        outcome = super()._act(command, attempt)
        if outcome.kind is ResultKind.OK:
            self._did.update((outcome.verb or "", entity) for entity in outcome.objects)
        return outcome

    def _learn(self, outcome: Outcome) -> None:
        super()._learn(outcome)
        if outcome.kind is ResultKind.OK:
            self._revealed.update((e, f, plain(v)) for e, f, v in outcome.reveals)

    def _shown(self, wanted: Evidence) -> bool:
        return any(
            (entity, field) == (wanted.entity, wanted.fact)
            and (wanted.value is None or value == plain(wanted.value))
            for entity, field, value in self._revealed
        )

    def _find_out(self, wanted: Evidence) -> None:
        entity, fact = wanted.entity, wanted.fact
        sources = [
            t.id for t in self.sim.spec.things
            if any((f.entity, f.field) == (entity, fact) and
                   (wanted.value is None or plain(f.value) == plain(wanted.value)) for f in t.tells)
        ]  # fmt: skip
        if sources:
            self._read_until(wanted, sources[0])
        elif entity in self.sim.index.rooms:
            self.go_to(entity)
            if not self._shown(wanted):
                self._light_up(entity)
            if not self._shown(wanted):
                self.do("look")
        elif entity == self.actor:
            self.do("inventory")
        elif entity in self.sim.index.exit_ids:
            way = self.sim.index.exit_ids[entity]
            self.go_to(way.source)
            self._pass(way)
        elif fact == "contents":
            self.look_in(entity)
        elif fact in ("text", "inscriptions"):
            self.read(entity)
        else:
            self.examine(entity)

    def _read_until(self, wanted: Milestone, source: str) -> None:
        """Read every text that is found, the nearest first, until the milestone is met."""
        while not self.is_met(wanted):
            things = self.sim.index.things
            texts = [t for t in self._places if t in things and things[t].text is not None]
            unread = [t for t in texts if ("read", t) not in self._did]
            if not unread:
                self.find(source)
                continue
            costs = self.costs()
            self.read(min(unread, key=lambda t: (costs.get(self.room_of(t) or "", FAR * FAR), t)))

    def _move(self, entity: str, place: str) -> None:
        if entity == self.actor:
            self.go_to(place)
        elif place == self.actor:
            self.keep(entity)
            self.fetch(entity)
        else:
            self.put(entity, place)

    def _set(self, wanted: Holds) -> None:
        entity = wanted.entity
        self.keep(entity)
        if wanted.field == "open":
            self.open(entity) if wanted.value else self.close(entity)
        elif wanted.field == "lit":
            self.reach(entity)
            self.do(f"{'light' if wanted.value else 'extinguish'} {self.name(entity)}")
        elif wanted.field == "locked" and not wanted.value:
            self.reach(entity)
            self._fields[entity, "locked"] = True
            self.unlock(entity)
        else:
            raise Unsolvable(f"{entity} cannot be made to have {wanted.field} {wanted.value}")


def _passed(visited: Visited | Walked, way: Sequence[str]) -> int:
    """Count the rooms of the milestone that the way went through, in their order."""
    passed = 0
    for room in way[isinstance(visited, Walked) :]:
        if passed < len(visited.rooms) and room == visited.rooms[passed]:
            passed += 1
    return passed
