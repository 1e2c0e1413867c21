"""Tasks of version 1 in the form of the present model, for reading only.

In version 1 goals and evidence belonged to the whole task, a character carried out commands between
the stages, and turns were limited instead of commands. What has no place today is left out, so a
task that was read so cannot be judged; its `version` is 1.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from environments.tasks.version import FIRST_VERSION

MAX_TURNS = 30
"""Limit of turns of a version 1 task that names none."""


def upgraded(data: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of a version 1 task (as JSON) as the present model names them.

    The goals go to the last stage; evidence and the commands between stages are dropped; the limit
    of turns becomes the budget; the walkthrough's length stands for what a searcher needs. What is
    no task of version 1 stays as it is, for the model to refuse.
    """
    stages, goals = _objects(data.get("stages")), _objects(data.get("goals"))
    if "version" in data or not (stages and goals):
        return data
    made = [_stage(stage) for stage in stages]
    made[-1]["goals"] = [_goal(goal) for goal in goals]
    turns = data.get("max_turns", MAX_TURNS)
    commands = sum(map(_commands, stages))
    kept = {k: v for k, v in data.items() if k not in ("goals", "evidence")}
    return {
        **kept,
        "version": FIRST_VERSION,
        "abilities": [],
        "question": {},
        "stages": made,
        "max_turns": turns,
        "budget": turns,
        "search": {"mean": float(commands), "spread": 0.0, "runs": 1, "seed": 0},
    }


def _objects(value: Any) -> list[dict[str, Any]]:
    """Return a list of objects of JSON as it is; empty for anything else."""
    whole = isinstance(value, list) and all(isinstance(v, dict) for v in value)
    return value if whole else []


def _stage(stage: Mapping[str, Any]) -> dict[str, Any]:
    """Return a stage without what other characters did before it."""
    return {k: v for k, v in stage.items() if k != "meanwhile"}


def _goal(goal: Mapping[str, Any]) -> dict[str, Any]:
    """Return a goal; where a room was to be visited, that is a list of rooms today."""
    condition = goal.get("condition")
    if isinstance(condition, dict) and condition.get("type") == "visited" and "room" in condition:
        return {**goal, "condition": {"type": "visited", "rooms": [condition["room"]]}}
    return dict(goal)


def _commands(stage: Mapping[str, Any]) -> int:
    """Count the commands of a stage's walkthrough."""
    steps = stage.get("walkthrough")
    if not isinstance(steps, list):
        return 0
    return sum(isinstance(s, dict) and s.get("tool") == "command" for s in steps)
