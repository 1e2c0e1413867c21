"""Means over tasks with their intervals, as metrics of Inspect.

Inspect hands a metric one score a task, the mean over its epochs, or all of them where its
reducer was turned off. Both give the numbers of `evaluate`: a mean over tasks of each task's mean.
Samples that failed have no score and are in no mean.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from inspect_ai.scorer import Metric, SampleScore, Value, metric

from environments.integrations.inspect_ai.naming import full, without_package


@metric(name=full("mean_reward"))
@without_package
def mean_reward() -> Metric:
    """Average the rewards over tasks."""
    return _mean()


@metric(name=full("success_rate"))
@without_package
def success_rate() -> Metric:
    """Average the share of attempts that succeeded over tasks."""
    return _mean()


@metric(name=full("mean"))
@without_package
def mean_of_tasks() -> Metric:
    """Average any number over tasks."""
    return _mean()


@metric(name=full("ci95"))
@without_package
def ci95() -> Metric:
    """Give both ends of the mean's 95 % interval; nothing where one number says too little."""

    def ends(scores: list[SampleScore]) -> Value:
        found = _measure(scores).ci95 if scores else None
        return {} if found is None else {"ci95_low": found[0], "ci95_high": found[1]}

    return ends


def _mean() -> Metric:
    def mean(scores: list[SampleScore]) -> Value:  # a new one each time: Inspect names it
        return float(_measure(scores).mean) if scores else math.nan

    return mean


def _measure(scores: Sequence[SampleScore]) -> Any:
    # its plots and reports take a second to load, which no rollout is to wait for
    from environments.evaluation.metrics import measured

    by_task: dict[str, list[float]] = {}
    for score in scores:
        by_task.setdefault(str(score.sample_id), []).append(score.score.as_float())
    return measured(by_task)
