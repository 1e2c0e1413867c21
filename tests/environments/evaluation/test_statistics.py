"""Intervals hold the truth as often as they say, and the tests of difference their level."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from environments.evaluation.statistics import (
    count_interval,
    paired,
    pass_at_k,
    pass_hat_k,
    position,
    rate_interval,
)

pytestmark = pytest.mark.once

RATES = (0.1, 0.3, 0.5, 0.7, 0.9)


@pytest.mark.parametrize("n", [50, 100, 250])
@pytest.mark.parametrize("rate", RATES)
def test_single_attempts_coverage_is_exact(n: int, rate: float) -> None:
    """Summed over every possible outcome, so without sampling error."""
    covered = 0.0
    for successes in range(n + 1):
        low, high = rate_interval([1.0] * successes + [0.0] * (n - successes))
        covered += stats.binom.pmf(successes, n, rate) * (low <= rate <= high)
    assert 0.93 <= covered <= 0.97


@pytest.mark.parametrize("tasks", [50, 250])
@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("alike", [None, 1.0, 5.0])
def test_repeated_attempts_coverage(tasks: int, rate: float, alike: float | None) -> None:
    """1,000 evaluations of a policy of known rate, four attempts a task.

    `alike` is the concentration of a Beta from which the tasks' own rates come.
    """
    rng = np.random.default_rng(7)
    shape = (1000, tasks)
    chance = rate if alike is None else rng.beta(rate * alike, (1 - rate) * alike, shape)
    means = rng.binomial(4, chance, shape) / 4
    held = [low <= rate <= high for low, high in map(rate_interval, means)]
    assert 0.93 <= np.mean(held) <= 0.97


@pytest.mark.parametrize("make", [
    lambda rng, shape: rng.beta(4, 2, shape),
    lambda rng, shape: np.where(rng.random(shape) < 0.6, 1.0, 0.4 * rng.random(shape)),
])  # fmt: skip
def test_reward_coverage(make) -> None:
    rng = np.random.default_rng(3)
    truth = make(rng, 2_000_000).mean()
    held = [low <= truth <= high for low, high in map(rate_interval, make(rng, (1000, 50)))]
    assert 0.93 <= np.mean(held) <= 0.97


def test_count_coverage() -> None:
    rng = np.random.default_rng(5)
    held = [low <= 12 <= high for low, high in map(count_interval, rng.poisson(12, (1000, 30)))]
    assert 0.93 <= np.mean(held) <= 0.97


@given(st.lists(st.floats(0, 1), max_size=30))
def test_rate_interval_is_within_bounds_and_holds_the_mean(values: list[float]) -> None:
    found = rate_interval(values)
    if found is None:
        assert len(values) < 2
    else:
        assert -1e-9 <= found[0] <= np.mean(values) + 1e-9
        assert np.mean(values) - 1e-9 <= found[1] <= 1 + 1e-9


def test_all_solved_is_not_certainty() -> None:
    low, high = rate_interval([1.0] * 10)
    assert high == 1.0
    assert 0.7 < low < 0.95


@pytest.mark.parametrize(("n", "c"), itertools.product([4, 6], range(5)))
def test_pass_estimators_equal_enumeration(n: int, c: int) -> None:
    outcomes = [True] * c + [False] * (n - c)
    for k in range(1, n + 1):
        draws = list(itertools.combinations(outcomes, k))
        assert pass_at_k(n, c, k) == pytest.approx(np.mean([any(d) for d in draws]))
        assert pass_hat_k(n, c, k) == pytest.approx(np.mean([all(d) for d in draws]))


@pytest.mark.slow
def test_no_difference_is_found_between_a_policy_and_itself() -> None:
    """At 5 % the tests err in about 5 of 100; the fewer tie, the nearer to it."""
    rng = np.random.default_rng(11)
    false_alarms = 0
    for _ in range(200):
        rates = rng.beta(2, 1, 100)
        a, b = (rng.random((2, 100)) < rates).astype(float)
        false_alarms += paired(a, b).p_value < 0.05
    assert false_alarms <= 14


def test_a_real_difference_is_found() -> None:
    rng = np.random.default_rng(2)
    shared = rng.random(250)
    found = paired(shared < 0.5, shared < 0.6)
    assert found.p_value < 0.001
    assert found.difference == pytest.approx(0.1, abs=0.05)
    assert found.ci95[0] > 0


def test_paired_on_equal_runs() -> None:
    assert paired([0.5, 1.0], [0.5, 1.0]) == (0.0, (0.0, 0.0), 1.0)
    assert paired([0.0], [1.0]).ci95 is None
    assert paired([0.0], [1.0]).p_value == 1.0


def test_small_sign_flip_test_is_exact() -> None:
    assert paired([0] * 6, [1, 2, 3, 4, 5, 6]).p_value == pytest.approx(2 / 2**6)


def test_the_same_input_gives_the_same_answer() -> None:
    a, b = np.random.default_rng(0).random((2, 60))
    assert paired(a, b) == paired(a, b)


def test_position_between_floor_and_ceiling() -> None:
    share, (low, high) = position([0.5] * 30, [0.0] * 30, [1.0] * 30)
    assert (share, low, high) == (0.5, 0.5, 0.5)
    assert position([0.5], [1.0], [1.0]) is None
    assert position([], [], []) is None
