"""A rollout as a sequence of moments, and the fields that its events have changed so far."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from environments.rollouts.record import Rollout
from environments.tasks.model import Task
from world_fixtures.living import CLOCK
from world_fixtures.protocol import CONNECT, Change, Event, ResultKind
from world_fixtures.spec import WorldSpec
from world_fixtures.state import Fields, WorldState, initial_fields

NOTICED = "noticed"
"""Field with what a character has not been shown yet: no part of the world around it."""


@dataclass(frozen=True)
class Moment:
    """One event of a rollout with its place in it."""

    event: Event
    stage: int
    """Conversation of the agent that it belongs to, from 0."""
    number: int
    """The agent's commands until then, this one included."""
    own: bool
    """Of the agent itself and no consequence: a command, or connecting."""

    @property
    def command(self) -> bool:
        """Whether the agent gave a command."""
        return self.own and self.event.verb != CONNECT

    @property
    def carried_out(self) -> bool:
        """Whether the world carried it out."""
        return self.event.kind is ResultKind.OK


@dataclass(frozen=True)
class Trace:
    """What diagnostics read of one rollout: its task, its events in order and its answer."""

    task: Task
    moments: tuple[Moment, ...]
    stages: int
    """Conversations that were begun."""
    answer: dict[str, Any] | None = None
    goals: dict[str, float] | None = None
    """Degrees of the verdict."""

    @classmethod
    def of(cls, rollout: Rollout) -> Trace:
        """Return the trace of a rollout."""
        stages = max(1, len(rollout.conversations))
        calls = [(c.event, c.stage) for c in rollout.tool_calls if c.event is not None]
        return cls(
            task=rollout.task,
            moments=tuple(_moments(rollout.task.spec.agent.id, rollout.events, calls, stages)),
            stages=stages,
            answer=rollout.answer,
            goals=None if rollout.verdict is None else rollout.verdict.goals,
        )

    @cached_property
    def commands(self) -> tuple[Moment, ...]:
        """The agent's commands, in order."""
        return tuple(m for m in self.moments if m.command)

    @property
    def agent(self) -> str:
        """Id of the agent's character."""
        return self.task.spec.agent.id


def _moments(
    agent: str, events: Iterable[Event], calls: Sequence[tuple[int, int]], stages: int
) -> Iterator[Moment]:
    ordered = list(_flat(events))
    caused = iter(calls)  # a call may have caused events before the one that it names
    last, stage = next(caused, (0, 0))
    found: dict[int, int] = {}
    for event in ordered:
        if event.actor == agent and event.cause is None:
            while event.seq > last and (following := next(caused, None)) is not None:
                last, stage = following
            found[event.seq] = stage
    number, after = 0, stages - 1
    for event in reversed(ordered):  # what nobody's call caused belongs to the stage that follows
        after = found.get(event.seq, after)
        if event.cause is None:
            found[event.seq] = after
    for event in ordered:
        own = event.actor == agent and event.cause is None
        number += own and event.verb != CONNECT
        of = event.seq if event.cause is None else event.cause
        yield Moment(event, found.get(of, stages - 1), number, own)


def _flat(events: Iterable[Event]) -> Iterator[Event]:
    """Yield each event once, also where an answer holds what followed from it."""
    known: dict[int, Event] = {}
    for event in events:
        for one in (event, *event.after):
            known.setdefault(one.seq, one)
    for seq in sorted(known):
        yield known[seq]


class Ledger:
    """The fields of a world after some of a trace's events."""

    def __init__(self, spec: WorldSpec) -> None:
        self.spec = spec
        self._start = initial_fields(spec)
        self._rooms = {r.id for r in spec.rooms}
        self.changed: dict[tuple[str, str], Any] = {}
        """Fields that differ from the start."""

    def make(self, changes: Iterable[Change]) -> None:
        """Set the fields that an event has changed."""
        for change in changes:
            key = change.entity, change.field
            if plain(self._start.get(change.entity, {}).get(change.field)) == plain(change.after):
                self.changed.pop(key, None)
            else:
                self.changed[key] = change.after

    def get(self, entity: str, field: str) -> Any:
        """Return the value of a field, None where there is none."""
        if (entity, field) in self.changed:
            return self.changed[entity, field]
        return self._start.get(entity, {}).get(field)

    def has(self, entity: str, field: str) -> bool:
        """Tell whether an entity has a field that play can change."""
        return field in self._start.get(entity, {})

    def room(self, entity: str) -> str | None:
        """Return the id of the room that an entity is in, through any containers."""
        place: str | None = self.get(entity, "location")
        while place is not None and place not in self._rooms:
            place = self.get(place, "location")
        return place

    @property
    def tick(self) -> int | None:
        """What the clock shows; None in a world without time."""
        found: int | None = self.get(CLOCK, "tick")
        return found

    @property
    def key(self) -> tuple[tuple[str, str, str], ...]:
        """What is equal in equal states; the time and lines not yet shown do not count."""
        return tuple(
            sorted((e, f, plain(v)) for (e, f), v in self.changed.items() if not passing(e, f))
        )

    @property
    def state(self) -> WorldState:
        """A snapshot."""
        entities: dict[str, Fields] = {e: dict(fields) for e, fields in self._start.items()}
        for (entity, field), value in self.changed.items():
            entities[entity][field] = value
        return WorldState(spec_hash=self.spec.hash, entities=entities)


def passing(entity: str, field: str) -> bool:
    """Tell whether a field changes by time alone, or is no part of the world around."""
    return entity == CLOCK or field == NOTICED


def lasting(event: Event) -> list[Change]:
    """Return the changes of an event but those of the time and of lines not yet shown."""
    return [c for c in event.changes if not passing(c.entity, c.field)]


def plain(value: Any) -> str:
    """Return a value as text that is equal for equal values, lists and tuples alike."""
    return json.dumps(value, sort_keys=True)
