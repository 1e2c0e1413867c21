"""metrics.json in the form its readers know."""

from __future__ import annotations

import json

import pytest

from environments.evaluation.candidate_summary import TRAFFIC
from environments.evaluation.expenses import busy_seconds
from environments.evaluation.metrics import scored
from environments.evaluation.results import conclude, conclude_directory
from environments.evaluation.run_directory import RunDirectory
from environments.evaluation.run_identity import Run
from world_fixtures.common import UserError


@pytest.fixture
def finished(tmp_path, suite_of, rollout):
    tasks = suite_of(10)
    run = Run.of(tasks, suite="made", model="a|b", settings={"temperature": 0.0})
    directory = RunDirectory(tmp_path, run)
    for i, task in enumerate(tasks):
        directory.add(rollout(task, 1.0 if i % 2 else 0.25))
    directory.close()
    return tmp_path, tasks


def test_metrics_have_atroposs_form_and_intervals(finished, rollout) -> None:
    out, tasks = finished
    baselines = {
        "random": scored([rollout(t, 0.0) for t in tasks]),
        "oracle": scored([rollout(t, 1.0) for t in tasks]),
    }
    conclude_directory(out, baselines=baselines, report=False)
    document = json.loads((out / "metrics.json").read_text())
    general = document["config_general"]
    assert general["model_name"] == "a|b"
    assert float(general["total_evaluation_time_seconds"]) == 0.5
    assert general["generation_parameters"] == {"temperature": 0.0}
    results = document["results"]
    assert results["all"] == results["atropos|evennia_world_eval|0"]
    assert results["all"]["mean_reward"] == 0.625
    low, high = results["all"]["mean_reward_ci95"]
    assert low < 0.625 < high
    assert results["all"]["family/errand/success_rate"] is not None
    assert results["all"]["position"] == 0.625
    assert results["all"]["baseline/oracle/mean_reward"] == 1.0
    measures = document["detail"]["overall"]["measures"]
    assert measures["success_rate"]["n"] == 10
    assert all("ci95" in measure for measure in measures.values())


def test_summary_has_baselines_in_every_table(finished, rollout) -> None:
    out, tasks = finished
    conclude_directory(
        out, baselines={"random": scored([rollout(t, 0.0) for t in tasks])}, report=False
    )
    text = (out / "summary.md").read_text()
    assert text.count("| random reward |") == 2
    assert "a\\|b" in text


def test_summary_counts_unscored_rollouts_as_0_by_kind(tmp_path, suite_of, rollout) -> None:
    tasks = suite_of(4)
    run = Run.of(tasks, suite="made", model="a")
    rewards = (1.0, 1.0, 0.5, None)
    conclude(tmp_path, run, [rollout(t, r) for t, r in zip(tasks, rewards, strict=True)])
    text = (tmp_path / "summary.md").read_text()
    assert "**1 failed (25.0 %): unscored, and 0 only where that is said**" in text
    assert text.count("| unscored | mean reward, unscored as 0 |") == 2
    assert "| mean_reward, unscored as 0 | 0.62 [" in text
    assert text.count("| 1 (25.0 %) | 0.62 [") == 3  # its difficulty, and all twice


def test_pauses_of_a_resumed_run_do_not_count(rollout) -> None:
    early, late = rollout("a"), rollout("b").model_copy(update={"started": 9000.0})
    assert busy_seconds([early, late, early]) == 1.0


def test_a_directory_without_a_run_is_bad_input(tmp_path) -> None:
    with pytest.raises(UserError, match=r"run\.json"):
        conclude_directory(tmp_path)


def test_a_damaged_comparison_of_two_models_is_named(finished) -> None:
    out, _ = finished
    (out / TRAFFIC).write_text("{")
    with pytest.raises(UserError, match=r"traffic\.json is damaged: .*; delete it"):
        conclude_directory(out)


def test_the_results_of_a_run_at_hand_are_not_read_back(tmp_path, suite_of, rollout) -> None:
    tasks = suite_of(3)
    run = Run.of(tasks, suite="made", model="a")
    with RunDirectory(tmp_path, run) as directory:
        for task in tasks:
            directory.add(rollout(task, 0.5))
    conclude_directory(tmp_path)
    names = ("metrics.json", "summary.md", "report.html")
    read = [(tmp_path / name).read_bytes() for name in names]
    for path in tmp_path.iterdir():
        path.unlink()
    conclude(tmp_path, run, directory.rollouts)
    assert [(tmp_path / name).read_bytes() for name in names] == read


def test_files_that_are_of_no_run_are_not_written_over(tmp_path, suite_of) -> None:
    mine = tmp_path / "summary.md"
    mine.write_text("my notes")
    with pytest.raises(UserError, match=r"summary\.md is of no run .*: choose another"):
        RunDirectory(tmp_path, Run.of(suite_of(1), suite="made", model="a"))
    assert mine.read_text() == "my notes"
