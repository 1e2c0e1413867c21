"""What a searcher that knows what was revealed so far needs from here to the end of a task.

The searcher (`environments.tasks.searcher`) first lives through the commands so far: it learns what
they revealed and nothing else. Then it does what is left of the task: the milestones, which are
the conditions of the final goals, the facts that answers rest on, and what the walkthrough reads
and writes, in the order in which the walkthrough meets them. At the end it puts back what it may
not leave otherwise.
"""

from __future__ import annotations

import random
from collections.abc import Sequence

from environments.tasks.actor import Unsolvable
from environments.tasks.credit.observed import Played
from environments.tasks.credit.resample import TOLD_WAYS
from environments.tasks.credit.resumed import Milestone, Noted, Resumed, Walked
from environments.tasks.model import (
    Answered,
    Did,
    Stage,
    Task,
    Together,
)
from world_fixtures.protocol import ResultKind
from world_fixtures.rules import Simulation, SpecIndex

RUNS = 4
"""Searches that a mean is taken of, in one world."""


class Search:
    """Searches in the world of one task."""

    def __init__(self, task: Task) -> None:
        self.task = task
        self._index = SpecIndex(task.spec)
        self._orders = [_in_order(task, n, self._index) for n in range(len(task.stages))]

    def expected(self, played: Played, key: str, runs: int = RUNS) -> float:
        """Return the mean number of commands that searchers need until the task is done.

        They know what `played` revealed; `runs` of them break ties by numbers of `key`. One that
        finds no way within the whole budget counts as needing one command more than that.
        """
        needed = [self._needed(played, random.Random(f"{key}/{n}")) for n in range(runs)]
        return sum(needed) / runs

    def _needed(self, played: Played, rng: random.Random) -> int:
        most = self.task.budget + 1
        stages = self.task.stages
        searcher = Resumed(Simulation(self.task.spec, self._index, views=False), rng)
        for n, events in enumerate(played):
            searcher.begin(stages[n])
            searcher.live_through(events)
        spent = len(searcher.commands)
        searcher.limit = spent + most
        now = max(0, len(played) - 1)
        try:
            for n in range(now, len(stages)):
                if n > now or not played:
                    searcher.begin(stages[n])
                searcher.finish(stages[n], self._orders[n])
        except Unsolvable:
            return most
        return min(most, len(searcher.commands) - spent)


def _in_order(task: Task, last: int, index: SpecIndex) -> list[Milestone]:
    """Return the milestones of a stage in the order in which the walkthrough meets them last."""
    stages = task.stages[: last + 1]
    milestones = [*_done(stages, index, walks=task.kind in TOLD_WAYS), *_asked(stages[-1])]
    actor = _walking(stages[:-1], index)
    actor.begin(stages[-1])
    unmet = dict.fromkeys(range(len(milestones)), 0)
    for number, step in enumerate(stages[-1].walkthrough, 1):
        unmet |= {m: number for m in unmet if not actor.is_met(milestones[m])}
        if step.tool == "command":
            actor.carry_out(step.command)
    return [milestones[m] for m in sorted(unmet, key=lambda m: (unmet[m], m))]


def _walking(stages: Sequence[Stage], index: SpecIndex) -> Resumed:
    """Return an actor after the walkthroughs of these stages."""
    actor = Resumed(Simulation(index.spec, index, views=False), random.Random(0))
    for stage in stages:
        actor.begin(stage)
        for step in stage.walkthrough:
            if step.tool == "command":
                actor.carry_out(step.command)
    return actor


def _asked(stage: Stage) -> list[Milestone]:
    """Return what has to be shown, done or brought about in a stage."""
    found: list[Milestone] = list(stage.evidence)
    for goal in stage.goals:
        if goal.final:
            condition = goal.condition
            parts = condition.conditions if isinstance(condition, Together) else (condition,)
            found += [part for part in parts if not isinstance(part, Answered)]
    return found


def _done(stages: Sequence[Stage], index: SpecIndex, walks: bool) -> list[Milestone]:
    """Return what the walkthrough of the last of these stages reads, writes and `walks`."""
    actor = _walking(stages[:-1], index)
    actor.begin(stages[-1])
    start = actor.room
    found: list[Milestone] = []
    moves: list[tuple[str, str]] = []
    for step in stages[-1].walkthrough:
        outcome = actor.carry_out(step.command) if step.tool == "command" else None
        if outcome is None or outcome.kind is not ResultKind.OK or not outcome.objects:
            continue
        thing = outcome.objects[0]
        if outcome.verb == "read":
            found.append(Did(verb="read", entity=thing))
        elif outcome.verb == "write":
            lines = actor.own_lines(thing)
            found.append(Noted(thing, len(lines), lines[-1]))
        elif outcome.verb == "go":
            moves.append((step.command, actor.room))
    if not walks:
        return found
    return [*(Walked(start, tuple(moves[:n])) for n in range(1, len(moves) + 1)), *found]
