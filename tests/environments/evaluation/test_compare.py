"""Two runs side by side."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from environments.cli import main
from environments.evaluation.compare import compare
from environments.evaluation.comparison_text import comparison_text
from environments.evaluation.run_directory import RunDirectory
from environments.evaluation.run_identity import Run
from environments.evaluation.run_samples import load_samples
from environments.rollouts.record import Rollout
from world_fixtures.common import UserError


def saved(out: Path, rollouts: list[Rollout]) -> Path:
    tasks = list({r.task.id: r.task for r in rollouts}.values())
    attempts = 1 + max(r.attempt for r in rollouts)
    directory = RunDirectory(out, Run.of(tasks, suite="made", model="m", attempts=attempts))
    for rollout in rollouts:
        directory.add(rollout)
    directory.close()
    return out


@pytest.fixture
def runs(tmp_path, rollout):
    """B wins t0, loses t1, ties t2; t3 failed in B."""
    a = [rollout(f"t{i}", r) for i, r in enumerate((0.0, 1.0, 0.5, 1.0))]
    b = [rollout(f"t{i}", r) for i, r in enumerate((1.0, 0.75, 0.5, None))]
    return saved(tmp_path / "a", a), saved(tmp_path / "b", b)


def test_pairs_by_task_and_leaves_failures_out(runs) -> None:
    found = compare(*map(load_samples, runs))
    assert (found.wins, found.losses, found.ties) == (1, 1, 1)
    assert found.difference == pytest.approx((1.0 - 0.25 + 0.0) / 3)
    assert found.only_a == ("t3",)
    assert [p.task for p in found.flipped] == ["t0", "t1"]
    where = found.flipped[1].trajectories_b[0]
    line = Path(where.samples).read_bytes().splitlines()[where.line - 1]
    assert json.loads(line)["task_id"] == "t1"


def test_unscored_rollouts_are_counted_as_0_beside(runs) -> None:
    found = compare(*map(load_samples, runs))
    assert (found.unscored_a.n, found.unscored_b.n, found.unscored_b.share) == (0, 1, 0.25)
    assert found.unscored_b.families == {"navigation": 1}
    other = found.unscored_as_0
    assert (other.tasks, other.mean_a, other.mean_b) == (4, 0.625, 0.5625)
    assert other.difference == pytest.approx(-0.0625)
    text = comparison_text(found)
    assert "unscored in B: 1 rollouts, 25.0 % (navigation 1)" in text
    assert "unscored as 0: A 0.625, B 0.562, B - A -0.062" in text
    assert "unscored as 0" not in comparison_text(compare(*map(load_samples, (runs[0], runs[0]))))


def test_a_directory_that_is_not_there_is_told_and_not_made(runs, tmp_path, capsys) -> None:
    a, b = map(str, runs)
    file = tmp_path / "deep" / "found.json"
    assert main(["compare", a, b, "--json", str(file)]) == 2
    captured = capsys.readouterr()
    assert f"there is no directory {file.parent}" in captured.err
    assert captured.out == ""
    assert not file.parent.exists()


def test_command_writes_json_and_gates(runs, tmp_path, capsys) -> None:
    a, b = map(str, runs)
    file = tmp_path / "found.json"
    assert main(["compare", a, b, "--json", str(file), "--fail-below", "0.1"]) == 0
    found = json.loads(file.read_text())
    assert {"difference", "ci95", "p_value", "wins", "losses", "flipped"} <= set(found)
    assert "samples.jsonl:1" in capsys.readouterr().out
    assert main(["compare", b, a, "--fail-below", "-0.1"]) == 1
    assert "gate failed" in capsys.readouterr().out
    assert main(["compare", a, a, "--fail-below", "0"]) == 0


def test_attempts_are_averaged_before_pairing(tmp_path, rollout) -> None:
    a = saved(tmp_path / "a", [rollout("t", r, i) for i, r in enumerate((1.0, 0.0, 0.0))])
    b = saved(tmp_path / "b", [rollout("t", r, i) for i, r in enumerate((1.0, 1.0, 0.0))])
    found = compare(load_samples(a), load_samples(b), "success")
    assert found.difference == pytest.approx(1 / 3)
    assert found.tasks == 1
    [flip] = found.flipped
    assert len(flip.trajectories_a) == 3


async def test_no_difference_is_claimed_between_runs_of_one_policy(suite_of, seeded_play) -> None:
    tasks = suite_of(50)

    async def played(seed: int, rate: float):
        from environments.evaluation.run_samples import RunSamples

        play = seeded_play(seed, rate, turns=1)
        return RunSamples(source=f"{seed}", rollouts=tuple([await play(t, 0) for t in tasks]))

    same = [compare(await played(i, 0.6), await played(i + 100, 0.6)) for i in range(40)]
    assert sum(c.significant for c in same) <= 5
    better = compare(await played(1, 0.3), await played(2, 0.8))
    assert better.significant
    assert better.ci95[0] > 0


def test_changed_tasks_are_refused(tmp_path, rollout, task) -> None:
    a = saved(tmp_path / "a", [rollout(task("t"), 1.0)])
    b = saved(tmp_path / "b", [rollout(task("t", split="test"))])
    with pytest.raises(UserError, match="not the same"):
        compare(load_samples(a), load_samples(b))


def test_bad_input_is_named(tmp_path, rollout, capsys) -> None:
    a = saved(tmp_path / "a", [rollout("t")])
    other = saved(tmp_path / "b", [rollout("u")])
    assert main(["compare", str(a), str(tmp_path / "none")]) == 2
    assert "none" in capsys.readouterr().err
    assert main(["compare", str(a), str(other)]) == 2
    assert "share no task" in capsys.readouterr().err


def test_report_command_renders_again_with_baselines(tmp_path, rollout, capsys) -> None:
    out = saved(tmp_path / "a", [rollout("t", 0.5), rollout("u", 0.5)])
    saved(out / "baselines" / "random", [rollout("t", 0.0), rollout("u", 0.0)])
    oracle = saved(tmp_path / "oracle", [rollout("t", 1.0), rollout("u", 1.0)])
    assert main(["report", str(out)]) == 0
    results = json.loads((out / "metrics.json").read_text())["results"]["all"]
    assert results["baseline/random/mean_reward"] == 0.0
    assert "position" not in results
    random = str(out / "baselines" / "random")
    given = ["--baseline", f"random={random}", "--baseline", f"oracle={oracle}"]
    assert main(["report", str(out), *given]) == 0
    assert json.loads((out / "metrics.json").read_text())["results"]["all"]["position"] == 0.5
    assert (out / "report.html").exists()
    assert main(["report", str(out), "--baseline", "oracle"]) == 2
    assert "NAME=RUN" in capsys.readouterr().err
