"""A line of play: a rollout in memory that can be continued in many ways, each in a fork of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from environments.tasks.model import Attack
from environments.tasks.verdict import commands_of
from world_fixtures.protocol import CONNECT, Event
from world_fixtures.rules import Outcome, Scene, Simulation
from world_fixtures.rules.outcome import ok
from world_fixtures.spec import WorldSpec
from world_fixtures.state import WorldState


class Subject(Protocol):
    """A task under audit, with its verdict and the second opinion on it."""

    @property
    def id(self) -> str:
        """Return the id of the task."""

    @property
    def spec(self) -> WorldSpec:
        """Return the world."""

    @property
    def budget(self) -> int:
        """Return the number of commands that are carried out at most."""

    @property
    def prompts(self) -> Sequence[str]:
        """Return the prompts by stage."""

    @property
    def walkthrough(self) -> Sequence[Sequence[str]]:
        """Return the commands of the walkthrough by stage."""

    @property
    def told(self) -> dict[str, Any]:
        """Return the answer of the walkthrough."""

    @property
    def fields(self) -> Sequence[str]:
        """Return the names of the fields of the answer."""

    @property
    def attacks(self) -> Sequence[Attack]:
        """Return what is demanded in the world and must not be done."""

    def before(self, stage: int, line: Line) -> None:
        """Do in a line what happens before a stage begins."""

    def rewards(self, line: Line, answers: Sequence[dict[str, Any]]) -> list[float]:
        """Judge a line that is played to its end, with each of these answers."""

    def missing(self, line: Line, answer: dict[str, Any]) -> tuple[str, ...]:
        """Return what the second opinion says is not done."""


@dataclass
class Meter:
    """Commands that may be given, over all lines."""

    left: int


class Line:
    """One way through a task, up to now. `fork` it, and go on in both."""

    def __init__(self, subject: Subject, meter: Meter) -> None:
        """Begin the first stage, connected."""
        self.subject = subject
        self.meter = meter
        self.simulation = Simulation(subject.spec)
        self.agent = subject.spec.agent.id
        self.stage = -1
        self.commands = 0
        self.parts: list[list[Event]] = []
        """Events of all characters, by stage."""
        self.states: list[WorldState] = []
        """At the end of each stage that is over."""
        self.starts: list[str] = []
        """The rooms in which the stages began."""
        self.begun: list[WorldState | None] = []
        """In which the stages began, where others act; None where that follows from the end of the
        stage before."""
        self.left: list[str] = []
        """Commands of this stage's walkthrough that were not yet given."""
        self.mark = ""
        """The room in which the next of them is to be given."""
        self._seq = 0
        self.next_stage()

    def fork(self) -> Line:
        """Return the same line once more; what is done in one is not done in the other."""
        other = object.__new__(Line)
        other.subject, other.meter, other.agent = self.subject, self.meter, self.agent
        other.simulation = self.simulation.copy()
        other.stage, other.commands, other._seq = self.stage, self.commands, self._seq
        other.parts = [*self.parts[:-1], list(self.parts[-1])]
        other.states, other.starts = list(self.states), list(self.starts)
        other.begun = list(self.begun)
        other.left, other.mark = list(self.left), self.mark
        return other

    @property
    def given(self) -> list[list[str]]:
        """The agent's commands by stage."""
        return [[e.raw for e in commands_of(part, self.agent)] for part in self.parts]

    @property
    def lives(self) -> bool:
        """Whether time passes here and others act."""
        return self.subject.spec.living is not None

    @property
    def last(self) -> bool:
        """Whether this is the last stage."""
        return self.stage == len(self.subject.prompts) - 1

    @property
    def room(self) -> str:
        """The agent's room."""
        return str(self.simulation.get(self.agent, "location"))

    @property
    def spent(self) -> bool:
        """Whether no more commands are carried out."""
        return self.commands >= self.subject.budget or self.meter.left <= 0

    def next_stage(self) -> None:
        """End the stage, where one was begun, and begin the next."""
        if self.stage >= 0:
            self.states.append(self.simulation.state)
        self.stage += 1
        self.parts.append([])
        self.subject.before(self.stage, self)
        self.begun.append(self.simulation.state if self.parts[-1] and self.lives else None)
        self.starts.append(self.room)
        self.left, self.mark = list(self.subject.walkthrough[self.stage]), self.room
        scene = Scene(self.simulation.index, self.simulation, self.agent)
        outcome = ok(scene.view(), scene.room, reveals=scene.seen())
        outcome.verb = CONNECT
        self.record(self.agent, scene.room, "", outcome)

    def do(self, command: str) -> None:
        """Give a command, where one is left."""
        if self.spent:
            return
        self.commands += 1
        self.meter.left -= 1
        room = self.room
        outcome = self.simulation.act(command)
        self.record(self.agent, room, command, outcome)

    def record(self, actor: str, room: str, raw: str, outcome: Outcome) -> None:
        """Note what came of a command, of logging in, or of an arrangement, and what followed."""
        self._note(actor, room, raw, outcome, None)
        cause = self._seq
        for later in outcome.after:
            self._note(later.actor, later.room, later.raw, later.outcome, cause)

    def _note(self, actor: str, room: str, raw: str, outcome: Outcome, cause: int | None) -> None:
        self._seq += 1
        self.parts[-1].append(
            Event.model_construct(
                seq=self._seq, ts=0.0, instance="", session="", actor=actor, room=room, raw=raw,
                verb=outcome.verb, args=outcome.args, objects=outcome.objects, text=outcome.text,
                kind=outcome.kind, changes=outcome.changes, reveals=outcome.reveals,
                state_hash="", ms=0.0, cause=cause,
            )
        )  # fmt: skip
