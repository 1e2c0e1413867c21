"""The suite `foreign`: tasks in games that ship with Evennia, and that nobody here wrote.

The tasks stand in `games/GAME.yaml` as their authors write them, without `world`; what the game is
at its start stands in `games/GAME.spec.json`, so that making the suite needs no Evennia.
`python -m environments.cli.freeze_games` writes those files.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import yaml

from environments.tasks.model import Task
from environments.tasks.suites.authored import whole_task
from world_fixtures.spec import WorldSpec

HERE = Path(__file__).with_name("games")
GAMES = ("tutorial_world", "escape_room", "evadventure")
"""In the order of the suite."""


def foreign_tasks() -> tuple[Task, ...]:
    """Return the tasks of the suite."""
    return tuple(task for game in GAMES for task in _tasks(game))


def _tasks(game: str) -> tuple[Task, ...]:
    found = yaml.safe_load((HERE / f"{game}.yaml").read_text(encoding="utf-8"))
    spec = frozen_spec(game)
    return tuple(_task(dict(given), game, spec) for given in found)


def _task(given: dict[str, Any], game: str, spec: WorldSpec) -> Task:
    assert spec.game is not None
    played = spec.game.model_copy(update={"seed": given.get("seed", 0)})
    whole = whole_task({"kind": game, **given, "id": f"foreign/{game}/{given['id']}"}, None)
    return Task.model_validate({**whole, "spec": spec.model_copy(update={"game": played})})


@cache
def frozen_spec(game: str) -> WorldSpec:
    """Return a game as it was when the suite was frozen."""
    text = (HERE / f"{game}.spec.json").read_text(encoding="utf-8")
    return WorldSpec.model_validate_json(text)
