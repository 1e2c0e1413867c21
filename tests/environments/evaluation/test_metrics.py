"""What goes into which mean, and what stays out."""

from __future__ import annotations

import pytest

from environments.evaluation.metrics import Metrics, measure_run, rollout_values, scored, stratum
from environments.evaluation.metrics_file import flat_metrics
from environments.tasks.model import Family
from world_fixtures.protocol import CONNECT, ResultKind


def test_failed_rollouts_are_counted_apart(rollout) -> None:
    found = stratum(scored([rollout("a", 1.0), rollout("b", None), rollout("c", 0.5)]))
    assert (found.n, found.failed, found.tasks) == (2, 1, 2)
    assert found.measures["mean_reward"].mean == 0.75
    assert found.measures["success_rate"].mean == 0.5
    assert found.measures["success_rate"].n == 2


def test_each_task_weighs_the_same(rollout) -> None:
    rollouts = [rollout("a", 1.0, i) for i in range(3)] + [rollout("b", 0.0)]
    found = stratum(scored(rollouts)).measures["mean_reward"]
    assert found.mean == 0.5
    assert (found.n, found.tasks) == (4, 2)


def test_pass_k_over_attempts(rollout) -> None:
    rollouts = [rollout("a", r, i) for i, r in enumerate((1.0, 0.0))]
    rollouts += [rollout("b", 1.0, i) for i in range(2)]
    found = stratum(scored(rollouts)).measures
    assert found["pass@1"].mean == found["pass^1"].mean == found["success_rate"].mean == 0.75
    assert found["pass@2"].mean == 1.0
    assert found["pass^2"].mean == 0.5
    assert "pass@4" not in found


def test_tasks_with_fewer_attempts_sit_out_of_pass_k(rollout) -> None:
    rollouts = [rollout("a", 1.0, i) for i in range(3)] + [rollout("b", 0.0)]
    found = stratum(scored(rollouts)).measures
    assert (found["pass@3"].mean, found["pass@3"].tasks) == (1.0, 1)
    assert found["pass@1"].tasks == 2


def test_map_f1_is_the_edges_goal(rollout, task, map_goal) -> None:
    mapping = task("m", goals=(map_goal,))
    assert rollout_values(rollout(mapping, 0.4, goals={"map": 0.25}))["map_f1"] == 0.25
    assert "map_f1" not in rollout_values(rollout("a", 1.0))


def test_invalid_commands_are_the_unknown_share(rollout) -> None:
    kinds = (ResultKind.UNKNOWN, ResultKind.REFUSED, ResultKind.OK, ResultKind.OK)
    assert rollout_values(rollout("a", 1.0, kinds=kinds))["invalid_commands"] == 0.25


def test_connecting_is_no_command(rollout) -> None:
    played = rollout("a", 1.0, kinds=(ResultKind.OK, ResultKind.UNKNOWN, ResultKind.OK))
    played.events[0] = played.events[0].model_copy(update={"verb": CONNECT})
    assert rollout_values(played)["invalid_commands"] == 0.5
    silent = played.model_copy(update={"events": played.events[:1]})
    assert "invalid_commands" not in rollout_values(silent)


def test_rewards_outside_0_and_1_have_an_interval_of_their_own(rollout) -> None:
    rollouts = [rollout(str(i), reward) for i, reward in enumerate((-2.0, -1.0, -3.0, 0.5))]
    found = stratum(scored(rollouts)).measures
    low, high = found["mean_reward"].ci95
    assert low < -2 < found["mean_reward"].mean < high
    assert (low + high) / 2 == pytest.approx(found["mean_reward"].mean)
    assert 0 <= found["success_rate"].ci95[0] <= found["success_rate"].ci95[1] <= 1


def test_helpers_commands_are_not_the_agents(rollout) -> None:
    played = rollout("a", 1.0, kinds=(ResultKind.OK, ResultKind.UNKNOWN))
    helper = played.events[1].model_copy(update={"actor": "helper"})
    played.events[1] = helper
    assert rollout_values(played)["invalid_commands"] == 0.0


def test_spl_only_where_a_task_has_one(rollout) -> None:
    found = stratum(scored([rollout("a", 1.0, spl=0.5), rollout("b", 1.0)])).measures
    assert (found["spl"].mean, found["spl"].n) == (0.5, 1)


def test_strata_in_their_natural_order(rollout, task) -> None:
    rollouts = [
        rollout(task("a", Family.ERRAND, 10), 1.0),
        rollout(task("b", Family.ORIENTATION, 2, split="test"), 0.0),
    ]
    found = measure_run(scored(rollouts))
    assert list(found.family) == ["orientation", "errand"]
    assert list(found.difficulty) == ["2", "10"]
    assert list(found.split) == ["train", "test"]
    assert found.family["errand"].measures["mean_reward"].mean == 1.0


def test_position_needs_both_baselines_and_shares_tasks(rollout) -> None:
    own = [rollout("a", 0.5), rollout("b", 0.5), rollout("alone", 1.0)]
    floor = [rollout("a", 0.0), rollout("b", 0.0)]
    ceiling = [rollout("a", 1.0), rollout("b", 1.0)]
    found = measure_run(scored(own), {"random": scored(floor), "oracle": scored(ceiling)})
    assert found.position is not None
    assert found.position.mean == 0.5
    assert found.position.tasks == 2
    assert found.baselines["oracle"].overall.measures["mean_reward"].mean == 1.0
    assert measure_run(scored(own), {"random": scored(floor)}).position is None


def test_nothing_scored_is_no_number(rollout) -> None:
    found = measure_run(scored([rollout("a", None)]))
    assert found.overall.measures == {}
    assert found.overall.failed == 1
    assert found.stops == {"world": 1}


def test_metrics_survive_json(rollout) -> None:
    found = measure_run(scored([rollout("a", 1.0), rollout("b", 0.2)]))
    assert type(found).model_validate_json(found.model_dump_json()) == found


@pytest.mark.parametrize("reward", [0.0, 1.0])
def test_one_task_has_a_wide_interval(rollout, reward: float) -> None:
    low, high = stratum(scored([rollout("a", reward)])).measures["success_rate"].ci95
    assert high - low > 0.5


def test_what_is_unscored_is_also_counted_as_0(rollout, task) -> None:
    """By kind as in all: a model that is filtered on hard tasks is not flattered."""
    errand, walk = task("e", Family.ERRAND), task("w", Family.NAVIGATION)
    played = [rollout(walk, 1.0), rollout(errand, None), rollout(errand, 1.0, 1)]
    found = measure_run(scored([*played, rollout(task("f", Family.ERRAND), None)]))
    overall, errands = found.overall, found.family["errand"]
    assert overall.measures["mean_reward"].mean == 1.0
    assert overall.unscored_as_0["mean_reward"].mean == (1.0 + 0.5 + 0.0) / 3
    assert overall.unscored_as_0["success_rate"].mean == 0.5
    assert (overall.unscored_share, errands.unscored_share) == (0.5, 2 / 3)
    assert errands.unscored_as_0["mean_reward"].mean == 0.25
    counted = errands.unscored_as_0["mean_reward"]
    assert (counted.n, counted.tasks) == (3, 2)
    flat = flat_metrics(found)
    assert (flat["unscored_share"], flat["mean_reward_unscored_as_0"]) == (0.5, 0.5)
    assert flat["family/errand/unscored_share"] == 2 / 3
    assert flat["family/navigation/mean_reward_unscored_as_0"] == 1.0


def test_without_unscored_rollouts_both_scores_are_one(rollout) -> None:
    found = stratum(scored([rollout("a", 1.0), rollout("b", 0.5)]))
    assert found.unscored_as_0["mean_reward"] == found.measures["mean_reward"]
    assert found.unscored_share == 0.0


def test_metrics_of_older_runs_are_read(rollout) -> None:
    old = measure_run(scored([rollout("a", 1.0)])).model_dump()
    for stratum_ in (old["overall"], *old["family"].values()):
        del stratum_["unscored_share"], stratum_["unscored_as_0"]
    assert Metrics.model_validate(old).overall.n == 1
