"""The search: a tree of forks that grows where lines from it were paid most. Seeded, pure.

Upper confidence bounds on trees (Kocsis and Szepesvári 2006) with progressive widening: the actions
of a node are drawn one after the other, more of them the more often the node was visited, and the
line from each new node is played out by chance.
"""

from __future__ import annotations

import math
import random
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from environments.audit.answers import answers
from environments.audit.habits import LIVING_ENDINGS, LIVING_MOVES
from environments.audit.line import Line, Meter, Subject
from environments.audit.moves import ENDINGS, MOVES, Move, rest, walk_on
from environments.tasks.verdict import commands_of
from world_fixtures.protocol import ResultKind

THRESHOLD = 0.3
"""Rewards above this are for tasks that are done, and for nothing else."""
HONEST = 0.1
"""Factor on what a line is worth to the search that was paid for what it did, or paid too little: a
way of cheating may start beside it, and is not it."""
EXPLORATION = 0.4
"""Weight of what is uncertain in the choice of a child."""
WIDENING = 2.0
"""A node has at most so many children times the root of its visits."""
PREFIXES = 12
"""Beginnings of the walkthrough that lines start from, too, where time passes and people live."""
FROM_PREFIX = 0.5
"""Share of the lines that start from one of them."""
LONG = 3
"""Stages from which a line is mostly played out by the walkthrough, but for one stage, and seldom
starts anew: most that it does early on costs all that follows."""
FROM_PREFIX_OF_LONG = 0.9
CAREFUL = 0.7
"""Share of the lines of so many stages that are."""


@dataclass(frozen=True)
class Finding:
    """A line that was paid without its task being done."""

    line: Line
    answer: dict[str, Any]
    reward: float
    missing: tuple[str, ...]
    """What is not done, by the second opinion."""
    moves: tuple[str, ...]
    """Names of the moves it is made of."""

    @property
    def lacking(self) -> tuple[str, ...]:
        """What is missing, without the numbers in it."""
        return tuple(sorted({re.sub(r"[0-9]+", "#", line) for line in self.missing}))

    @property
    def ways(self) -> tuple[str, ...]:
        """`wrote` where the agent wrote, `echoed` where it said what was not understood."""
        own = [e for part in self.line.parts for e in commands_of(part, self.line.agent)]
        wrote = any(e.verb == "write" for e in own)
        echoed = any(e.kind is ResultKind.UNKNOWN for e in own)
        return (*["wrote"] * wrote, *["echoed"] * echoed)


@dataclass
class Searched:
    """What came of searching one task."""

    findings: list[Finding] = field(default_factory=list)
    """The best paid one of each sort: of what is missing, and of writing and echoing."""
    best: float = 0.0
    """Highest reward of a line whose task was not done."""
    lines: int = 0
    """Lines that were played to their end."""
    done: int = 0
    """Answers at the end of a line with which the task was done."""
    idle: int = 0
    """Lines without a command: each is taken from the budget as one."""
    known: set[str] = field(default_factory=set)
    """Of the lines that were played, by their commands."""

    def add(self, finding: Finding) -> None:
        """Keep a finding, unless one of its sort was paid as much."""
        for n, other in enumerate(self.findings):
            if (other.lacking, other.ways) == (finding.lacking, finding.ways):
                if other.reward < finding.reward:
                    self.findings[n] = finding
                return
        self.findings.append(finding)


@dataclass
class _Node:
    line: Line
    moves: tuple[str, ...] = ()
    children: list[_Node] = field(default_factory=list)
    visits: int = 0
    total: float = 0.0

    def best_child(self) -> _Node:
        """Return the child of the highest upper bound."""
        weight = EXPLORATION * math.sqrt(math.log(self.visits + 1))
        return max(self.children, key=lambda c: (c.total + weight * math.sqrt(c.visits)) / c.visits)


def search(
    subject: Subject,
    budget: int,
    seed: str,
    *,
    played: Callable[[Line, dict[str, Any]], None] = lambda line, answer: None,
) -> Searched:
    """Search a task for reward, with as many commands as the budget says.

    `played` is told of every line that was played to its end, with the answer that was paid most.
    The same arguments give the same result.
    """
    rng = random.Random(seed)
    meter = Meter(budget)
    found = Searched()
    root = _Node(Line(subject, meter))
    moves = LIVING_MOVES if root.line.lives else MOVES
    prefixes = _prefixes(root.line) if root.line.lives else []
    share = FROM_PREFIX_OF_LONG if len(subject.prompts) >= LONG else FROM_PREFIX
    while meter.left > 0:
        before = meter.left
        path = [root]
        if prefixes and rng.random() < share:
            path = [prefixes[max(rng.randrange(len(prefixes)) for _ in range(2))]]
        while len(path[-1].children) > WIDENING * math.sqrt(path[-1].visits):
            path.append(path[-1].best_child())
        node = path[-1]
        move = _draw(moves, rng)
        child = _Node(node.line.fork(), (*node.moves, move.__name__))
        move(child.line, rng)
        worth = _play_out(child, rng, found, played)
        if not child.line.spent:
            node.children.append(child)
            path.append(child)
        for node in path:
            node.visits += 1
            node.total += worth
        if meter.left == before:
            meter.left -= 1  # a line without commands is not for nothing, or this might not end
            found.idle += 1
    return found


def _prefixes(line: Line) -> list[_Node]:
    """Play the walkthrough; returns a dozen of its beginnings, all that is played once."""
    line, found = line.fork(), list[_Node]()
    total = sum(map(len, line.subject.walkthrough))
    for n in range(PREFIXES):
        while line.commands < total * (n + 1) // PREFIXES and not line.spent:
            if line.left:
                walk_on(line, 1)
            else:
                line.next_stage()
        found.append(_Node(line.fork(), (rest.__name__,)))
    return found


def _play_out(
    node: _Node, rng: random.Random, found: Searched, played: Callable[[Line, dict[str, Any]], None]
) -> float:
    """Play a line to its end by chance; returns what it is worth to the search."""
    line, names = node.line.fork(), list(node.moves)
    endings = LIVING_ENDINGS if line.lives else ENDINGS
    stages = len(line.subject.prompts)
    careful = stages >= LONG and rng.random() < CAREFUL
    odd = rng.randrange(line.stage, stages)
    while True:
        stage = line.stage
        move = rest if careful and stage != odd else _draw(endings, rng)
        names.append(move.__name__)
        last = line.last
        move(line, rng)
        if last:
            break
        if line.stage == stage:
            line.next_stage()
    found.lines += 1
    given = answers(line, rng)
    known = "\n".join(" ; ".join(part) for part in line.given)
    if known in found.known:  # the right answer was tried with it
        given = given[1:]
    found.known.add(known)
    paid = line.subject.rewards(line, given)
    if given:
        played(line, given[paid.index(max(paid))])
    worth = 0.0
    for reward, answer in zip(paid, given, strict=True):
        worth = max(worth, HONEST * reward)
        if reward <= min(found.best, THRESHOLD):
            continue
        lacks = line.subject.missing(line, answer)
        if not lacks:
            found.done += 1
            continue
        found.best = max(found.best, reward)
        worth = max(worth, reward)
        if reward > THRESHOLD:
            found.add(Finding(line, answer, reward, lacks, tuple(names)))
    return worth


def _draw(moves: Mapping[Move, int], rng: random.Random) -> Move:
    return rng.choices(list(moves), list(moves.values()))[0]
