"""Tasks made by hand: as they are written, and as the whole tasks that they stand for. Pure.

    id: my_house/ledger              # the name of the file, where it has no id
    world: my_house.yaml             # one of the library, or a file beside this one
    family: inspection
    stages:
      - prompt: Find out what the ledger says.
        goals: [...]
        walkthrough:
          - north
          - read ledger
          - submit: {year: 1731}

A step of a walkthrough is the line of a command; the last stage ends with `submit`, the others with
`disconnect`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

DEFAULTS: Mapping[str, Any] = {"kind": "own", "difficulty": 1, "seed": 0, "split": "test"}
"""Fields that a task made by hand need not have."""


def whole_task(data: Mapping[str, Any], name: str | None) -> dict[str, Any]:
    """Return the fields of the task that `data` stands for, without its world.

    Its id is `name` where it gives none. What has another form stays as it is, to be refused.
    """
    given = {key: value for key, value in data.items() if key != "world"}
    named = {} if name is None else {"id": name}
    stages = given.get("stages")
    made = [*map(_stage, stages)] if isinstance(stages, list) else stages
    return {**DEFAULTS, **named, **given, "stages": made}


def _stage(data: Any) -> Any:
    if not isinstance(data, dict) or not isinstance(data.get("walkthrough"), list):
        return data
    return {**data, "walkthrough": [*map(_step, data["walkthrough"])]}


def _step(data: Any) -> Any:
    """Return a step: of a line of text, or of `submit:` with the answer."""
    if data == "disconnect":
        return {"tool": "disconnect"}
    if isinstance(data, str):
        return {"tool": "command", "command": data}
    if isinstance(data, dict) and data.keys() == {"submit"}:
        return {"tool": "submit", "answer": data["submit"] or {}}
    return data
