"""Tokens, time and cost of a run, and the table with which `evaluate` ends."""

from __future__ import annotations

import pytest

from environments.evaluation.expenses import CostSource, expenses
from environments.evaluation.metrics import measure_run, scored
from environments.evaluation.results import conclude
from environments.evaluation.results_text import results_text
from environments.evaluation.run_directory import RunDirectory, read_run
from environments.evaluation.run_identity import Run
from environments.rollouts.files import sample_line
from environments.rollouts.prices import Prices


def run_of(tasks, prices=None) -> Run:
    run = Run.of(tasks, suite="mine", model="my-model", settings={})
    return run.model_copy(update={"prices": prices})


@pytest.fixture
def rollouts(rollout, suite_of):
    """Ten rollouts of 300 prompt tokens and 30 of output each, every second solved."""
    return [rollout(task, 1.0 - i % 2) for i, task in enumerate(suite_of(10))]


def told(rollouts, costs):
    return [r.model_copy(update={"cost": c}) for r, c in zip(rollouts, costs, strict=True)]


def test_the_endpoints_own_costs_are_added_up(rollouts) -> None:
    spent = expenses(told(rollouts, [0.25] * 10), Prices(input=1000, output=1000))
    assert (spent.cost, spent.cost_source) == (2.5, CostSource.REPORTED)


def test_prices_count_where_the_endpoint_does_not_say(rollouts) -> None:
    prices = Prices(input=2.0, output=10.0)
    assert expenses(rollouts, prices).cost == pytest.approx(10 * (300 * 2 + 30 * 10) / 1e6)
    some = expenses(told(rollouts, [0.5] * 4 + [None] * 6), prices)
    assert some.cost == pytest.approx(4 * 0.5 + 6 * (300 * 2 + 30 * 10) / 1e6)
    assert some.cost_source is CostSource.PRICES


def test_without_prices_the_cost_is_unknown_and_never_a_part_of_it(rollouts) -> None:
    spent = expenses(told(rollouts, [0.5] * 9 + [None]))
    assert (spent.cost, spent.cost_source) == (None, CostSource.UNKNOWN)


def test_tokens_that_were_not_counted_are_not_free(rollouts) -> None:
    prices = Prices(input=1, output=1)
    silent = rollouts[0].model_copy(update={"prompt_tokens": 0, "completion_tokens": 0})
    assert expenses([silent, *rollouts[1:]], prices).cost is None
    unasked = silent.model_copy(update={"turns": 0})  # the world failed before any model call
    assert expenses([unasked, *rollouts[1:]], prices).cost == pytest.approx(9 * 330 / 1e6)


def test_an_embedded_policy_costs_nothing(rollouts) -> None:
    free = [r.model_copy(update={"provider": "embedded"}) for r in rollouts]
    assert expenses(free, Prices(input=1, output=1)).cost == 0.0


def test_the_table_has_families_intervals_baselines_tokens_time_and_cost(rollouts) -> None:
    other = scored(told(rollouts, [None] * 10))
    metrics = measure_run(scored(rollouts), {"oracle": other})
    lines = results_text(run_of([r.task for r in rollouts]), rollouts, metrics).splitlines()
    assert lines[1] == "my-model on mine: 10 tasks, 10 scored rollouts"
    rows = {line.split()[0]: line.split() for line in lines if line}
    assert rows["family"] == ["family", "n", "mean", "reward", "success", "oracle"]
    assert rows["errand"][:3] == ["errand", "2", "0.50"]
    assert rows["errand"][-1] == "0.50"
    assert rows["all"][1:3] == ["10", "0.50"]
    assert rows["all"][3].startswith("[0.")
    assert "tokens  3,000 in, 300 out (300 in, 30 out a rollout)" in lines
    assert "time    0.5 s; 0.000 s a model call, 30 calls" in lines
    assert any("unknown" in line and "--env.price_input" in line for line in lines)


def test_summary_and_metrics_hold_tokens_and_cost(rollouts, tmp_path) -> None:
    run = run_of([r.task for r in rollouts], Prices(input=2.0, output=10.0))
    conclude(tmp_path, run, rollouts, report=False)
    assert "| 3,000 in, 300 out | 300 in, 30 out | 30 |" in (tmp_path / "summary.md").read_text()
    assert "$0.009 (from the prices given)" in (tmp_path / "summary.md").read_text()
    assert '"prompt_tokens": 3000' in (tmp_path / "metrics.json").read_text()


def test_prices_can_change_while_a_run_goes_on(rollouts, tmp_path) -> None:
    tasks = [r.task for r in rollouts]
    RunDirectory(tmp_path, run_of(tasks)).close()
    assert "prices" not in (tmp_path / "run.json").read_text()
    RunDirectory(tmp_path, run_of(tasks, Prices(input=1, output=2))).close()
    found = read_run(tmp_path)
    assert found is not None
    assert found.prices == Prices(input=1, output=2)


def test_a_rollout_without_a_cost_is_written_as_before(rollouts) -> None:
    assert b'"cost"' not in sample_line(rollouts[0])
    assert b'"cost":0.5' in sample_line(told(rollouts[:1], [0.5])[0])
