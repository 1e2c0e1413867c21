"""Tasks that a model of few parameters can learn: to walk where the only way leads, three times."""

from __future__ import annotations

import itertools
import random
from collections.abc import Sequence
from typing import Any, Literal

from environments.tasks.model import Task
from environments.tasks.suites.authored import whole_task
from world_fixtures.spec import WorldSpec

WAYS = ("north", "east")
MOVES = 3
NAMES = {
    "train": (
        "Arch", "Ash", "Bank", "Barn", "Bay", "Beam", "Bell", "Birch", "Bog", "Brook", "Cave",
        "Clay", "Coal", "Cove", "Crane", "Dale", "Dell", "Drum", "Dune", "Elm", "Farm", "Fen",
        "Fern", "Field", "Ford", "Gate", "Glass", "Glen", "Grove", "Hay", "Heath", "Hill",
        "Iron", "Isle", "Jade",
    ),
    "validation": ("Kiln", "Loft", "Moss", "Nail", "Oak", "Pine", "Quay", "Reed", "Salt", "Tar"),
}  # fmt: skip
"""Names of rooms: no world of the one split has a name of the other."""
Split = Literal["train", "validation"]


WORLDS = {"train": 40, "validation": 3}
"""Of each way."""


def tiny_tasks(split: Split) -> list[Task]:
    """Return the tasks of a split, each in a world of its own."""
    rng = random.Random(f"tiny/{split}")
    return [
        _task(split, f"{'_'.join(way)}_{number}", way, rng.sample(NAMES[split], MOVES + 1))
        for way in itertools.product(WAYS, repeat=MOVES)
        for number in range(WORLDS[split])
    ]


def _world(name: str, ways: Sequence[str], names: Sequence[str]) -> WorldSpec:
    """Make rooms in a row, each with one way that leads on and none that leads back."""
    return WorldSpec.model_validate(
        {
            "name": name,
            "title": "Tiny",
            "rooms": [
                {"id": f"room{n}", "name": name, "desc": "Bare."} for n, name in enumerate(names)
            ],
            "exits": [
                {"source": f"room{n}", "direction": way, "target": f"room{n + 1}"}
                for n, way in enumerate(ways)
            ],
            "characters": [{"id": "you", "name": "You", "location": "room0"}],
        }
    )


def _task(split: Split, name: str, ways: Sequence[str], names: Sequence[str]) -> Task:
    goals: list[dict[str, Any]] = [
        {"name": f"move {n}", "condition": {"type": "visited", "rooms": [f"room{n}"]}}
        for n in range(1, MOVES + 1)
    ]
    stage = {
        "prompt": "Walk on to the end.",
        "goals": goals,
        "walkthrough": [*ways, {"submit": {}}],
    }
    name = f"tiny_{split}_{name}"
    made = whole_task(
        {"id": name, "family": "navigation", "budget": MOVES, "split": split, "stages": [stage]},
        None,
    )
    return Task.model_validate({**made, "spec": _world(name, ways, names)})
