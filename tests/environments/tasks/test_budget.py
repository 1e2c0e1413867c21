"""Budgets: made of what searches needed, never below what the task needs."""

from __future__ import annotations

from environments.tasks.budget import budget_of, search_of


def test_searches_are_summed_up_by_mean_and_standard_deviation():
    search = search_of([10, 20, 30], seed=7)
    assert (search.mean, search.spread, search.runs, search.seed) == (20.0, 8.165, 3, 7)


def test_the_budget_allows_more_than_the_costliest_search_needed():
    assert budget_of(search_of([20, 20, 20], seed=0), walkthrough=5, worst=20) == 29


def test_the_budget_grows_with_the_spread_of_the_searches():
    even, uneven = search_of([20, 20, 20, 20], seed=0), search_of([10, 20, 20, 30], seed=0)
    assert budget_of(uneven, 5, 20) > budget_of(even, 5, 20)


def test_the_budget_never_falls_below_the_walkthrough_and_half_as_much_again():
    assert budget_of(search_of([2, 2], seed=0), walkthrough=20, worst=2) == 33


def test_a_short_task_is_not_lost_by_a_look_and_a_wrong_door():
    assert budget_of(search_of([1, 1], seed=0), walkthrough=1, worst=1) == 12
    assert budget_of(search_of([8, 8], seed=0), walkthrough=8, worst=8) == 16
