"""What a task is: the question, what counts as done, and one way to do it. Pure data.

A task runs in one or more stages. Each stage is a conversation of its own: the agent
starts it knowing nothing but the stage's prompt and what the world has kept.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import Field

from world_fixtures.common import Frozen
from world_fixtures.spec import WorldSpec


class Family(StrEnum):
    """What a task is about; `environments.tasks.families` has a module for each."""

    ORIENTATION = "orientation"
    NAVIGATION = "navigation"
    INSPECTION = "inspection"
    PERSISTENCE = "persistence"
    ERRAND = "errand"


class Located(Frozen):
    """`entity` is directly in `place` (room, thing or character) in the final state."""

    type: Literal["located"] = "located"
    entity: str
    place: str


class Holds(Frozen):
    """A field of the final state has this value."""

    type: Literal["holds"] = "holds"
    entity: str
    field: str
    value: Any


class Inscribed(Frozen):
    """Something that contains `text` stands on `entity` in the final state (case ignored)."""

    type: Literal["inscribed"] = "inscribed"
    entity: str
    text: str


class Visited(Frozen):
    """The agent was in `room` at some time."""

    type: Literal["visited"] = "visited"
    room: str


class Did(Frozen):
    """The agent's command `verb` on `entity` succeeded at least once."""

    type: Literal["did"] = "did"
    verb: str
    entity: str


class Answered(Frozen):
    """The submitted answer's `field` matches.

    text    equal to one of `expected` after lower-casing, dropping articles and punctuation
    number  numerically equal to `expected[0]`
    set     F1 of the submitted names against `expected`
    edges   F1 of submitted "room | direction | room" triples against `expected`
    """

    type: Literal["answered"] = "answered"
    field: str
    match: Literal["text", "number", "set", "edges"] = "text"
    expected: tuple[str, ...]


Condition = Annotated[
    Located | Holds | Inscribed | Visited | Did | Answered, Field(discriminator="type")
]


class Goal(Frozen):
    """One thing that must be so at the end."""

    name: str
    """Short and readable: it appears in the verdict."""
    condition: Condition
    weight: float = Field(default=1.0, gt=0)
    final: bool = True
    """False: a sub-goal, counted for progress and not for the outcome."""


class Evidence(Frozen):
    """A fact an answer needs: `text` must have stood in an observation before the answer."""

    field: str
    """The answer field it supports."""
    text: str


class Step(Frozen):
    """One action of a walkthrough."""

    tool: Literal["command", "submit", "disconnect"]
    command: str = ""
    answer: dict[str, Any] = Field(default_factory=dict)


class Stage(Frozen):
    """One conversation of a task."""

    prompt: str
    """The user message the agent gets."""
    meanwhile: tuple[str, ...] = ()
    """Commands that `spec.characters[1]` carries out before the stage begins."""
    restart: bool = False
    """The world server is stopped and started again before the stage begins."""
    walkthrough: tuple[Step, ...]
    """The oracle's actions; the connection itself is implied at the stage's start."""


class Task(Frozen):
    """Everything about one episode that is known before it is played."""

    id: str
    """Unique and stable, e.g. `standard/errand.deliver/17`."""
    family: Family
    kind: str
    """Kind within the family."""
    difficulty: int = Field(ge=1, le=10)
    seed: int
    split: Literal["train", "validation", "test"] = "train"
    spec: WorldSpec
    stages: tuple[Stage, ...] = Field(min_length=1, max_length=4)
    goals: tuple[Goal, ...] = Field(min_length=1)
    evidence: tuple[Evidence, ...] = ()
    shortest_path: int | None = None
    """Moves on the shortest way to the goal, where the task has one: SPL needs it."""
    max_turns: int = Field(default=30, ge=1)
    """Model calls allowed over all stages."""

    @property
    def optimal_steps(self) -> int:
        """Commands in the walkthrough, over all stages."""
        return sum(s.tool == "command" for stage in self.stages for s in stage.walkthrough)

    @property
    def answer_fields(self) -> tuple[str, ...]:
        """Names of the fields that a submitted answer must have."""
        return tuple(g.condition.field for g in self.goals if isinstance(g.condition, Answered))


class Verdict(Frozen):
    """What a task says of a rollout."""

    reward: float = Field(allow_inf_nan=False)
    """In [0, 1] unless an environment of your own decides otherwise."""
    success: bool
    """Every final goal is met in full."""
    parts: dict[str, float]
    """outcome, progress, efficiency, evidence, discipline; each in [0, 1]."""
    goals: dict[str, float]
    """Degree to which each goal is met, in [0, 1], by name."""
    spl: float | None = None
    """Success weighted by path length (Anderson et al. 2018, arXiv 1807.06757)."""
    reasons: tuple[str, ...] = ()
    """One readable line for each thing that cost reward."""
