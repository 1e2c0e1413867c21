"""The outcome of an action, before anything is changed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from world_fixtures.facts import Fact
from world_fixtures.protocol import ARRANGE, Change, ResultKind


@dataclass(slots=True)
class Outcome:
    """Result of one command. Applying `changes` in order is the caller's business."""

    kind: ResultKind
    text: str
    objects: tuple[str, ...] = ()
    changes: tuple[Change, ...] = ()
    reveals: tuple[Fact, ...] = ()
    """What its actor learns by it."""
    view_after: bool = False
    """The room view, as it is once the changes are made, belongs after `text`."""
    verb: str | None = None
    args: dict[str, str] = field(default_factory=dict)
    ticks: int = 1
    """How long it takes, in a world with time, where it is carried out."""
    state_hash: str = ""
    """Right after it, where it was worked out."""
    after: list[Happening] = field(default_factory=list)
    """What others did and what time brought before the next command, in order."""


@dataclass(slots=True)
class Happening:
    """Something that happened by no command of a session."""

    actor: str
    """Character id, or WORLD for what time brought."""
    room: str
    """Room of the actor before it, empty for WORLD."""
    raw: str
    """The command as a person would have typed it."""
    outcome: Outcome


def ok(
    text: str, *objects: str, changes: tuple[Change, ...] = (), reveals: Iterable[Fact] = ()
) -> Outcome:
    """Make the outcome of a command that was carried out."""
    return Outcome(ResultKind.OK, text, objects, changes, tuple(reveals))


def arranged(changes: Sequence[Change]) -> Outcome:
    """Make the outcome of fields that were set by no character's command."""
    outcome = ok("", *dict.fromkeys(c.entity for c in changes), changes=tuple(changes))
    outcome.verb = ARRANGE
    return outcome


def refused(text: str, *objects: str) -> Outcome:
    """Make the outcome of a command that is not possible in the present state."""
    return Outcome(ResultKind.REFUSED, text, objects)


def unknown(text: str) -> Outcome:
    """Make the outcome of a command that was not understood, or names nothing that is here."""
    return Outcome(ResultKind.UNKNOWN, text)
