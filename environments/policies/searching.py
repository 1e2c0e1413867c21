"""The searcher: plays a task as who knows the rules and what is asked, and of the map what it saw.

What it does follows from what it was shown, so a model can learn it by imitation. The oracle
cannot be imitated like that: it walks straight to what it has never seen.
"""

from __future__ import annotations

import random
from functools import lru_cache

from environments.policies.oracle import follow, script
from environments.policies.policy import Move, View
from environments.tasks.build import kind_named
from environments.tasks.families.common import BuildContext
from environments.tasks.model import Stage, Task
from world_fixtures.common import UserError


class _Run:
    """One search in one task, found again by which task object it is."""

    def __init__(self, task: Task, key: str) -> None:
        self.task, self.key = task, key

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Run) and (self.task is other.task and self.key == other.key)

    def __hash__(self) -> int:
        return hash((id(self.task), self.key))


def searcher(view: View) -> Move:
    """Follow a search of the task, one call a turn; another attempt searches otherwise."""
    attempt = view.seed.rpartition("/")[0]  # without the stage: one search goes through all
    return follow(script(_searched(_Run(view.task, attempt))[view.stage]), view)


@lru_cache(maxsize=64)
def _searched(run: _Run) -> tuple[Stage, ...]:
    """Return the stages of a task with what a searcher does in them.

    Raises UserError where the task was not made by a kind: what it asks for is then in no form
    that could be searched for.
    """
    task = run.task
    if not task.question:
        raise UserError(
            f"{task.id} was written by hand, and the searcher plays tasks that are made by a kind:"
            " choose another policy"
        )
    context = BuildContext(task.spec, random.Random(run.key), task.difficulty, task.split)
    return kind_named(task.family, task.kind).plan(context.searching(run.key), task.question).stages
