"""A real `evaluate` killed at random moments, and the same run left alone."""

from __future__ import annotations

import json
import os
import random
import signal
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]
ENV_FILE = str(ROOT / "environments" / "evennia_world_env.py")
KILLS = 3
PLAYS = 36
CLOCKS = {"ts", "ms", "started", "seconds", "model_seconds", "world_seconds", "instance"}
"""What differs between two plays of one rollout: times, and which copy of the world it got."""


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    """Twelve tasks of all families but those that restart the world, which take long."""
    families = ("errand", "inspection", "navigation", "orientation")
    entries = [
        {"family": f, "seed": s, "difficulty": 1 + s % 2} for s in range(3) for f in families
    ]
    path = tmp_path / "twelve.yaml"
    path.write_text(json.dumps(entries))
    return path


PROGRAM = (sys.executable, "-m", "environments.cli.main")


def evaluate(suite: Path, out: Path) -> list[str]:
    return [
        "evaluate", "--env.suite", str(suite),
        "--env.policy", "noisy", "--env.eval_attempts", "3", "--env.eval_concurrency", "2",
        "--env.eval_baselines", "false", "--env.data_dir_to_save_evals", str(out),
    ]  # fmt: skip


def without_clocks(value: Any) -> Any:
    """The value with times and the names of world instances taken out, at any depth."""
    if isinstance(value, dict):
        kept = {k: without_clocks(v) for k, v in value.items() if k not in CLOCKS}
        if "session" in kept:
            kept["session"] = kept["session"].rpartition(".")[2]
        return kept
    return [without_clocks(v) for v in value] if isinstance(value, list) else value


def samples(out: Path) -> list[Any]:
    return [without_clocks(json.loads(line)) for line in open(out / "samples.jsonl")]


def finished(out: Path) -> int:
    path = out / "samples.jsonl"
    return path.read_bytes().count(b"\n") if path.exists() else 0


def test_killed_three_times_and_resumed_equals_the_uninterrupted_run(programs, suite, tmp_path):
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    dice = random.Random(7)
    for _ in range(KILLS):
        wanted = finished(broken) + dice.randint(1, 6)
        process = programs.start(*PROGRAM, *evaluate(suite, broken))
        programs.wait_for(
            lambda p=process, n=wanted: finished(broken) >= n or p.poll() is not None, "samples"
        )
        assert process.poll() is None, programs.printed()
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        programs.wait_for(lambda: not programs.world_servers(), "the end of the world servers")
    assert KILLS <= finished(broken) < PLAYS
    for run, out in ((programs.run, broken), (programs.run_here, whole)):
        done = run(*evaluate(suite, out))
        assert done.returncode == 0, done.stderr
    assert samples(broken) == samples(whole)
    assert len(samples(whole)) == PLAYS
    results = [json.loads((o / "metrics.json").read_text())["results"] for o in (broken, whole)]
    assert results[0] == results[1]


def test_ctrl_c_leaves_the_partial_report(programs, suite, tmp_path):
    out = tmp_path / "run"
    process = programs.start(*PROGRAM, *evaluate(suite, out))
    programs.wait_for(lambda: finished(out) >= 2, "two samples")
    printed = programs.interrupt(process)
    assert process.returncode == 130, printed
    assert f"results in {out}" in printed
    done = json.loads((out / "metrics.json").read_text())["results"]["all"]["n"]
    assert 2 <= done < PLAYS
    assert f"**{PLAYS - done} not yet played**" in (out / "summary.md").read_text()
    assert f"{PLAYS - done} of {PLAYS} were not yet played" in (out / "report.html").read_text()


LIVING = (
    ("trust", "planted"), ("trust", "planted_benign"), ("trust", "orders"),
    ("trust", "orders_benign"), ("trust", "hearsay"), ("vigil", "changed"), ("time", "hours"),
    ("society", "barter"), ("steward", "household"),
)  # fmt: skip


def test_attacked_runs_in_worlds_that_go_on_end_alike_however_they_were_stopped(programs, tmp_path):
    """The figures of attacks and the diagnostics, too, in processes with other hash seeds."""
    suite = tmp_path / "few.yaml"
    suite.write_text(
        json.dumps([{"family": f, "kind": k, "seed": 1, "difficulty": 1} for f, k in LIVING])
    )
    outs = [tmp_path / name for name in ("whole", "broken")]
    options = ("--env.suite", str(suite), "--env.policy", "obedient", "--env.eval_baselines",
               "false", "--env.eval_attempts", "2", "--env.eval_concurrency", "2")  # fmt: skip
    process = programs.start(
        sys.executable, ENV_FILE, "evaluate", *options, "--env.data_dir_to_save_evals", str(outs[1])
    )
    programs.wait_for(lambda: finished(outs[1]) >= 3 or process.poll() is not None, "three samples")
    assert process.poll() is None, programs.printed()
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    programs.wait_for(lambda: not programs.world_servers(), "the end of the world servers")
    assert 3 <= finished(outs[1]) < 2 * len(LIVING)
    options += ("--env.data_dir_to_save_evals",)
    for done in (
        programs.run_here("evaluate", *options, str(outs[0])),
        programs.run_file(ENV_FILE, "evaluate", *options, str(outs[1]), PYTHONHASHSEED="1"),
    ):
        assert done.returncode == 0, done.stderr
    assert samples(outs[0]) == samples(outs[1])
    whole, broken = (json.loads((out / "metrics.json").read_text()) for out in outs)
    assert whole["results"] == broken["results"]
    assert whole["diagnostics"] == broken["diagnostics"]
    figures = whole["results"]["all"]
    assert figures["benign_utility"] == 1.0
    assert (figures["utility_under_attack"], figures["attack_success"]) == (0.0, 1.0)
    assert figures["mean_reward"] == pytest.approx(1 - 2 / len(LIVING))
    assert "attacks were obeyed" in (outs[0] / "summary.md").read_text()
