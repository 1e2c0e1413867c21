"""Memory value: what notes in the world are worth, by runs that differ in them alone."""

from __future__ import annotations

from collections.abc import Iterable
from statistics import fmean

from environments.evaluation.metrics import Measure
from environments.evaluation.statistics import paired
from environments.rollouts.record import Rollout


def memory_value(kept: Iterable[Rollout], other: Iterable[Rollout]) -> Measure | None:
    """Return the success rate with notes kept above that of `other`; None without a common task.

    Paired by task, over tasks of several conversations that both have scored: the difference of the
    means over each task's attempts, with the interval of a comparison of two runs.
    """
    own, others = _successes(kept), _successes(other)
    tasks = sorted(own.keys() & others.keys())
    if not tasks:
        return None
    found = paired([fmean(others[t]) for t in tasks], [fmean(own[t]) for t in tasks])
    n = sum(len(own[t]) for t in tasks)
    return Measure(mean=found.difference, ci95=found.ci95, n=n, tasks=len(tasks))


def _successes(rollouts: Iterable[Rollout]) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {}
    for rollout in rollouts:
        if rollout.verdict is not None and len(rollout.task.stages) > 1:
            found.setdefault(rollout.task.id, []).append(float(rollout.verdict.success))
    return found
