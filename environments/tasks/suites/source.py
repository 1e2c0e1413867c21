"""The tasks that a name or a file stands for: a suite, a task made by hand, or a world."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from environments.tasks.build import make_task
from environments.tasks.model import Family, Task
from environments.tasks.suites.documents import form_of
from environments.tasks.suites.load import load_suite
from environments.tasks.suites.named import SUITES
from world_fixtures.common import UserError
from world_fixtures.library import library_worlds, load_world
from world_fixtures.nearest import did_you_mean
from world_fixtures.spec import WorldSpec


def tasks_of(
    source: str,
    *,
    family: Family | None = None,
    kind: str | None = None,
    difficulty: int = 1,
    seed: int = 0,
) -> tuple[Task, ...]:
    """Return the tasks of a suite or a file of tasks, or one that is made in a world.

    `source` is a name or the path of a YAML file. The rest says which task is made in a world; of
    any family where None. Raises UserError where there is no such source, or it is wrong.
    """
    if not is_world(source):
        return load_suite(source).tasks
    if source not in library_worlds() and not Path(source).is_file():
        known = [*SUITES, *library_worlds()]
        raise UserError(
            f"there is no suite, task or world {source!r}{did_you_mean(source, known)}: choose from"
            f" {', '.join(known)}, or give the path of a YAML file"
        )
    families = list(Family) if family is None else [family]
    made = task_in(load_world(source), families, kind, difficulty, seed)
    return (made.model_copy(update={"id": f"{source}/{made.id}"}),)


def is_world(source: str) -> bool:
    """Tell whether a name or file that exists is that of a world."""
    if source in SUITES:
        return False
    return not Path(source).is_file() or form_of(Path(source)) == "world"


def task_in(
    world: WorldSpec,
    families: list[Family],
    kind: str | None = None,
    difficulty: int = 1,
    seed: int = 0,
) -> Task:
    """Make a task in a world, of the first of the families that can be made there.

    Raises UserError where none can.
    """
    for family in families[:-1]:
        try:
            return make_task(family, seed, difficulty, kind, "test", world)
        except UserError:
            continue
    return make_task(families[-1], seed, difficulty, kind, "test", world)


def with_ids(tasks: tuple[Task, ...], ids: Iterable[str]) -> tuple[Task, ...]:
    """Return the tasks of `ids`, in that order and each once, or all tasks where there are no ids.

    Raises UserError for an id that no task has.
    """
    by_id = {task.id: task for task in tasks}
    wanted = list(dict.fromkeys(ids))
    for id in wanted:
        if id not in by_id:
            known = list(by_id)
            shown = ", ".join(known[:10]) + (", ..." if len(known) > 10 else "")
            meant = did_you_mean(id, known)
            raise UserError(f"there is no task {id!r}{meant}: choose from {shown}")
    return tuple(by_id[id] for id in wanted) or tasks
