"""Suites: fixed sets of tasks to measure by, frozen by version and by a hash of their content."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from environments.tasks.build import KINDS, make_task
from environments.tasks.model import Family, Task
from world_fixtures.errors import UserError
from world_fixtures.spec import digest

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
    tasks = []
    for family in Family:
        kinds = list(KINDS[family])
        for n in range(BASICS_PER_FAMILY):
            difficulty = 1 + n // 2
            task = make_task(family, 100 + n, difficulty, kind=kinds[n % len(kinds)], split="test")
            tasks.append(task.model_copy(update={"id": f"basics/{family}.{task.kind}/{n}"}))
    return tuple(tasks)


SUITES = {
    suite.name: suite
    for suite in (Suite("basics", 1, "cc81bf88681f68fda575d355eed0062d", _basics),)
}


def load_suite(name: str) -> Suite:
    """A suite by its name, its content verified."""
    if name not in SUITES:
        raise UserError(f"unknown suite {name!r}: choose from {', '.join(SUITES)}")
    return SUITES[name].verify()
