"""The suite that `evaluate --env.notes` plays."""

from __future__ import annotations

from pathlib import Path

import pytest

from environments.config import EvenniaWorldEnvConfig
from environments.modes.evaluate import suite_of
from environments.tasks.suites import load_suite

SUITE = "name: few\ntasks:\n  - {family: persistence, kind: route, difficulty: 1, seed: [0]}\n"


@pytest.fixture
def path(tmp_path: Path) -> str:
    (tmp_path / "few.yaml").write_text(SUITE)
    return str(tmp_path / "few.yaml")


def test_other_notes_are_a_suite_of_the_same_ids_that_is_named_after_them(path) -> None:
    kept = suite_of(EvenniaWorldEnvConfig(suite=path))
    wiped = suite_of(EvenniaWorldEnvConfig(suite=path, notes="wiped"))
    assert kept.tasks == load_suite(path).tasks
    assert (kept.name, wiped.name) == ("few", "few-notes-wiped")
    assert [t.id for t in wiped.tasks] == [t.id for t in kept.tasks]
    assert wiped.tasks != kept.tasks
    assert wiped.verify() is wiped


def test_unknown_notes_are_refused(path) -> None:
    with pytest.raises(ValueError, match="kept"):
        EvenniaWorldEnvConfig(suite=path, notes="burnt")
