"""Which tasks a player from outside is given."""

from __future__ import annotations

import re
from collections.abc import Sequence

from environments.tasks.build import make_task
from environments.tasks.model import Family, Task
from environments.tasks.suites import Suite, content_hash, load_suite
from environments.tasks.suites.source import with_ids
from world_fixtures.common import UserError

_MADE = re.compile(r"(train|validation|test)/([a-z]+)\.([a-z_]+)/([0-9]+)/(-?[0-9]+)")
"""An id that `make_task` gives: split, family, kind, difficulty and seed."""


def chosen(suite: str | None, ids: Sequence[str]) -> tuple[Suite, tuple[Task, ...]]:
    """Return a suite and those of its tasks that `ids` name, or all of them without any.

    Without a suite an id such as `test/errand.deliver/3/7` has the task made that it names, for a
    suite of just these. Raises UserError for a suite or a task that does not exist.
    """
    if suite is None:
        made = tuple(make_named(id) for id in ids)
        return only(made), made
    found = load_suite(suite)
    return found, with_ids(found.tasks, ids)


def only(tasks: tuple[Task, ...]) -> Suite:
    """Return a suite of `tasks` alone, named after the first."""
    return Suite(tasks[0].id, 1, content_hash(tasks), lambda: tasks)


def make_named(id: str) -> Task:
    """Make the task of an id. Raises UserError where the id is none, or names no such task."""
    found = _MADE.fullmatch(id)
    if found is None or found[2] not in list(Family):
        raise UserError(
            f"there is no task {id!r}: name one of a --suite, or one to be made, such as"
            " test/errand.deliver/3/7 (split/family.kind/difficulty/seed)"
        )
    split, family, kind, difficulty, seed = found.groups()
    return make_task(Family(family), int(seed), int(difficulty), kind, split)  # type: ignore[arg-type]
