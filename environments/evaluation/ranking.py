"""Any number of runs of the same tasks: who is best, and which differences are significant. Pure.

All means are over the tasks that every run has scored, so that none looks better for the tasks
it was spared. Each pair is compared by task (`statistics.paired`), and the p-values of all pairs
are corrected together by Holm's method.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

from environments.evaluation.compare import ALPHA, METRICS, SAME, Difference
from environments.evaluation.contestants import Contestant, check_comparable
from environments.evaluation.expenses import Expenses
from environments.evaluation.metrics import Measure, Score, Stratum, stratum, task_means
from environments.evaluation.statistics import holm
from environments.tasks.model import Family
from world_fixtures.common import Frozen, UserError


class Standing(Frozen):
    """One run in the ranking."""

    name: str
    source: str
    place: int
    """1 is best; runs with the same mean share a place."""
    best: int
    """The best place that the tests leave open: 1 and as many as are significantly better."""
    worst: int
    score: Measure
    """Mean of the metric over the tasks of the ranking."""
    success: Measure
    families: dict[str, Measure]
    """The metric by family."""
    unscored_as_0: Measure | None
    """Mean reward over all rollouts of the run, with 0 for each without a score."""
    scored: int
    failed: int
    """Rollouts without a score."""
    missing: int
    """Rollouts not yet played."""
    spent: Expenses


class Pair(Difference):
    """B against A, which stands lower or level, over the tasks that both have scored."""

    a: str
    b: str
    p_holm: float
    """The p-value, corrected for the number of pairs."""
    significant: bool
    """p_holm below 0.05 and no 0 within ci95."""


class Ranking(Frozen):
    """Runs, the best first, and all their pairs."""

    metric: str
    version: int
    """Of the tasks."""
    suites: tuple[str, ...]
    tasks: int
    """Tasks that every run has scored."""
    left_out: int
    """Tasks that only some have scored."""
    standings: tuple[Standing, ...]
    pairs: tuple[Pair, ...]


def rank(runs: Sequence[Contestant], metric: str = "reward") -> Ranking:
    """Rank runs by `metric`, one of compare.METRICS; the names of `runs` must differ.

    Raises UserError where two cannot be compared, or no task has a score in all of them.
    """
    check_comparable(runs)
    name = METRICS[metric]
    means = {run.name: task_means(run.scores, name) for run in runs}
    known = dict.fromkeys(task for found in means.values() for task in found)
    shared = {task for task in known if all(task in found for found in means.values())}
    if not shared:
        sources = ", ".join(str(run.source) for run in runs)
        raise UserError(f"no task has a {metric} in all of {sources}")
    common = {run.name: stratum(_of(run.scores, shared)) for run in runs}
    order = sorted(runs, key=lambda run: (-common[run.name].measures[name].mean, run.name))
    pairs = _pairs({run.name: means[run.name] for run in reversed(order)})
    return Ranking(
        metric=metric,
        version=runs[0].version,
        suites=tuple(dict.fromkeys(run.suite for run in runs if run.suite)),
        tasks=len(shared),
        left_out=len(known) - len(shared),
        standings=tuple(_standing(run, name, shared, common, pairs) for run in order),
        pairs=pairs,
    )


def _of(scores: Sequence[Score], tasks: set[str]) -> list[Score]:
    return [score for score in scores if score.task in tasks]


def _pairs(means: dict[str, dict[str, float]]) -> tuple[Pair, ...]:
    found = []
    for (a, of_a), (b, of_b) in combinations(means.items(), 2):
        both = [task for task in of_a if task in of_b]
        found.append(Pair.over(both, (of_a, of_b), a=a, b=b, p_holm=1.0, significant=False))
    corrected = holm([pair.p_value for pair in found])
    return tuple(
        pair.model_copy(update={"p_holm": p, "significant": p < ALPHA and not _within(pair)})
        for pair, p in zip(found, corrected, strict=True)
    )


def _within(pair: Pair) -> bool:
    return pair.ci95 is None or pair.ci95[0] <= 0 <= pair.ci95[1]


def _standing(
    run: Contestant, name: str, shared: set[str], common: dict[str, Stratum],
    pairs: Sequence[Pair],
) -> Standing:  # fmt: skip
    own = common[run.name].measures
    whole = stratum(run.scores)
    others = [c.measures[name].mean for n, c in common.items() if n != run.name]
    clear = [pair for pair in pairs if pair.significant and run.name in (pair.a, pair.b)]
    better = sum((pair.difference > 0) == (pair.a == run.name) for pair in clear)
    families = {}
    for family in Family:
        of_family = stratum([s for s in _of(run.scores, shared) if s.family == family])
        if name in of_family.measures:
            families[family.value] = of_family.measures[name]
    return Standing(
        name=run.name,
        source=str(run.source),
        place=1 + sum(other > own[name].mean + SAME for other in others),
        best=1 + better,
        worst=len(common) - (len(clear) - better),
        score=own[name],
        success=own["success_rate"],
        families=families,
        unscored_as_0=whole.unscored_as_0.get("mean_reward"),
        scored=whole.n,
        failed=whole.failed,
        missing=run.missing,
        spent=run.spent,
    )
