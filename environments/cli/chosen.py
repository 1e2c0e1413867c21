"""The tasks that a command line chooses: made by their numbers, or of a file or suite."""

from __future__ import annotations

from typing import Annotated

import typer

from environments.cli.families import family_named
from environments.tasks.build import make_task
from environments.tasks.model import Family, Task
from environments.tasks.suites.source import tasks_of, with_ids

Source = Annotated[
    str | None,
    typer.Argument(
        metavar="SOURCE",
        help="a suite, a task made by hand, or a world: its name, or its YAML file",
    ),
]
"""Where tasks are from."""
TaskId = Annotated[str | None, typer.Option("--task", metavar="ID", help="one task of the source")]
"""Which of them."""


def chosen_tasks(
    source: str | None,
    task: str | None,
    family: str | None,
    kind: str | None,
    difficulty: int,
    seed: int,
) -> tuple[Task, ...]:
    """Return the tasks of `source`, or the one that is made of the other arguments.

    Raises UserError where there are none.
    """
    wanted = None if family is None else family_named(family)
    if source is None:
        found: tuple[Task, ...] = (make_task(wanted or Family.ERRAND, seed, difficulty, kind=kind),)
    else:
        found = tasks_of(source, family=wanted, kind=kind, difficulty=difficulty, seed=seed)
    return found if task is None else with_ids(found, [task])
