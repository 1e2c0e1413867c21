"""Exposed recall: facts shown before a conversation was wiped and used rightly after it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from environments.evaluation.diagnostics.trace import Ledger, Moment, Trace, plain
from environments.tasks.matching import match
from environments.tasks.model import Answered, Condition, Evidence, Together
from environments.tasks.verdict import known_names
from world_fixtures.state import WorldState


class Recall(NamedTuple):
    """A fact that was shown, and whether it was used rightly after the conversation was wiped."""

    field: str
    """The answer field that needs it."""
    used: bool
    commands: int
    """Commands since it was shown last."""
    stages: int
    """Conversations since then."""
    overwrites: int
    """Times that what showed it was changed since."""


def recalls(trace: Trace) -> list[Recall]:
    """Return an entry for each fact that an answer needs, was shown, and had to be remembered.

    Counted are facts that a later conversation's answer needs (the task's evidence), that a command
    or view showed the agent in their own conversation, that the last conversation did not show
    again with the same value, and after which another conversation was begun. Used rightly: the
    answer's field is right in full.
    """
    task = trace.task
    last = len(task.stages) - 1
    starts, ends = _states(trace)
    parts = {p.field: p for g in task.goals for p in _answers(g.condition)}
    found = []
    for stage, begun in enumerate(task.stages[: min(last, trace.stages - 1)]):
        for wanted in begun.evidence:
            exposed = [m for m in trace.moments if m.stage == stage and _shown(m, wanted)]
            if wanted.field not in parts or not exposed:
                continue
            at = exposed[-1]
            shown = _shown(at, wanted)
            if any(m.stage == last and shown & _shown(m, wanted) for m in trace.moments):
                continue
            part = parts[wanted.field]
            used = trace.stages > last and _right(trace, part, starts, ends)
            found.append(
                Recall(
                    field=wanted.field,
                    used=used,
                    commands=len(trace.commands) - at.number,
                    stages=trace.stages - 1 - stage,
                    overwrites=_overwrites(trace, wanted, at),
                )
            )
    return found


def _answers(condition: Condition) -> Iterator[Answered]:
    parts = condition.conditions if isinstance(condition, Together) else (condition,)
    yield from (p for p in parts if isinstance(p, Answered))


def _shown(moment: Moment, wanted: Evidence) -> set[str]:
    """Return the values with which a moment of the agent shows the fact; plain, so comparable."""
    if not moment.own:
        return set()
    return {
        plain(value)
        for entity, field, value in moment.event.reveals
        if (entity, field) == (wanted.entity, wanted.fact)
        and (wanted.value is None or plain(value) == plain(wanted.value))
    }


def _right(
    trace: Trace, part: Answered, starts: dict[int, WorldState], ends: dict[int, WorldState]
) -> bool:
    known = part.known
    expected = part.expected
    if known is not None:
        state = (ends if known.end else starts).get(known.stage)
        if state is None:
            return False
        expected = tuple(known_names(known, state, trace.task))
    return match(part, trace.answer, expected) >= 1.0


def _states(trace: Trace) -> tuple[dict[int, WorldState], dict[int, WorldState]]:
    """Return the states in which each stage began and ended, where the task asks for them."""
    asked = {
        (part.known.stage, part.known.end)
        for goal in trace.task.goals
        for part in _answers(goal.condition)
        if part.known is not None
    }
    starts: dict[int, WorldState] = {}
    ends: dict[int, WorldState] = {}
    if not asked:
        return starts, ends
    ledger = Ledger(trace.task.spec)
    for moment in trace.moments:
        if moment.own and moment.stage not in starts:
            starts[moment.stage] = ledger.state
        ledger.make(moment.event.changes)
        own_group = moment.own or moment.event.cause is not None
        if own_group and moment.stage in starts:
            ends[moment.stage] = ledger.state
    return starts, ends


def _overwrites(trace: Trace, wanted: Evidence, shown: Moment) -> int:
    """Count the events after `shown` that changed what the fact's source shows."""
    things = {t.id for t in trace.task.spec.things}
    count = 0
    for moment in trace.moments:
        if moment.event.seq > shown.event.seq:
            count += any(
                (c.entity, c.field) == (wanted.entity, wanted.fact)
                or (
                    wanted.fact == "contents" and c.field == "location" and c.entity in things
                    and wanted.entity in (c.before, c.after)
                )
                for c in moment.event.changes
            )  # fmt: skip
    return count
