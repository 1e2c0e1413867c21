"""The verdict on a rollout, from the final state, the events and the answer. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from pydantic import Field, model_validator

from environments.tasks.matching import match, normal
from environments.tasks.model import (
    Answered,
    Condition,
    Did,
    Goal,
    Holds,
    Inscribed,
    Located,
    Task,
    Verdict,
    Visited,
)
from world_fixtures.common import Frozen
from world_fixtures.protocol import CONNECT, Event, ResultKind
from world_fixtures.state import WorldState, initial_state

UNSEEN = 0.2
"""Factor on the degree of a right answer whose fact was never observed: it was guessed."""


class Weights(Frozen):
    """Weights of the reward's parts; they sum to 1."""

    outcome: float = Field(default=0.6, ge=0)
    """Final goals met."""
    progress: float = Field(default=0.15, ge=0)
    """All goals met, sub-goals included."""
    efficiency: float = Field(default=0.1, ge=0)
    """Commands of the walkthrough over commands used, in proportion to the outcome."""
    evidence: float = Field(default=0.1, ge=0)
    """Needed facts that were observed, in proportion to the outcome."""
    discipline: float = Field(default=0.05, ge=0)
    """Commands that were understood and possible, in proportion to the progress."""

    @model_validator(mode="after")
    def _sum_to_one(self) -> Weights:
        total = sum(self.model_dump().values())
        if abs(total - 1) > 1e-9:
            raise ValueError(f"the weights sum to {total:g} and must sum to 1")
        return self


def judge(
    task: Task,
    state: WorldState,
    events: Sequence[Event],
    answer: dict[str, Any] | None,
    *,
    weights: Weights | None = None,
) -> Verdict:
    """Judge one rollout by its final state, the agent's events and its submitted answer.

    `events` are the agent's own, of all stages in order; `answer` is None where nothing was
    submitted; `weights` are the defaults where None. The reward is the weighted sum of the parts,
    clamped to [0, 1]. What the initial state already satisfies earns nothing.
    """
    weights = weights or Weights()
    missing = _missing_evidence(task, events)
    degrees = {g.name: _degree(g.condition, state, events, answer, task) for g in task.goals}
    for goal in task.goals:
        if isinstance(goal.condition, Answered) and goal.condition.field in missing:
            degrees[goal.name] *= UNSEEN
    start = initial_state(task.spec)
    idle = {g.name: _degree(g.condition, start, (), None, task) for g in task.goals}
    final = [g for g in task.goals if g.final]
    outcome = _gain(final, degrees, idle)
    progress = _gain(task.goals, degrees, idle)
    given = commands_of(events, task.spec.agent.id)
    commands, wasted = len(given), sum(map(is_wasted, given))
    shown = 1 - len(missing) / len(task.evidence) if task.evidence else 1.0
    parts = {
        "outcome": outcome,
        "progress": progress,
        "efficiency": outcome * min(1.0, task.optimal_steps / commands if commands else 1.0),
        "evidence": outcome * shown,
        "discipline": progress * (1 - wasted / commands if commands else 1.0),
    }
    reward = sum(value * getattr(weights, part) for part, value in parts.items())
    success = all(degrees[g.name] >= 1.0 for g in final)
    return Verdict(
        reward=min(1.0, max(0.0, round(reward, 9))),
        success=success,
        parts={part: round(value, 9) for part, value in parts.items()},
        goals=degrees,
        spl=_spl(task, events, success),
        reasons=tuple(_reasons(task, degrees, missing, commands, wasted)),
    )


def commands_of(events: Iterable[Event], actor: str) -> list[Event]:
    """Return the events of the commands that `actor` (a character's id) gave, in order.

    Connecting is no command, and neither is what other characters did.
    """
    return [e for e in events if e.actor == actor and e.verb != CONNECT]


def is_wasted(event: Event) -> bool:
    """Tell whether a command came to nothing: refused, ambiguous or not understood."""
    return event.kind is not ResultKind.OK


def _degree(
    condition: Condition,
    state: WorldState,
    events: Sequence[Event],
    answer: dict[str, Any] | None,
    task: Task,
) -> float:
    match condition:
        case Located():
            return float(state.location(condition.entity) == condition.place)
        case Holds():
            return float(state.get(condition.entity, condition.field) == condition.value)
        case Inscribed():
            wanted = normal(condition.text)
            lines = state.get(condition.entity, "inscriptions") or ()
            return float(any(wanted in normal(line) for line in lines))
        case Visited():
            start = task.spec.agent.location
            rooms = {c.after for e in events for c in e.changes if c.entity == e.actor}
            return float(condition.room in rooms or (bool(events) and condition.room == start))
        case Did():
            return float(
                any(
                    e.kind is ResultKind.OK and e.verb == condition.verb
                    and condition.entity in e.objects
                    for e in events
                )
            )  # fmt: skip
        case Answered():
            return match(condition, answer)


def _gain(goals: Sequence[Goal], degrees: dict[str, float], idle: dict[str, float]) -> float:
    """Return the weighted degree above that of doing nothing, scaled to [0, 1]."""
    possible = sum(g.weight * (1 - idle[g.name]) for g in goals)
    gained = sum(g.weight * (degrees[g.name] - idle[g.name]) for g in goals)
    return max(0.0, gained / possible) if possible else 0.0


def _missing_evidence(task: Task, events: Sequence[Event]) -> set[str]:
    """Return the answer fields whose fact was in no observation."""
    seen = "\n".join(e.text for e in events if e.verb not in ("write", "say"))
    return {e.field for e in task.evidence if e.text not in seen}


def _spl(task: Task, events: Sequence[Event], success: bool) -> float | None:
    """Compute S * l / max(p, l), eq. 1 of Anderson et al. 2018 (arXiv 1807.06757), one episode."""
    if task.shortest_path is None:
        return None
    moves = sum(e.verb == "go" and e.kind is ResultKind.OK for e in events)
    return float(success) * task.shortest_path / max(moves, task.shortest_path, 1)


def _reasons(
    task: Task, degrees: dict[str, float], missing: set[str], commands: int, wasted: int
) -> list[str]:
    reasons = []
    for goal in task.goals:
        if degrees[goal.name] < 1:
            kind = "goal" if goal.final else "sub-goal"
            reasons.append(f"{kind} not met: {goal.name} ({degrees[goal.name]:.2f})")
    reasons += [f"never observed what the answer {field!r} needs" for field in sorted(missing)]
    if commands > task.optimal_steps:
        reasons.append(f"{commands} commands where {task.optimal_steps} would do")
    if wasted:
        reasons.append(f"{wasted} commands were not understood or not possible")
    return reasons
