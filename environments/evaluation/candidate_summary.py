"""Canary and shadow: the rows of their log, and the comparison with intervals over tasks. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from statistics import fmean
from typing import Any, Literal

import numpy as np
from pydantic import Field

from environments.evaluation.formatting import share_text
from environments.evaluation.metrics import Measure
from environments.evaluation.statistics import Interval, score_interval, unpaired
from environments.rollouts.record import Rollout
from world_fixtures.common import Frozen

TRAFFIC = "traffic.json"
"""The comparison as a file in a run's directory."""


class Reply(Frozen):
    """What a model answered to one request."""

    calls: tuple[tuple[str, Any], ...] = ()
    """Tool names with their arguments."""
    seconds: float = 0.0
    error: str | None = None


class Request(Frozen):
    """One request that both models were sent."""

    primary: Reply
    candidate: Reply

    @property
    def same_tools(self) -> bool:
        """Whether both called the same tools in the same order; calling none is agreement, too."""
        names = [[name for name, _ in r.calls] for r in (self.primary, self.candidate)]
        return names[0] == names[1]

    @property
    def same_calls(self) -> bool:
        """Whether both called the same tools with equal arguments."""
        return self.primary.calls == self.candidate.calls


class TrafficRow(Frozen):
    """One rollout, as the log keeps it."""

    rollout: str
    task: str
    attempt: int
    candidate: bool
    """The candidate acted."""
    model: str
    reward: float | None
    """None where the rollout failed."""
    success: bool | None
    turns: int
    model_seconds: float
    requests: tuple[Request, ...] = ()
    """Of a shadow."""

    @classmethod
    def of(
        cls, rollout: Rollout, candidate: bool, requests: tuple[Request, ...] = ()
    ) -> TrafficRow:
        """Return the row of a rollout in which the candidate acted, or the primary."""
        verdict = rollout.verdict
        return cls(
            rollout=rollout.id, task=rollout.task.id, attempt=rollout.attempt,
            candidate=candidate, model=rollout.model,
            reward=None if verdict is None else verdict.reward,
            success=None if verdict is None else verdict.success,
            turns=rollout.turns, model_seconds=rollout.model_seconds, requests=requests,
        )  # fmt: skip


class Latency(Frozen):
    """Seconds for one model call."""

    p50: float
    p95: float


class Side(Frozen):
    """One of the two models."""

    model: str
    rollouts: int = 0
    """That it acted in."""
    failed: int = 0
    tasks: int = 0
    reward: Measure | None = None
    success: Measure | None = None
    reward_unscored_as_0: Measure | None = None
    """Over all rollouts, with 0 for those that failed."""
    turns: float | None = None
    latency: Latency | None = None


class Agreement(Frozen):
    """How often a shadow would have done the same."""

    requests: int
    """Sent to both."""
    errors: int
    """Of the candidate; they count as no agreement."""
    same_tools: Measure
    same_calls: Measure


class TrafficSummary(Frozen):
    """The comparison at the end."""

    mode: Literal["canary", "shadow"]
    primary: Side
    candidate: Side
    difference: float | None = Field(default=None)
    """Canary: mean reward of the candidate less the primary's, on different tasks."""
    ci95: Interval | None = None
    p_value: float | None = None
    agreement: Agreement | None = None


def summarise(rows: Sequence[TrafficRow], candidate: str, shadow: bool) -> TrafficSummary:
    """Compare the primary with the model named `candidate`."""
    own, other = ([r for r in rows if r.candidate is side] for side in (False, True))
    primary = own[0].model if own else ""
    if shadow:
        requests = [q for row in own for q in row.requests]
        answered = [q for q in requests if q.candidate.error is None]
        return TrafficSummary(
            mode="shadow",
            primary=_side(primary, own, [q.primary.seconds for q in requests]),
            candidate=Side(
                model=candidate, latency=_latency(q.candidate.seconds for q in answered)
            ),
            agreement=_agreement(own),
        )  # fmt: skip
    a, b = ([fmean(v) for v in _by_task(side).values()] for side in (own, other))
    found = unpaired(a, b)
    return TrafficSummary(
        mode="canary",
        primary=_side(primary, own, [r.model_seconds / r.turns for r in own if r.turns]),
        candidate=_side(candidate, other, [r.model_seconds / r.turns for r in other if r.turns]),
        difference=found and found.difference,
        ci95=found and found.ci95,
        p_value=found and found.p_value,
    )


def _by_task(rows: Iterable[TrafficRow]) -> dict[str, list[float]]:
    found: dict[str, list[float]] = defaultdict(list)
    for row in rows:
        if row.reward is not None:
            found[row.task].append(row.reward)
    return found


def _side(model: str, rows: Sequence[TrafficRow], seconds: Iterable[float]) -> Side:
    scored = [r for r in rows if r.reward is not None]
    return Side(
        model=model, rollouts=len(rows), failed=len(rows) - len(scored),
        tasks=len({r.task for r in scored}),
        reward=_measure((r.task, r.reward or 0.0) for r in scored),
        success=_measure((r.task, float(bool(r.success))) for r in scored),
        reward_unscored_as_0=_measure((r.task, r.reward or 0.0) for r in rows),
        turns=fmean(r.turns for r in scored) if scored else None,
        latency=_latency(seconds),
    )  # fmt: skip


def _measure(values: Iterable[tuple[str, float]]) -> Measure | None:
    """Return the mean over tasks of each task's mean."""
    by_task: dict[str, list[float]] = defaultdict(list)
    for task, value in values:
        by_task[task].append(value)
    means = [fmean(v) for v in by_task.values()]
    if not means:
        return None
    n = sum(map(len, by_task.values()))
    return Measure(mean=fmean(means), ci95=score_interval(means), n=n, tasks=len(means))


def _agreement(rows: Sequence[TrafficRow]) -> Agreement | None:
    pairs = [(row.task, request) for row in rows for request in row.requests]
    counted = [(task, q, q.candidate.error is None) for task, q in pairs]
    tools = _measure((task, float(ok and q.same_tools)) for task, q, ok in counted)
    calls = _measure((task, float(ok and q.same_calls)) for task, q, ok in counted)
    if tools is None or calls is None:
        return None
    errors = sum(not ok for _, _, ok in counted)
    return Agreement(requests=len(pairs), errors=errors, same_tools=tools, same_calls=calls)


def _latency(seconds: Iterable[float]) -> Latency | None:
    found = list(seconds)
    if not found:
        return None
    p50, p95 = np.quantile(found, [0.5, 0.95])
    return Latency(p50=float(p50), p95=float(p95))


def traffic_text(summary: TrafficSummary) -> str:
    """Return the comparison as a few lines for a terminal."""
    lines = [f"{summary.mode}: {summary.candidate.model} beside {summary.primary.model}"]
    for role, side in (("primary", summary.primary), ("candidate", summary.candidate)):
        facts = [f"  {role:<9}"]
        if side.rollouts:
            facts.append(f"{side.rollouts} rollouts of {side.tasks} tasks")
            facts.append(f"reward {_measured(side.reward)}, success {_measured(side.success)}")
        if side.failed:
            share = share_text(side.failed / side.rollouts)
            counted = _measured(side.reward_unscored_as_0)
            facts.append(f"{side.failed} failed and in no mean ({share}; as 0: reward {counted})")
        if side.latency is not None:
            p50, p95 = side.latency.p50 * 1000, side.latency.p95 * 1000
            facts.append(f"a call p50 {p50:.0f} ms, p95 {p95:.0f} ms")
        lines.append(f"{facts[0]}  {'; '.join(facts[1:]) or 'played nothing'}")
    if summary.difference is not None:
        low, high = summary.ci95 or (float("nan"), float("nan"))
        lines.append(
            f"  candidate - primary {summary.difference:+.3f} [{low:+.3f}, {high:+.3f}],"
            f" p = {summary.p_value:.4f} (on different tasks; `compare` of whole runs is sharper)"
        )
    if (found := summary.agreement) is not None:
        lines += [
            f"  same tools {_measured(found.same_tools)}, same arguments, too"
            f" {_measured(found.same_calls)}, of {found.requests} requests",
            f"  {found.errors} requests the candidate did not answer",
        ]
    return "\n".join(lines)


def _measured(measure: Measure | None) -> str:
    if measure is None:
        return "-"
    ends = "" if measure.ci95 is None else f" [{measure.ci95[0]:.2f}, {measure.ci95[1]:.2f}]"
    return f"{measure.mean:.2f}{ends}"
