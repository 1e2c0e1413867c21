"""An audit of kinds of task: some tasks of each, each searched with its share of the budget."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from environments.audit.line import Line
from environments.audit.search import Finding, Searched, search
from environments.audit.shrink import Given, shrink
from environments.audit.subject import TaskSubject
from environments.tasks.build import KINDS, make_task
from environments.tasks.model import Family, Task
from world_fixtures.common import UserError
from world_fixtures.generator.words import SPLITS

A_TASK = 20_000
"""Commands to search one task with, about, for each STAGES that it may have."""
STAGES = 4
"""Stages that so many commands are for."""
FEWEST = 3
"""Tasks of a kind, however small the budget."""
SHRINKING = 5_000
"""Commands at most to shorten one finding with; they are no part of the budget."""
SAMPLING = 0.2
"""Share of the lines that are drawn while commands to be repeated are due."""
SHOWN = 3
"""Findings that are kept of one task."""


@dataclass(frozen=True)
class Found:
    """A finding, as it is reported."""

    task: Task
    given: Given
    answer: dict[str, Any]
    reward: float
    missing: tuple[str, ...]
    moves: tuple[str, ...]


@dataclass
class Audited:
    """What came of auditing one kind."""

    kind: str
    tasks: int = 0
    commands: int = 0
    lines: int = 0
    done: int = 0
    """Answers with which a task was done, and paid for it."""
    best: float = 0.0
    """Highest reward of a line whose task was not done."""
    findings: list[Found] = field(default_factory=list)
    sampled: list[tuple[Task, Given]] = field(default_factory=list)
    """Lines drawn to be repeated on a server."""
    repeated: int = 0
    """Commands in them."""


def kinds_named(names: str) -> list[tuple[Family, str]]:
    """Return kinds by their names, joined by commas: `map` or `orientation.map`; all where empty.

    Raises UserError for a name that no kind has.
    """
    every = [(family, kind) for family, kinds in KINDS.items() for kind in kinds]
    if not names:
        return every
    found = []
    for name in names.split(","):
        fitting = [(f, k) for f, k in every if name.strip() in (k, f"{f}.{k}")]
        if not fitting:
            raise UserError(f"unknown kind {name!r}: `evennia-world tasks list` names them")
        found += fitting
    return found


def audit_kind(
    family: Family, kind: str, budget: int, seed: int, *, share: float = 0.0,
    progress: Callable[[int, float], None] = lambda commands, best: None,
) -> Audited:  # fmt: skip
    """Search tasks of one kind, of all difficulties and splits in turn, with `budget` commands.

    Lines drawn by the seed, with `share` of the commands, are kept to be repeated. `progress` is
    told of the commands given and the best reward without the goal after each task. The same
    arguments give the same result.
    """
    audited = Audited(f"{family}.{kind}")
    longest = KINDS[family][kind].stages[1]
    count = max(FEWEST, budget // (A_TASK * -(-longest // STAGES)))
    for n in range(count):
        part = budget * (n + 1) // count - budget * n // count
        difficulty, split = 1 + (3 * n) % 10, SPLITS[n % len(SPLITS)]
        task = make_task(family, seed + n, difficulty, kind=kind, split=split)
        rng = random.Random(f"{task.id}/sample")

        def sample(
            line: Line, answer: dict[str, Any], rng: random.Random = rng, task: Task = task,
            given: int = audited.commands + part,
        ) -> None:  # fmt: skip
            due = share * (given - line.meter.left)
            if audited.repeated < due and rng.random() < SAMPLING:
                audited.sampled.append((task, line.given))
                audited.repeated += line.commands

        found = search(TaskSubject(task), part, f"{task.id}/{seed}", played=sample)
        audited.tasks += 1
        audited.commands += part - found.idle
        audited.lines += found.lines
        audited.done += found.done
        audited.best = max(audited.best, found.best)
        audited.findings += [_reported(task, f) for f in _best(found)]
        progress(part, audited.best)
    return audited


def _best(found: Searched) -> list[Finding]:
    return sorted(found.findings, key=lambda f: (-f.reward, f.missing))[:SHOWN]


def _reported(task: Task, finding: Finding) -> Found:
    short, _ = shrink(finding, SHRINKING)
    return Found(task, short.line.given, short.answer, short.reward, short.missing, finding.moves)
