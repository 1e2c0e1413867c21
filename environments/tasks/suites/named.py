"""Suites: fixed sets of tasks to measure by, frozen by version and by a hash of their content."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from environments.tasks.build import KINDS, make_task
from environments.tasks.model import Family, Task
from world_fixtures.common import UserError, digest
from world_fixtures.generator.words import Split
from world_fixtures.library import load_facts, load_world

BASICS_PER_FAMILY = 5


@dataclass(frozen=True)
class Suite:
    """A named set of tasks; built when it is first asked for them."""

    name: str
    version: int
    hash: str
    """32 hex digits over the canonical JSON of all tasks."""
    build: Callable[[], tuple[Task, ...]]

    @cached_property
    def tasks(self) -> tuple[Task, ...]:
        return self.build()

    def verify(self) -> Suite:
        """The suite itself. Raises UserError if its content is not that of its version."""
        found = content_hash(self.tasks)
        if found != self.hash:
            raise UserError(
                f"suite {self.name} version {self.version} has the hash {found} and should have"
                f" {self.hash}: its content changed, so its version must"
            )
        return self


def content_hash(tasks: tuple[Task, ...]) -> str:
    """Hash of everything in the tasks."""
    return digest([t.model_dump(mode="json") for t in tasks]).hex()


def _basics() -> tuple[Task, ...]:
    """Five tasks a family on the authored world, every sub-kind among them."""
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
    """Five tasks of each family at each difficulty, in worlds no training has seen."""
    return tuple(
        make_task(family, 1000 * difficulty + n, difficulty, split="test")
        for family in Family
        for difficulty in range(1, 11)
        for n in range(5)
    )


def _hard() -> tuple[Task, ...]:
    """Fifty tasks a family at difficulties 6 to 10, its sub-kinds in equal shares."""
    tasks = []
    for family in Family:
        kinds = list(KINDS[family])
        for n in range(50):
            kind, level = kinds[n % len(kinds)], 6 + n // 10
            tasks.append(make_task(family, 50_000 + n, level, kind=kind, split="test"))
    return tuple(tasks)


def _spread(split: Split) -> tuple[Task, ...]:
    """Two tasks of each family at each difficulty, in worlds of `split`."""
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


def load_suite(name: str) -> Suite:
    """A suite by its name or the path of its file, its content verified."""
    if name in SUITES:
        return SUITES[name].verify()
    if Path(name).is_file():
        from environments.tasks.suites.file import read_suite

        return read_suite(Path(name))
    raise UserError(
        f"unknown suite {name!r}: choose from {', '.join(SUITES)}, or give the path of a YAML file"
    )
