"""The tiny lane: its tasks, and that a model trained by the whole chain gets better at them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from environments.learning.proof.tiny_tasks import tiny_tasks


def test_no_world_to_measure_on_was_trained_on() -> None:
    train, unseen = tiny_tasks("train"), tiny_tasks("validation")
    assert len({task.id for task in (*train, *unseen)}) == len(train) + len(unseen)
    names = [{room.name for task in tasks for room in task.spec.rooms} for tasks in (train, unseen)]
    assert not names[0] & names[1]


@pytest.mark.slow
def test_a_new_model_gets_better_on_worlds_that_it_has_not_seen(tmp_path: Path) -> None:
    pytest.importorskip("trl", reason="the extra `train` is not installed")
    pytest.importorskip("torch", reason="the extra `train` is not installed")
    out = tmp_path / "tiny"
    command = [
        sys.executable, "-m", "environments.cli", "learn", "tiny", "--out", str(out),
        "--seeds", "1",
    ]  # fmt: skip
    ended = subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ})
    assert ended.returncode == 0, ended.stderr[-2000:]
    summary = json.loads((out / "summary.json").read_text())
    [run] = summary["runs"]
    assert min(summary["rise"]) >= summary["margin"] > 0
    assert run["logprob_difference"] < 0.05  # of tokens that weights before the present ones drew
    assert run["parameters"] > 1_000_000
    again = subprocess.run(command, capture_output=True, text=True, check=False)
    assert again.returncode == 2
    assert "holds something already" in again.stderr
