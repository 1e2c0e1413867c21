"""Two runs of the same tasks: how much the second differs, how sure that is, and where.

Paired by task, so that what makes a task hard cancels out. B is measured against A: a
difference above 0 says that B is better.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from statistics import fmean
from typing import Any, Self

from environments.evaluation.metrics import HEADLINE, Score, scored, task_means
from environments.evaluation.regret import sums
from environments.evaluation.run_samples import (
    RunSamples,
    check_starts,
    check_tasks,
    check_versions,
)
from environments.evaluation.statistics import Interval, paired
from world_fixtures.common import Frozen, UserError

METRICS = {"reward": "mean_reward", "success": "success_rate", "spl": "spl"}
"""What can be compared, by the name on the command line."""
ALPHA = 0.05
SAME = 1e-9
"""Scores nearer than this are equal."""
Both = tuple[dict[str, float], dict[str, float]]
"""A metric of A and of B by task."""


class Trajectory(Frozen):
    """Where a rollout is to be found."""

    samples: str
    """Path of the samples.jsonl."""
    line: int
    """1-based; also the number of its anchor `#sample-<line>` in report.html."""
    attempt: int
    stop: str


class TaskPair(Frozen):
    """One task in both runs."""

    task: str
    family: str
    a: float
    """Mean score over the attempts."""
    b: float
    success_a: float
    success_b: float
    trajectories_a: tuple[Trajectory, ...]
    trajectories_b: tuple[Trajectory, ...]


class Unscored(Frozen):
    """The rollouts of one run that failed and have no score."""

    n: int
    share: float
    """Of all its rollouts."""
    families: dict[str, int]
    """How many of each family; only those that have any."""


class Difference(Frozen):
    """B against A in one measure, over the tasks that have it in both."""

    tasks: int
    mean_a: float
    mean_b: float
    difference: float
    """Mean of B - A."""
    ci95: Interval | None
    p_value: float
    """Two-sided sign-flip permutation test."""

    @classmethod
    def over(cls, tasks: Sequence[str], values: Both, **more: Any) -> Self:
        """Compare the values of A and of B over `tasks`; `more` are fields of a subclass."""
        a, b = ([found[task] for task in tasks] for found in values)
        found = paired(a, b)
        return cls(
            tasks=len(tasks), mean_a=fmean(a), mean_b=fmean(b),
            difference=found.difference, ci95=found.ci95, p_value=found.p_value, **more,
        )  # fmt: skip


class RegretDifference(Difference):
    """Mean mistake or search a rollout, in commands."""

    part: str


class Comparison(Frozen):
    """B against A."""

    metric: str
    version: int
    """Of the tasks of both runs."""
    a: str
    b: str
    model_a: str = ""
    model_b: str = ""
    tasks: int
    mean_a: float
    mean_b: float
    difference: float
    """Mean of B - A over the tasks both have."""
    ci95: Interval | None
    p_value: float
    """Two-sided sign-flip permutation test."""
    significant: bool
    """p_value below 0.05 and no 0 within ci95."""
    wins: int
    """Tasks in which B scores more than A."""
    losses: int
    ties: int
    flipped: tuple[TaskPair, ...]
    """Tasks that one run solves in at least half of its attempts and the other does not."""
    only_a: tuple[str, ...]
    """Tasks without a score in B: not played there, or failed."""
    only_b: tuple[str, ...]
    unscored_a: Unscored
    unscored_b: Unscored
    unscored_as_0: Difference
    """With 0 for every rollout without a score."""
    regrets: tuple[RegretDifference, ...] = ()
    """Mistake and search; empty unless both runs have regrets."""


def compare(a: RunSamples, b: RunSamples, metric: str = "reward") -> Comparison:
    """Compare B with A by `metric`, one of METRICS.

    Raises UserError where the runs are of two versions of the tasks, share no scored task, or go
    on from different states, or a task's content differs.
    """
    name = METRICS[metric]
    check_versions(a, b)
    check_tasks(a, b)
    check_starts(a, b)
    known_a, known_b = scored(a.rollouts), scored(b.rollouts)
    scores_a, scores_b = task_means(known_a, name), task_means(known_b, name)
    shared = [task for task in scores_a if task in scores_b]
    if not shared:
        raise UserError(f"{a.source} and {b.source} share no task with a {metric}")
    found = Difference.over(shared, (scores_a, scores_b))
    success = task_means(known_a, "success_rate"), task_means(known_b, "success_rate")
    pairs = _pairs(a, b, shared, (scores_a, scores_b), success)
    wins = sum(p.b > p.a + SAME for p in pairs)
    losses = sum(p.a > p.b + SAME for p in pairs)
    within = found.ci95 is None or found.ci95[0] <= 0 <= found.ci95[1]
    return Comparison(
        metric=metric, version=a.version, a=a.source, b=b.source,
        model_a=a.model, model_b=b.model, tasks=found.tasks,
        mean_a=found.mean_a, mean_b=found.mean_b,
        difference=found.difference, ci95=found.ci95, p_value=found.p_value,
        significant=found.p_value < ALPHA and not within,
        wins=wins, losses=losses, ties=len(shared) - wins - losses,
        flipped=tuple(p for p in pairs if (p.success_a >= 0.5) != (p.success_b >= 0.5)),
        only_a=tuple(t for t in scores_a if t not in scores_b),
        only_b=tuple(t for t in scores_b if t not in scores_a),
        unscored_a=_unscored(known_a), unscored_b=_unscored(known_b),
        unscored_as_0=_unscored_as_0(known_a, known_b, name),
        regrets=tuple(_regrets(a, b)),
    )  # fmt: skip


def _regrets(a: RunSamples, b: RunSamples) -> Iterator[RegretDifference]:
    """Yield the difference in each part of the regret, where both runs have any."""
    for part in ("mistake", "search"):
        of_a, of_b = (sums(run.rollouts, run.regrets, part) for run in (a, b))
        tasks = [task for task in of_a if task in of_b]
        if not tasks:
            return
        yield RegretDifference.over(tasks, (of_a, of_b), part=part)


def _unscored(scores: Sequence[Score]) -> Unscored:
    families = Counter(s.family for s in scores if s.values is None)
    n = families.total()
    return Unscored(n=n, share=n / len(scores), families=dict(sorted(families.items())))


def _unscored_as_0(a: Sequence[Score], b: Sequence[Score], name: str) -> Difference:
    known = task_means([*a, *b], name)  # some metrics do not apply to every task
    all_a, all_b = (task_means(scores, name, unscored_as_0=True) for scores in (a, b))
    tasks = [t for t in all_a if t in all_b and (t in known or name in HEADLINE)]
    return Difference.over(tasks, (all_a, all_b))


def _pairs(
    a: RunSamples, b: RunSamples, shared: Sequence[str], scores: Both, success: Both
) -> list[TaskPair]:
    where_a, where_b = _trajectories(a), _trajectories(b)
    families = {r.task.id: r.task.family.value for r in a.rollouts}
    return [
        TaskPair(
            task=t, family=families[t], a=scores[0][t], b=scores[1][t],
            success_a=success[0][t], success_b=success[1][t],
            trajectories_a=tuple(where_a[t]), trajectories_b=tuple(where_b[t]),
        )
        for t in shared
    ]  # fmt: skip


def _trajectories(run: RunSamples) -> dict[str, list[Trajectory]]:
    found: dict[str, list[Trajectory]] = {}
    for line, rollout in enumerate(run.rollouts, start=1):
        found.setdefault(rollout.task.id, []).append(
            Trajectory(
                samples=run.source, line=line, attempt=rollout.attempt, stop=rollout.stop.value
            )
        )
    return found
