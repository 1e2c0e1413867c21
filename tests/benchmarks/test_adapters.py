"""What a step through each host costs: where the interpreters are."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from benchmarks.adapters import compare
from benchmarks.adapters.plays import STEPS, timed_calls, timed_tasks
from world_fixtures.common import UserError


def test_a_missing_interpreter_is_told_with_the_remedy(monkeypatch, tmp_path):
    monkeypatch.delenv(compare.VARIABLE, raising=False)
    monkeypatch.setattr(compare, "CLONE", tmp_path)
    with pytest.raises(UserError) as told:
        compare.interpreter()
    assert "make adapter-openenv" in str(told.value)
    assert "\n" not in str(told.value)
    monkeypatch.setenv(compare.VARIABLE, sys.executable)
    assert compare.interpreter() == Path(sys.executable)
    with pytest.raises(UserError, match="/no/python is no interpreter"):
        compare.interpreter(Path("/no/python"))


def test_the_tasks_of_the_sessions_allow_their_steps():
    assert all(task.budget > STEPS for task in timed_tasks(3))
    assert len(timed_calls(STEPS)) == STEPS
