"""Our tasks as samples of Inspect, and the task of a sample."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from inspect_ai.dataset import Sample

from environments.tasks.model import Task
from environments.tasks.suites import content_hash
from world_fixtures.common import UserError

_MADE: dict[str, dict[str, Task]] = {}
"""Tasks of this process by the hash of all that were made with them, and by id."""


def samples_of(tasks: tuple[Task, ...]) -> list[Sample]:
    """Return a sample for each task, which `task_of` knows again in this process."""
    together = content_hash(tasks)
    _MADE[together] = {task.id: task for task in tasks}
    return [
        Sample(
            id=task.id,
            input=_prompts(task),
            target=_goals(task),
            metadata={**about(task), "suite_hash": together},
        )
        for task in tasks
    ]


def task_of(metadata: Mapping[str, Any], id: Any) -> Task:
    """Return the task of a sample. Raises UserError for a sample that was not made here."""
    found = _MADE.get(str(metadata.get("suite_hash")), {}).get(str(id))
    if found is None:
        raise UserError(f"sample {id!r} is none of evennia_world: its solver plays no other")
    return found


def about(task: Task) -> dict[str, Any]:
    """Return what tells one task from another, for a sample's metadata."""
    return {
        "family": task.family.value,
        "kind": task.kind,
        "difficulty": task.difficulty,
        "split": task.split,
        "seed": task.seed,
        "parts": len(task.stages),
        "budget": task.budget,
        "abilities": [ability.value for ability in task.abilities],
        **({"twin_of": task.twin_of} if task.twin_of else {}),
    }


def _prompts(task: Task) -> str:
    """Return what the task asks for, part by part."""
    if len(task.stages) == 1:
        return task.stages[0].prompt
    parts = [f"Part {n}: {stage.prompt}" for n, stage in enumerate(task.stages, start=1)]
    return "\n\n".join(parts)


def _goals(task: Task) -> list[str]:
    """Return the names of what counts as done."""
    return [goal.name for goal in task.goals if goal.final]
