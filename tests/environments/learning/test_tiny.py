"""The tiny lane: its tasks, and that a model learns them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from environments.learning.proof.tiny_tasks import tiny_tasks
from world_fixtures.common import UserError


def test_no_world_to_measure_on_was_trained_on() -> None:
    train, unseen = tiny_tasks("train"), tiny_tasks("validation")
    assert len({task.id for task in (*train, *unseen)}) == len(train) + len(unseen)
    names = [{room.name for task in tasks for room in task.spec.rooms} for tasks in (train, unseen)]
    assert not names[0] & names[1]


@pytest.mark.slow
def test_a_new_model_gets_better_in_worlds_that_it_has_not_seen(tmp_path: Path) -> None:
    pytest.importorskip("torch", reason="the extra `train` is not installed")
    from environments.learning.proof.tiny import MARGIN, learn_tiny

    assert learn_tiny(tmp_path / "out", [0], print)
    found = json.loads((tmp_path / "out" / "summary.json").read_text())
    assert found["rise"][0] >= found["margin"] == MARGIN
    [run] = found["runs"]
    assert run["logprob_difference"] < 1e-3
    assert run["ratio"] == pytest.approx(1.0, abs=1e-3)
    with pytest.raises(UserError, match="holds something already"):
        learn_tiny(tmp_path / "out", [0], print)
