"""The report on the small model's proof."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree

import pytest

pytest.importorskip("torch", reason="the extra `train` is not installed")

from environments.evaluation.embedded import play_embedded
from environments.learning.proof.page import _plain
from environments.learning.proof.report import write_report
from environments.learning.proof.summary import _reinforcement, smoothed
from environments.rollouts.files import json_line, sample_line
from environments.tasks.suites.load import load_suite
from environments.tasks.suites.part import part_of
from world_fixtures.common import UserError
from world_fixtures.servers import ServerPool

PLAYERS = {
    "base": "random", "sft": "noisy:0.3", "base-unseen": "random", "sft-unseen": "noisy:0.3",
    "continued-seed-0-steps-3": "noisy:0.3", "rl-seed-0-steps-3": "oracle",
}  # fmt: skip


def step(number: int, scores: Sequence[float]) -> bytes:
    return json_line(
        {
            "step": number, "reward": sum(scores) / len(scores), "groups": len(scores),
            "scores": scores, "equal": 1, "sampled": 300, "waited": 1.0, "seconds": 2.0,
            "learning": {"ratio": 1.0, "difference": 1e-6} if number < 3 else None,
        }
    )  # fmt: skip


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A proof whose stages were played by embedded policies."""
    out = tmp_path_factory.mktemp("proof")

    async def play() -> None:
        suites = {True: load_suite("unseen"), False: load_suite("learn")}
        async with ServerPool(1) as pool:
            for name, player in PLAYERS.items():
                tasks = part_of(suites[name.endswith("-unseen")], limit=6).tasks
                found = await play_embedded(pool, player, [(task, 0) for task in tasks])
                directory = out / "evaluations" / name
                directory.mkdir(parents=True)
                (directory / "samples.jsonl").write_bytes(b"".join(map(sample_line, found)))
                (directory / "metrics.json").write_text("{}")

    asyncio.run(play())
    (out / "rl" / "seed-0").mkdir(parents=True)
    lines = [step(1, [0.2, 0.4]), step(2, [0.5, 0.5]), step(3, [1.0, 1.0])]
    (out / "rl" / "seed-0" / "steps.jsonl").write_bytes(b"".join(lines))
    (out / "processor-seconds.json").write_text('{"sft": 600.0, "rl/0": 1200.0}')
    return out


def test_the_figures_are_those_of_the_runs(run: Path, tmp_path: Path) -> None:
    page = write_report(run, tmp_path)
    found = json.loads((tmp_path / "summary.json").read_text())
    assert found["rl"]["mean_reward"] == 1.0
    assert found["rl"]["n"] == 6
    difference = found["rl_minus_sft_continued"]
    assert difference["mean"] == pytest.approx(1 - found["sft_continued"]["mean_reward"], abs=1e-4)
    assert difference["ci95"][0] <= difference["mean"] <= difference["ci95"][1]
    assert found["sft"] == found["sft_continued"]
    assert (found["seeds"], found["minutes"]) == ([0], 30.0)
    assert found["reinforcement"] == {
        "steps": {"0": 3}, "equal_groups": 0.5, "sampled_tokens_per_second": 150.0,
        "seconds_per_step": 2.0, "first_difference_of_logprobs": 1e-6, "mean_ratio": 1.0,
    }  # fmt: skip
    text = page.read_text()
    assert f"**{difference['mean']:+.3f}**" in text
    tasks = part_of(load_suite("learn"), limit=6).tasks
    assert sum(f"### {task.id}\n" in text for task in tasks) == 5
    assert "| inspection.inside |" in text
    drawn = ElementTree.parse(tmp_path / "reward-by-step.svg").getroot()
    assert len(drawn.findall("{http://www.w3.org/2000/svg}polyline")) == 3


def test_a_proof_without_reinforcement_learning_is_told_too(run: Path, tmp_path: Path) -> None:
    (tmp_path / "run" / "evaluations").mkdir(parents=True)
    for part in ("evaluations/base", "evaluations/sft", "processor-seconds.json"):
        (tmp_path / "run" / part).symlink_to(run / part)
    page = write_report(tmp_path / "run", tmp_path / "out")
    assert json.loads((tmp_path / "out" / "summary.json").read_text())["seeds"] == []
    assert "reward-by-step" not in page.read_text()
    with pytest.raises(UserError, match="no evaluation of base"):
        write_report(tmp_path, tmp_path / "out")


def test_what_a_model_wrote_stays_in_its_cell() -> None:
    told = _plain("say `|\n# Head\n<b>" + "x" * 500)
    assert "`" not in told
    assert "|" not in told
    assert "\n" not in told
    assert len(told) < 120


def test_the_curve_has_a_mean_and_an_interval_for_each_step() -> None:
    means, bounds = smoothed([{"scores": [0.0, 1.0]}, {"scores": [1.0]}], window=1)
    assert means == [0.5, 1.0]
    assert all(low <= mean <= high for mean, (low, high) in zip(means, bounds, strict=True))


def test_a_first_step_that_learnt_nothing_is_no_hindrance() -> None:
    lines = [json.loads(step(number, [1.0, 1.0])) for number in (3, 1)]
    found = _reinforcement({0: lines, 1: lines[:1]})
    assert found["first_difference_of_logprobs"] == 1e-6
    assert found["mean_ratio"] == 1.0
    assert found["steps"] == {"0": 2, "1": 1}
