"""A part of a suite: the tasks of some families, kinds or difficulties, or a number of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace

from environments.tasks.model import Family, Task
from environments.tasks.suites.suite import Suite, content_hash
from world_fixtures.common import UserError


def part_of(
    suite: Suite, *, families: Collection[str] | None = None,
    kinds: Sequence[tuple[Family, str]] | None = None, difficulty: tuple[int, int] | None = None,
    limit: int | None = None,
) -> Suite:  # fmt: skip
    """Return the chosen tasks of `suite`, in its order, under a name that says what was chosen.

    `limit` tasks are taken at even distances, so that each part of the suite stays in it. The
    suite itself is returned where nothing is left out. Raises UserError where nothing is left.
    """
    tasks = filtered(suite.tasks, families=families, kinds=kinds, difficulty=difficulty)
    chosen = _names(families, kinds, difficulty)
    if not tasks:
        raise UserError(f"no task of suite {suite.name} is chosen by {chosen}: {_there(suite)}")
    if limit is not None and limit < len(tasks):
        tasks = [tasks[i * len(tasks) // limit] for i in range(limit)]
        chosen = f"{chosen}-{limit}" if chosen else str(limit)
    if len(tasks) == len(suite.tasks):
        return suite
    found = tuple(tasks)
    return replace(
        suite, name=f"{suite.name}-{chosen}", hash=content_hash(found), build=lambda: found,
        whole=suite.whole or suite.hash, kept=False,
    )  # fmt: skip


def filtered(
    tasks: Iterable[Task], *, families: Collection[str] | None = None,
    kinds: Sequence[tuple[Family, str]] | None = None, difficulty: tuple[int, int] | None = None,
) -> list[Task]:  # fmt: skip
    """Return those of `tasks` that are of these families, kinds and difficulties, in their order.

    None: of all. A difficulty is a lowest and a highest level.
    """
    return [
        task
        for task in tasks
        if (families is None or task.family in families)
        and (kinds is None or (task.family, task.kind) in kinds)
        and (difficulty is None or difficulty[0] <= task.difficulty <= difficulty[1])
    ]


def _names(
    families: Collection[str] | None,
    kinds: Sequence[tuple[Family, str]] | None,
    difficulty: tuple[int, int] | None,
) -> str:
    parts = [*(families or ()), *(f"{family}.{kind}" for family, kind in kinds or ())]
    if difficulty is not None:
        low, high = difficulty
        parts.append(f"difficulty-{low}" if low == high else f"difficulty-{low}-{high}")
    return "-".join(parts)


def _there(suite: Suite) -> str:
    """Say what the suite has, for an error."""
    families = dict.fromkeys(task.family.value for task in suite.tasks)
    levels = sorted({task.difficulty for task in suite.tasks})
    return f"it has {', '.join(families)} at difficulty {levels[0]} to {levels[-1]}"
