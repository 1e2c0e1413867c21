"""The JSON of a version 1 task, as the fields of today's."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from environments.tasks.version_1 import upgraded

GOAL = {
    "name": "the year",
    "condition": {"type": "answered", "field": "year", "match": "number", "expected": ["1742"]},
    "weight": 1.0,
    "final": True,
}
TASK: dict[str, Any] = {
    "id": "note", "family": "persistence", "kind": "recall", "difficulty": 1, "seed": 0,
    "split": "test", "spec": {"name": "cottage"}, "shortest_path": None, "max_turns": 24,
    "stages": [
        {"prompt": "Write it down.", "meanwhile": [], "restart": False,
         "walkthrough": [{"tool": "command", "command": "read letter", "answer": {}},
                         {"tool": "disconnect", "command": "", "answer": {}}]},
        {"prompt": "Which year?", "meanwhile": ["get shaft"], "restart": True,
         "walkthrough": [{"tool": "command", "command": "read wall", "answer": {}},
                         {"tool": "submit", "command": "", "answer": {"year": 1742}}]},
    ],
    "goals": [GOAL],
    "evidence": [{"field": "year", "text": "1742"}],
}  # fmt: skip


def test_goals_belong_to_the_last_stage_and_what_has_no_place_today_is_gone() -> None:
    before = copy.deepcopy(TASK)
    made = upgraded(TASK)
    assert before == TASK
    assert (made["version"], made["budget"], made["max_turns"]) == (1, 24, 24)
    assert made["search"] == {"mean": 2.0, "spread": 0.0, "runs": 1, "seed": 0}
    assert (made["question"], made["abilities"]) == ({}, [])
    first, last = made["stages"]
    assert "goals" not in first
    assert last["goals"] == [GOAL]
    assert (first["restart"], last["restart"]) == (False, True)
    assert [s["walkthrough"] for s in made["stages"]] == [s["walkthrough"] for s in TASK["stages"]]
    assert not any("meanwhile" in stage for stage in made["stages"])
    assert not made.keys() & {"goals", "evidence"}
    assert made["spec"] is TASK["spec"]


def test_what_a_version_1_task_left_out_has_its_value_of_then() -> None:
    brief = {"goals": [GOAL], "stages": [{"prompt": "Go.", "walkthrough": []}]}
    made = upgraded(brief)
    assert (made["max_turns"], made["budget"], made["search"]["mean"]) == (30, 30, 0.0)


def test_a_visit_to_a_room_is_one_to_a_list_of_rooms() -> None:
    goal = {"name": "enter", "condition": {"type": "visited", "room": "hall"}}
    (stage,) = upgraded({"goals": [goal], "stages": [{"prompt": "Go.", "walkthrough": []}]})[
        "stages"
    ]
    assert stage["goals"] == [{**goal, "condition": {"type": "visited", "rooms": ["hall"]}}]


@pytest.mark.parametrize(
    "changed",
    [{"stages": s} for s in (None, [], "none", [1], 5)]
    + [{"goals": g} for g in (None, [], [1], "none")]
    + [{"version": 2}, {"version": 1}],
)
def test_what_is_no_task_of_version_1_is_left_to_the_model(changed) -> None:
    data = {**TASK, **changed}
    assert upgraded(data) == data
