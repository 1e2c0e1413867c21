"""Intervals and tests for evaluations. The task is the unit that was sampled.

Attempts at one task resemble each other, so every function here takes one number a task
(the mean over its attempts) and treats tasks as independent: a cluster analysis, see
Miller 2024, "Adding Error Bars to Evals", arXiv 2411.00640.

Intervals are at the 95 % level. Which method serves which numbers was decided by
simulation at 4 to 250 tasks: from 50 tasks on the methods here and the bootstrap all cover
about 95 %, at 4 to 12 tasks the bootstrap of rewards or of repeated attempts covers up to
30 points less. With rare failures in a dozen tasks no method is good (coverage down to 55 %).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

# SciPy is loaded where it is used: half a second that no program waits for at its start.
Interval = tuple[float, float]
LEVEL = 0.95
SEED = 20_240_229
"""Of every resampling: the same input gives the same interval."""
RESAMPLES = 4_999


def pass_at_k(n: int, c: int, k: int) -> float:
    """Return the chance that one of `k` attempts succeeds at least, from `c` successes in `n` >= k.

    The unbiased estimator 1 - C(n-c, k) / C(n, k) of Chen et al. 2021, arXiv 2107.03374.
    """
    return 1.0 - math.comb(n - c, k) / math.comb(n, k)


def pass_hat_k(n: int, c: int, k: int) -> float:
    """Return the chance that all of `k` attempts succeed, from `c` successes in `n` >= k.

    C(c, k) / C(n, k), Yao et al. 2024, arXiv 2406.12045.
    """
    return math.comb(c, k) / math.comb(n, k)


def rate_interval(values: ArrayLike) -> Interval | None:
    """Return the interval of the mean of numbers in [0, 1], one a task; None without numbers.

    All of them 0 or 1 (one attempt a task): Jeffreys' interval for a binomial share,
    whose coverage is nearest to 95 % (Brown, Cai & DasGupta 2001, Statistical Science 16).
    Otherwise: Wilson's interval at the sample size that a binomial share with the observed
    variance would need, and Student's t in place of z for having estimated that variance
    (Korn & Graubard 1998, Survey Methodology 24; Dean & Pagano 2015, J. Surv. Stat. Methodol. 3).
    """
    x = np.asarray(values, dtype=float)
    if not x.size:
        return None
    mean = float(x.mean())
    if np.all((x == 0) | (x == 1)):
        return _jeffreys(round(mean * x.size), x.size)
    if x.size == 1:
        return None
    variance = float(x.var(ddof=1)) / x.size
    if variance <= 1e-18:
        return mean, mean
    size = mean * (1 - mean) / variance
    return _wilson(mean, size, _t(x.size - 1))


def mean_interval(values: ArrayLike) -> Interval | None:
    """Return Student's t interval of a mean of any numbers, one a task; None for fewer than two."""
    x = np.asarray(values, dtype=float)
    if x.size < 2:
        return None
    half = _t(x.size - 1) * float(x.std(ddof=1)) / math.sqrt(x.size)
    mean = float(x.mean())
    return mean - half, mean + half


def score_interval(values: ArrayLike) -> Interval | None:
    """Return the interval of a mean of scores, one a task; None for too few.

    `rate_interval` where they lie in [0, 1], as the rewards of tasks do; `mean_interval` where
    a reward function of one's own gives other numbers.
    """
    x = np.asarray(values, dtype=float)
    return rate_interval(x) if np.all((x >= 0) & (x <= 1)) else mean_interval(x)


def count_interval(values: ArrayLike) -> Interval | None:
    """Return `mean_interval` of counts: its low end is no less than 0."""
    found = mean_interval(values)
    return None if found is None else (max(0.0, found[0]), found[1])


def _jeffreys(successes: int, n: int) -> Interval:
    from scipy import special  # slow to load: see the head of this module

    tail = (1 - LEVEL) / 2
    a, b = successes + 0.5, n - successes + 0.5
    low = 0.0 if successes == 0 else float(special.betaincinv(a, b, tail))
    high = 1.0 if successes == n else float(special.betaincinv(a, b, 1 - tail))
    return low, high


def _t(freedom: int) -> float:
    """Return the quantile of Student's t for a two-sided interval."""
    from scipy import special  # slow to load: see the head of this module

    return float(special.stdtrit(freedom, (1 + LEVEL) / 2))


def _wilson(mean: float, size: float, z: float) -> Interval:
    centre = mean + z * z / (2 * size)
    half = z * math.sqrt(mean * (1 - mean) / size + (z / (2 * size)) ** 2)
    scale = 1 + z * z / size
    return max(0.0, (centre - half) / scale), min(1.0, (centre + half) / scale)


class Paired(NamedTuple):
    """What the differences between two runs say."""

    difference: float
    ci95: Interval | None
    """BCa bootstrap over tasks; Student's t below 20 tasks, where the bootstrap is too narrow."""
    p_value: float
    """Two-sided permutation test of no difference (paired: of signs), exact where that is quick."""


def paired(a: ArrayLike, b: ArrayLike) -> Paired:
    """Compare the means of b and a over tasks, which are in the same order in both."""
    d = np.asarray(b, dtype=float) - np.asarray(a, dtype=float)
    d[np.abs(d) < 1e-12] = 0.0
    return Paired(float(d.mean()), _difference_interval(d), _sign_flip(d))


def _difference_interval(d: NDArray[np.float64]) -> Interval | None:
    if d.size < 2:
        return None
    if np.all(d == d[0]):
        return float(d[0]), float(d[0])
    if d.size < 20:
        half = _t(d.size - 1) * float(d.std(ddof=1)) / math.sqrt(d.size)
        return float(d.mean()) - half, float(d.mean()) + half
    from scipy import stats  # slow to load: see the head of this module

    found = stats.bootstrap(
        (d,), np.mean, n_resamples=RESAMPLES, batch=_batch(d.size), confidence_level=LEVEL,
        method="BCa", rng=np.random.default_rng(SEED),
    )  # fmt: skip
    return float(found.confidence_interval.low), float(found.confidence_interval.high)


def _sign_flip(d: NDArray[np.float64]) -> float:
    moved = d[d != 0]
    if moved.size < 2:
        return 1.0  # of one difference either sign is as likely, and as extreme
    from scipy import stats

    found = stats.permutation_test(
        (moved,), np.mean, permutation_type="samples", vectorized=True, n_resamples=9_999,
        batch=_batch(moved.size), rng=np.random.default_rng(SEED),
    )  # fmt: skip
    return float(found.pvalue)


def unpaired(a: ArrayLike, b: ArrayLike) -> Paired | None:
    """Compare the means of b and a, one number a task, on different tasks.

    Welch's t interval and a two-sided permutation test of the difference of means. None where
    either has fewer than two numbers.
    """
    x, y = np.asarray(a, dtype=float), np.asarray(b, dtype=float)
    if x.size < 2 or y.size < 2:
        return None
    from scipy import stats

    difference = float(y.mean() - x.mean())
    interval: Interval | None = None
    if np.ptp(x) > 0 or np.ptp(y) > 0:
        found = stats.ttest_ind(y, x, equal_var=False).confidence_interval(LEVEL)
        interval = float(found.low), float(found.high)
    test = stats.permutation_test(
        (x, y), lambda x, y, axis: y.mean(axis=axis) - x.mean(axis=axis), vectorized=True,
        n_resamples=9_999, batch=_batch(x.size + y.size), rng=np.random.default_rng(SEED),
    )  # fmt: skip
    return Paired(difference, interval, float(test.pvalue))


def position(
    score: Sequence[float], floor: Sequence[float], ceiling: Sequence[float]
) -> tuple[float, Interval | None] | None:
    """Return the position of `score` between `floor` (0) and `ceiling` (1), one number a task each.

    By means over the same tasks. The interval is a percentile bootstrap over tasks. None where
    floor meets ceiling.
    """
    rows = np.asarray([score, floor, ceiling], dtype=float)
    tasks = rows.shape[1]
    if tasks == 0 or math.isclose(rows[1].mean(), rows[2].mean(), abs_tol=1e-9):
        return None
    share = _share(rows.mean(axis=1))
    if tasks < 2:
        return float(share), None
    rng = np.random.default_rng(SEED)
    drawn = [
        _share(rows[:, rng.integers(0, tasks, (size, tasks))].mean(axis=2))
        for size in _sizes(RESAMPLES, _batch(tasks))
    ]
    low, high = np.nanquantile(np.concatenate(drawn), [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(share), (float(low), float(high))


def _share(means: NDArray[np.float64]) -> NDArray[np.float64]:
    gap = means[2] - means[1]
    share: NDArray[np.float64] = (means[0] - means[1]) / np.where(gap == 0, np.nan, gap)
    return share


def _batch(n: int) -> int:
    """Return how many resamples to draw at a time, so that no array passes two million numbers."""
    return max(1, 2_000_000 // n)


def _sizes(total: int, batch: int) -> list[int]:
    return [min(batch, total - done) for done in range(0, total, batch)]


def holm(p_values: Sequence[float]) -> list[float]:
    """Correct p-values for their number, in their order (Holm 1979, Scand. J. Stat. 6).

    A corrected value below 0.05 keeps the chance of one false finding among all below 5 %. SciPy
    has corrections of the false discovery rate alone.
    """
    corrected = [1.0] * len(p_values)
    least = 0.0
    for done, place in enumerate(sorted(range(len(p_values)), key=lambda i: p_values[i])):
        least = max(least, min(1.0, (len(p_values) - done) * p_values[place]))
        corrected[place] = least
    return corrected
