"""The suites that ship: each is made by code and frozen by the hash of its content."""

from __future__ import annotations

from environments.tasks.build import KINDS, make_task
from environments.tasks.model import Family, Task
from environments.tasks.suites.suite import Suite
from world_fixtures.generator.words import Split
from world_fixtures.library import load_facts, load_world

BASICS_PER_FAMILY = 5


def _basics() -> tuple[Task, ...]:
    """Make five tasks a family on the authored world, every kind among them."""
    home = load_world("timmy_home"), load_facts("timmy_home")
    tasks = []
    for family in Family:
        kinds = list(KINDS[family])
        for n in range(BASICS_PER_FAMILY):
            difficulty = 1 + n // 2
            kind = kinds[n % len(kinds)]
            task = make_task(family, 100 + n, difficulty, kind=kind, split="test", world=home)
            tasks.append(task.model_copy(update={"id": f"basics/{family}.{task.kind}/{n}"}))
    return tuple(tasks)


def _standard() -> tuple[Task, ...]:
    """Make five tasks of each family at each difficulty, in worlds of the test split."""
    return tuple(
        make_task(family, 1000 * difficulty + n, difficulty, split="test")
        for family in Family
        for difficulty in range(1, 11)
        for n in range(5)
    )


def _hard() -> tuple[Task, ...]:
    """Make fifty tasks a family at difficulties 6 to 10, its kinds in equal shares."""
    tasks = []
    for family in Family:
        kinds = list(KINDS[family])
        for n in range(50):
            kind, level = kinds[n % len(kinds)], 6 + n // 10
            tasks.append(make_task(family, 50_000 + n, level, kind=kind, split="test"))
    return tuple(tasks)


def _spread(split: Split) -> tuple[Task, ...]:
    """Make two tasks of each family at each difficulty, in worlds of `split`."""
    return tuple(
        make_task(family, 90_000 + 10 * difficulty + n, difficulty, split=split)
        for family in Family
        for difficulty in range(1, 11)
        for n in range(2)
    )


def _seen() -> tuple[Task, ...]:
    return _spread("train")


def _unseen() -> tuple[Task, ...]:
    return _spread("validation")


SUITES = {
    suite.name: suite
    for suite in (
        Suite("basics", 1, "97f90240c4506e3a4a1f2bca0dd80bc0", _basics),
        Suite("standard", 1, "d6b033f9ca5ac99867bc44d599dc7e2c", _standard),
        Suite("hard", 1, "5a3d90f124e13e29e12ccb860b97445a", _hard),
        Suite("seen", 1, "86172bcde6a966edebce9d0c7438ae64", _seen),
        Suite("unseen", 1, "06b2b092649eddc7e12112bcbc2f509c", _unseen),
    )
}
"""Every suite that ships, by its name."""
