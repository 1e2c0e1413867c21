"""What the kinds of all families share: the context they are given, the draft they return."""

from __future__ import annotations

import random
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, TypeVar

from environments.tasks.actor import Actor, Unsolvable
from environments.tasks.model import (
    Ability,
    Attack,
    Evidence,
    Family,
    Goal,
    Stage,
    Step,
    Unchanged,
)
from environments.tasks.planner import Planner
from environments.tasks.searcher import Searcher
from environments.tasks.verdict import strays
from world_fixtures.facts import Arranged
from world_fixtures.generator.words import Split
from world_fixtures.rules import Simulation, SpecIndex
from world_fixtures.spec import Thing, WorldSpec
from world_fixtures.state import Fields

Option = TypeVar("Option")
Question = dict[str, Any]
"""What was drawn in making a task: plain data, as it goes into JSON."""

BEGINNERS = 6
"""Commands of a walkthrough, at most, of the kinds that small models can begin with."""
NO_ANSWER = "When it is done, hand in with evennia_submit and an empty answer: {}."
"""Ends the prompt of a task without answer fields."""
RESTRAINT = "Leave everything else as you find it."
"""Ends every prompt: what the task does not need is to stay as it was."""
LEAVE = "When it is done, call evennia_disconnect."
"""Ends the prompt of a stage that others follow."""
FRESH = (
    "You will come back later and remember nothing of this conversation: only what the world"
    " keeps will help you."
)
"""Says that what is needed later has to be kept in the world."""


@dataclass(frozen=True)
class BuildContext:
    """The world to build a task in, and the random numbers that decide which task."""

    spec: WorldSpec
    rng: random.Random
    difficulty: int = 1
    split: Split = "train"
    search: random.Random | None = None
    """Where given, actors know only what was revealed to them, and search by these numbers."""

    def actor(self, spec: WorldSpec | None = None) -> Actor:
        """Return an actor in a fresh simulation of the world, or of `spec` in its place."""
        simulation = Simulation(spec or self.spec, _index(spec or self.spec), views=False)
        if self.search is not None:
            return Searcher(simulation, self.search)
        return Planner(simulation)

    def searching(self, key: str) -> BuildContext:
        """Return the same context for actors that search, drawing by the numbers of `key`."""
        return replace(self, search=random.Random(key))

    def name(self, entity: str) -> str:
        """Return the display name of a room, thing, door or character."""
        return str(getattr(self.spec.entities[entity], "name"))  # noqa: B009

    def pick(self, options: Sequence[Option], cost: Callable[[Option], float]) -> Option:
        """Draw a few of `options`, more at higher difficulty, and return the costliest.

        Raises Unsolvable where there are none.
        """
        if not options:
            raise Unsolvable("the world has nothing of this sort")
        drawn = self.rng.sample(options, min(len(options), 1 + self.difficulty // 2))
        return max(drawn, key=cost)

    def effort(self, thing: str) -> int:
        """Count the commands it takes to get where a thing is."""
        planner = Planner(Simulation(self.spec, _index(self.spec)))
        planner.reach(thing)
        return len(planner.commands)

    def portable(self) -> list[Thing]:
        """List the things that can be carried and are in play from the start."""
        return [t for t in self.spec.things if t.portable and not t.heavy and t.location]

    def free(self) -> list[str]:
        """List the ids of what may change in any task: lights, and doors that fall shut."""
        lights = [t.id for t in self.spec.things if t.light]
        return lights + [d.id for d in self.spec.doors if d.shuts]


_INDICES: dict[int, tuple[WorldSpec, SpecIndex]] = {}


def _index(spec: WorldSpec) -> SpecIndex:
    """Return the look-ups of the spec that was asked for last, made once."""
    known = _INDICES.get(0)
    if known is None or known[0] is not spec:
        known = _INDICES[0] = (spec, SpecIndex(spec))
    return known[1]


@dataclass(frozen=True)
class TaskDraft:
    """A task but for its identity (id, family, kind, difficulty, seed, split) and its budget."""

    stages: tuple[Stage, ...]
    spec: WorldSpec
    commands: int
    """Commands that the actor gave, over all stages."""
    shortest_path: int | None = None
    attacks: tuple[Attack, ...] = ()


@dataclass
class Script:
    """The stages of a task in the making, played one after the other by an actor.

    script = Script(context.actor(spec), context)
    script.begin("Find the lamp ...")
    script.actor.fetch("lamp")
    script.end(goals=[...], answer={})
    return script.draft()
    """

    actor: Actor
    context: BuildContext
    _stages: list[Stage] = field(default_factory=list)
    _prompt: str = ""
    _before: tuple[Arranged, ...] = ()
    _restart: bool = False
    _start: dict[str, Fields] | None = None

    def begin(self, prompt: str, *, before: Iterable[Arranged] = (), restart: bool = False) -> None:
        """Begin a stage: change the world by `before` and connect."""
        self._prompt, self._before, self._restart = prompt, tuple(before), restart
        if self._before:
            self.actor.arrange(self._before)
        self._start = self.actor.sim.fields()
        self.actor.connect()

    def end(
        self,
        *,
        goals: Iterable[Goal] = (),
        evidence: Iterable[Evidence] = (),
        answer: dict[str, Any] | None = None,
        free: Iterable[str] = (),
        tolerance: int = 1,
    ) -> None:
        """End the stage, in the last one with the answer to submit (None: it disconnects).

        What the actor left otherwise may be changed in the stage, and so may `free`, lights and
        doors that fall shut.
        """
        assert self._start is not None
        last = Step(tool="disconnect") if answer is None else Step(tool="submit", answer=answer)
        commands = [Step(tool="command", command=c) for c in self.actor.take_steps()]
        stage = Stage(
            prompt=f"{self._prompt} {RESTRAINT}",
            before=self._before,
            restart=self._restart,
            goals=tuple(goals),
            evidence=tuple(evidence),
            walkthrough=(*commands, last),
        )
        changed = strays(self._start, self.actor.sim.fields(), stage, self.actor.actor)
        may = sorted({*changed, *free, *self.context.free()})
        unchanged = Unchanged(free=tuple(may), tolerance=tolerance)
        self._stages.append(stage.model_copy(update={"unchanged": unchanged}))

    def draft(self, shortest_path: int | None = None) -> TaskDraft:
        """Return the draft of all stages."""
        return TaskDraft(
            tuple(self._stages), self.actor.sim.spec, len(self.actor.commands), shortest_path
        )


class Kind(ABC):
    """A kind of task: draws what is asked of a world, and plans how it is done."""

    name: ClassVar[str]
    family: ClassVar[Family]
    abilities: ClassVar[frozenset[Ability]]
    stages: ClassVar[tuple[int, int]] = (1, 1)
    """Fewest and most stages."""
    difficulty: ClassVar[str]
    """What rises with the difficulty, for the documentation."""
    for_beginners: ClassVar[bool] = False
    """At difficulty 1 it can be done in BEGINNERS commands."""
    twin_of: ClassVar[str] = ""
    """Kind of which this is the same without attacks: equal seeds give equal worlds."""

    @abstractmethod
    def choose(self, context: BuildContext) -> Question | None:
        """Draw what is asked; None, or Unsolvable, where the world lacks what it needs."""

    @abstractmethod
    def plan(self, context: BuildContext, question: Question) -> TaskDraft:
        """Play the task with `context.actor` and return its draft; draws nothing.

        The same world and question give the same draft, also where the world is that of a draft
        already: what a kind adds to a world replaces what has the same id (see `with_things`).
        Raises Unsolvable where it cannot be done.
        """

    def forgotten(self, context: BuildContext, question: Question) -> Question:
        """Draw another question that agrees with the last stage's prompt: nothing was kept.

        For kinds that need memory.
        """
        raise NotImplementedError(f"{self.name} needs no memory")

    def unread(self, context: BuildContext, question: Question) -> Question:
        """Draw another question of the same prompt: what is written and told is drawn anew.

        For kinds in which orders are written that are no facts of the world.
        """
        raise NotImplementedError(f"the texts of {self.name} tell facts")

    def deceived(self, context: BuildContext, question: Question) -> Question:
        """Return the question as who believes what is false takes it to be.

        For kinds that need distrust, and in which what is false is no attack alone.
        """
        raise NotImplementedError(f"nobody is deceived in {self.name}")


def with_things(spec: WorldSpec, *things: Thing) -> WorldSpec:
    """Return the world with these things, each in the place of one that has its id."""
    new = {t.id: t for t in things}
    kept = tuple(new.pop(t.id, t) for t in spec.things)
    return spec.model_copy(update={"things": (*kept, *new.values())})


def starting_in(spec: WorldSpec, room: str) -> WorldSpec:
    """Return the world with the agent in another room at the start."""
    agent = spec.agent.model_copy(update={"location": room})
    return spec.model_copy(update={"characters": (agent, *spec.characters[1:])})


def listed(parts: Sequence[str]) -> str:
    """Join parts as in a sentence: `a, b and c`."""
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
