"""What verifiers hands on and keeps: the task as data, and a rollout's own state."""

from __future__ import annotations

from typing import Any, Self

import verifiers.v1 as vf
from pydantic import Field

from environments.rollouts.record import Rollout
from environments.runner import SYSTEM_PROMPT
from environments.tasks.model import Task


class EvenniaWorldData(vf.TaskData):
    """One task, whole: a worker that receives it makes nothing and loads no suite."""

    world_task: Task
    """The task, with its world and its walkthrough; the model is shown its prompts alone."""

    @classmethod
    def of(cls, task: Task) -> Self:
        """Return the data of a task."""
        return cls(
            id=task.id,
            name=task.id,
            description=f"{task.family}.{task.kind}, difficulty {task.difficulty}",
            prompt=task.stages[0].prompt,
            system_prompt=SYSTEM_PROMPT,
            world_task=task,
        )


class EvenniaWorldState(vf.State):
    """What one rollout leaves for its judgement; written to no file."""

    worlds: Any = Field(None, exclude=True)
    """The SyncPool that the task's `setup` has found running."""
    rollout: Rollout | None = Field(None, exclude=True)
    """What was played, between its end and its judgement."""
