"""Runs of tasks version 1 are reported, compared and exported as they were."""

from __future__ import annotations

import json

import pytest

from environments.cli import main
from environments.evaluation.compare import compare
from environments.evaluation.run_samples import load_samples
from environments.rollouts.files import read_rollouts

FIGURES = {
    "basics": {
        "mean_reward": 0.7240147186, "success_rate": 0.68, "spl": 1.0, "map_f1": 0.2,
        "invalid_commands": 0.108178, "turns": 9.72,
        "family/orientation/mean_reward": 0.5134603174,
        "family/navigation/mean_reward": 0.9811111112,
        "family/inspection/mean_reward": 0.5974545454,
        "family/persistence/mean_reward": 0.9762222222,
        "family/errand/mean_reward": 0.5518253968,
    },
    "three-oracle": {"mean_reward": 1.0, "success_rate": 1.0, "map_f1": 1.0},
    "three-noisy": {"mean_reward": 0.7403, "success_rate": 2 / 3, "map_f1": 0.2, "turns": 12.0},
}  # fmt: skip
"""What `evaluate` of version 1 wrote into metrics.json."""


@pytest.mark.parametrize("name", FIGURES)
def test_a_report_says_what_it_said_and_of_which_version(version_1, name) -> None:
    run = version_1 / name
    assert main(["report", str(run)]) == 0
    metrics = json.loads((run / "metrics.json").read_text())
    found = metrics["results"]["all"]
    assert {k: found[k] for k in FIGURES[name]} == pytest.approx(FIGURES[name], abs=1e-6)
    assert metrics["config_general"]["tasks_version"] == 1
    assert "tasks (version 1)" in (run / "summary.md").read_text()
    assert "tasks (version 1)" in (run / "report.html").read_text()


def test_two_of_them_compare(version_1, capsys) -> None:
    a, b = (str(version_1 / name) for name in ("three-noisy", "three-oracle"))
    assert main(["compare", a, b]) == 0
    told = capsys.readouterr().out
    assert "B - A  +0.260" in told
    assert "over 3 tasks (version 1)" in told
    found = compare(*map(load_samples, (version_1 / "three-noisy", version_1 / "three-oracle")))
    assert (found.version, found.tasks, found.losses) == (1, 3, 0)


def test_their_rollouts_are_read_whole(version_1) -> None:
    rollouts = read_rollouts(version_1 / "basics")
    assert len(rollouts) == 25
    assert {r.task.version for r in rollouts} == {1}
    assert all(r.verdict and r.conversations and r.events for r in rollouts)


@pytest.mark.parametrize(
    ("format", "file"),
    [
        ("hermes", "trajectory_samples.jsonl"),
        ("sft", "sft.jsonl"),
        ("kto", "kto.jsonl"),
        ("text", "text.jsonl"),
        ("tensorzero", "inferences.jsonl"),
    ],
)
def test_they_are_exported(version_1, tmp_path, format, file) -> None:
    out = tmp_path / "out"
    assert main(["export", format, str(version_1 / "three-oracle"), "--out", str(out)]) == 0
    rows = [json.loads(line) for line in (out / file).read_text().splitlines()]
    assert len(rows) >= 3


def test_a_pair_of_them_is_exported(version_1, tmp_path) -> None:
    both = tmp_path / "both.jsonl"
    lines = [(version_1 / n / "samples.jsonl").read_text() for n in ("three-oracle", "three-noisy")]
    both.write_text("".join(lines))
    out = tmp_path / "out"
    assert main(["export", "dpo", str(both), "--out", str(out)]) == 0
    (row,) = [json.loads(line) for line in (out / "dpo.jsonl").read_text().splitlines()]
    assert "orientation.map" in row["task_id"]
