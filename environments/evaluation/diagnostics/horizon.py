"""Meaningful horizon: up to which command a rollout makes more progress than `random`."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean

from environments.evaluation.diagnostics.trace import Ledger, Moment, Trace, lasting, plain
from environments.tasks.model import Answered, Condition, Did, Present, Together, Visited
from environments.tasks.verdict import Played, judge
from environments.tasks.version import TASKS_VERSION
from world_fixtures.protocol import Event


def progress(trace: Trace) -> list[float] | None:
    """Return the progress after 0, 1, 2, ... commands, the last one with the answer; in [0, 1].

    The share of the task's steps taken until then: goals that were met in full at some time of
    their stage, and facts needed by its answers that were shown. Goals that are met without doing
    anything are no step. None for tasks of another version, and of which nothing is a step.
    """
    if trace.task.version != TASKS_VERSION:
        return None
    reached: dict[str, int] = {}
    idle: set[str] = set()
    over: list[Played] = []
    ledger = Ledger(trace.task.spec)
    for stage in range(trace.stages):
        moments = [m for m in trace.moments if m.stage == stage]
        number = moments[0].number if moments else len(trace.commands)
        at = next((n for n, m in enumerate(moments) if m.own), len(moments))
        for moment in moments[:at]:
            ledger.make(moment.event.changes)
        names = {g.name: g.condition for g in trace.task.stages[stage].goals}
        start = ledger.state
        if any(_by_world(c) for c in names.values()):
            idle.update(_met(trace, over, Played([], start, start)) & names.keys())
        events: list[Event] = []
        for moment in moments[at:]:
            ledger.make(moment.event.changes)
            number = moment.number
            if moment.event.actor == trace.agent:
                events.append(moment.event)
            if moment.own:
                for n, wanted in enumerate(trace.task.stages[stage].evidence):
                    if _shown(moment, wanted.entity, wanted.fact, wanted.value):
                        reached.setdefault(f"fact {stage} {n}", number)
            left = [n for n, c in names.items() if n not in reached and _by_world(c)]
            if left and _matters(moment, [names[n] for n in left]):
                for name in sorted(
                    _met(trace, over, Played(events, ledger.state, start)) & set(left) - idle
                ):
                    reached[name] = number
        over.append(Played(events, ledger.state, start))
    for name, degree in (trace.goals or {}).items():
        if degree >= 1.0 and name not in idle:
            reached.setdefault(name, len(trace.commands))
    facts = sum(len(stage.evidence) for stage in trace.task.stages)
    total = facts + len({g.name for g in trace.task.goals} - idle)
    if not total:
        return None
    counts = [0] * (len(trace.commands) + 1)
    for number in reached.values():
        counts[number] += 1
    return [sum(counts[: n + 1]) / total for n in range(len(counts))]


def horizon(own: Sequence[float], random: Sequence[Sequence[float]]) -> int | None:
    """Return the number of the last command from which on the rollout gains more than `random`.

    Progress is compared from before that command to the end of each. `own` is the rollout's
    progress and `random` that of rollouts of the policy on the same task; 0 where the rollout never
    gains more, None without any of the policy.
    """
    if not random:
        return None
    for number in range(len(own) - 1, 0, -1):
        others = fmean(curve[-1] - curve[min(number, len(curve)) - 1] for curve in random)
        if own[-1] - own[number - 1] > others + 1e-12:
            return number
    return 0


def _met(trace: Trace, over: list[Played], present: Played) -> set[str]:
    found = judge(trace.task, [*over, present], None).goals
    return {name for name, degree in found.items() if degree >= 1.0}


def _by_world(condition: Condition) -> bool:
    """Tell whether the world alone decides a condition."""
    parts = condition.conditions if isinstance(condition, Together) else (condition,)
    return not any(isinstance(part, Answered) for part in parts)


def _matters(moment: Moment, conditions: Sequence[Condition]) -> bool:
    """Tell whether what happened can have met one of the conditions."""
    if lasting(moment.event):
        return True
    parts = [p for c in conditions for p in (c.conditions if isinstance(c, Together) else (c,))]
    return moment.command and moment.carried_out and any(
        isinstance(p, Did | Present | Visited) for p in parts
    )  # fmt: skip


def _shown(moment: Moment, entity: str, fact: str, value: object) -> bool:
    return any(
        (e, f) == (entity, fact) and (value is None or plain(v) == plain(value))
        for e, f, v in moment.event.reveals
    )
