"""Whether a task that a file holds is the one that its id names."""

from __future__ import annotations

import re

from environments.tasks.build import make_task
from environments.tasks.model import Task
from environments.tasks.version import TASKS_VERSION
from world_fixtures.common import UserError

_MADE = re.compile(r"(train|validation|test)/[a-z]+\.[a-z_]+/[0-9]+/-?[0-9]+")
"""An id that `make_task` gives."""


def unchanged(task: Task) -> Task:
    """Return a whole task; one under the id of a made task must be that task.

    Raises UserError where its content is another: results would be taken for those of the made one.
    """
    made_id = f"{task.split}/{task.family}.{task.kind}/{task.difficulty}/{task.seed}"
    if task.version == TASKS_VERSION and _MADE.fullmatch(task.id):
        refused = UserError(f"{task.id} is not the task of that name: give it another id")
        if task.id != made_id:
            raise refused
        try:
            made = make_task(task.family, task.seed, task.difficulty, task.kind, task.split)
        except UserError:
            raise refused from None
        if made.model_dump(mode="json") != task.model_dump(mode="json"):
            raise refused
    return task
