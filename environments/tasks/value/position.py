"""Where a rollout stands: the state of the world, and what was revealed and done in each stage."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from environments.tasks.matching import normal
from environments.tasks.model import (
    Condition,
    Did,
    Holds,
    Inscribed,
    Located,
    Task,
    Together,
    Visited,
)
from environments.tasks.value.needs import needs_of, plain
from world_fixtures.common import UserError
from world_fixtures.facts import Fact
from world_fixtures.protocol import ARRANGE, CONNECT, Event, ResultKind
from world_fixtures.rules import Scene, Simulation

Known = frozenset[tuple[str, str, Any]]
"""Facts that were revealed in a stage; lists in them are tuples."""


@dataclass(frozen=True)
class Position:
    """A moment of a rollout, as far as success depends on it. Never changes.

    position = Position.start(task)
    position = position.after(event)      # of a command, or of the connection
    position = position.next_stage()      # where the stage ends and the next one begins
    """

    task: Task
    stage: int
    """0-based."""
    commands: int
    """Given by the agent so far, over all stages."""
    revealed: tuple[Known, ...]
    """By stage, up to the present one."""
    did: frozenset[tuple[str, str]]
    """Verbs that succeeded in this stage, each with an entity that it was about."""
    way: tuple[str, ...]
    """Rooms the agent was in during this stage, in order."""
    strays: frozenset[str]
    """Entities that earlier stages left otherwise and need not have."""
    missed: tuple[str, ...]
    """What earlier stages should have brought about and did not, in words."""
    _now: Simulation
    _start: Simulation

    @classmethod
    def start(cls, task: Task) -> Position:
        """Return the position in which the first stage begins, connected.

        Raises UserError for a world with time and people, and for a game that somebody else wrote:
        what it is worth is not known.
        """
        if task.spec.goes_on:
            raise UserError(
                f"{task.id}: nothing tells the value of a state where time passes and others act"
            )
        from_spec = Simulation(task.spec, needs_of(task).index, views=False)
        empty: Position = cls(
            task, 0, 0, (), frozenset(), (), frozenset(), (), from_spec, from_spec
        )
        return empty._begun(from_spec, 0)

    @classmethod
    def of(cls, task: Task, played: Sequence[Sequence[Event]]) -> Position:
        """Return the position after the events of the stages begun so far, in order."""
        position = cls.start(task)
        for n, events in enumerate(played):
            if n:
                position = position.next_stage()
            for event in events:
                position = position.after(event)
        return position

    @property
    def simulation(self) -> Simulation:
        """A copy of the world as it is."""
        return self._now.copy()

    @property
    def room(self) -> str:
        """Id of the room the agent is in."""
        return str(self._now.get(self.task.spec.agent.id, "location"))

    @property
    def budget_left(self) -> int:
        """Commands that may still be given."""
        return self.task.budget - self.commands

    def get(self, entity: str, field: str) -> Any:
        """Return the value of a field, None where the entity or field does not exist."""
        return self._now.get(entity, field)

    def at_start(self, entity: str, field: str) -> Any:
        """Return the value that a field had when this stage began."""
        return self._start.get(entity, field)

    def after(self, event: Event) -> Position:
        """Return the position after an event of this stage; what is arranged counts no command."""
        return self._after(
            event.actor, event.verb, event.kind, event.objects,
            [(c.entity, c.field, c.after) for c in event.changes], event.reveals,
        )  # fmt: skip

    def acted(self, command: str) -> Position:
        """Return the position after the agent gives a command, by the rules of the world."""
        agent = self.task.spec.agent.id
        world = self._now.copy()
        outcome = world.act(command, agent)
        return self._after(
            agent, outcome.verb, outcome.kind, outcome.objects,
            [(c.entity, c.field, c.after) for c in outcome.changes], outcome.reveals, world,
        )  # fmt: skip

    def next_stage(self) -> Position:
        """Return the position in which the next stage begins, connected.

        Raises IndexError after the last stage.
        """
        if self.stage + 1 >= len(self.task.stages):
            raise IndexError(f"{self.task.id} has {len(self.task.stages)} stages")
        ended = replace(
            self, strays=self.strays | self.out_of_place(), missed=self.missed + self.lacks()
        )
        return ended._begun(self._now.copy(), self.stage + 1)

    def out_of_place(self) -> frozenset[str]:
        """Return the entities that this stage has left otherwise so far and need not have."""
        free, agent = self.task.stages[self.stage].unchanged.free, self.task.spec.agent.id
        found = set()
        for entity, field in needs_of(self.task).fields:
            if entity in free or entity == agent or entity in found:
                continue
            if self._now.get(entity, field) != self._start.get(entity, field):
                found.add(entity)
        return frozenset(found)

    def lacks(self) -> tuple[str, ...]:
        """Return what this stage still has to bring about, in words; answers count as given."""
        needs = needs_of(self.task).stages[self.stage]
        lacking = [str(c) for c in needs.conditions if not self._is_met(c)]
        return (*lacking, *(f"{e}: {f}" for e, f, v in needs.evidence if not self.knows(e, f, v)))

    def knows(self, entity: str, fact: str, value: Any) -> bool:
        """Tell whether a fact was revealed in this stage; `value` None is any value."""
        known = self.revealed[self.stage]
        if value is not None:
            return (entity, fact, plain(value)) in known
        return any(e == entity and f == fact for e, f, _ in known)

    @property
    def succeeds(self) -> bool:
        """Whether ending the last stage here, with the right answer, is a success."""
        return (
            self.stage == len(self.task.stages) - 1
            and not self.missed
            and self.commands <= self.task.budget
            and not self.lacks()
            and len(self.strays | self.out_of_place()) <= needs_of(self.task).tolerance
        )

    def _begun(self, world: Simulation, stage: int) -> Position:
        world.arrange(self.task.stages[stage].before)
        scene = Scene(world.index, world, self.task.spec.agent.id)
        return replace(
            self, stage=stage, revealed=(*self.revealed, _known(scene.seen())), did=frozenset(),
            way=(scene.room,), _now=world, _start=world,
        )  # fmt: skip

    def _after(
        self, actor: str, verb: str | None, kind: ResultKind, objects: Iterable[str],
        changes: list[tuple[str, str, Any]], reveals: Iterable[tuple[str, str, Any]],
        world: Simulation | None = None,
    ) -> Position:  # fmt: skip
        if world is None:
            world = self._now
            if changes:
                world = world.copy()
                world.arrange(Fact(*c) for c in changes)  # type: ignore[misc]
        agent = self.task.spec.agent.id
        if actor != agent or verb == ARRANGE:
            return replace(self, _now=world)
        did = self.did
        if kind is ResultKind.OK and verb is not None:
            did = did | {(verb, entity) for entity in objects}
        *before, known = self.revealed
        return replace(
            self,
            commands=self.commands + (verb != CONNECT),
            revealed=(*before, known | _known(reveals)),
            did=did,
            way=self.way + tuple(to for e, f, to in changes if e == agent and f == "location"),
            _now=world,
        )

    def _is_met(self, condition: Condition) -> bool:
        match condition:
            case Together():
                return all(self._is_met(part) for part in condition.conditions)
            case Located():
                return bool(self.get(condition.entity, "location") == condition.place)
            case Holds():
                return bool(self.get(condition.entity, condition.field) == condition.value)
            case Inscribed():
                own = self.own_lines(condition.entity)
                return normal(condition.text) in own and len(own) <= condition.most
            case Visited():
                rooms = iter(self.way)
                return all(room in rooms for room in condition.rooms)
            case Did():
                return (condition.verb, condition.entity) in self.did
        return True

    def own_lines(self, entity: str) -> list[str]:
        """Return what the agent has written on a thing, each line in its normal form."""
        agent = self.task.spec.agent.id
        lines, hands = self.get(entity, "inscriptions") or (), self.get(entity, "hands") or ()
        return [normal(line) for line, hand in zip(lines, hands, strict=True) if hand == agent]


def _known(facts: Iterable[tuple[str, str, Any]]) -> Known:
    return frozenset((entity, field, plain(value)) for entity, field, value in facts)
