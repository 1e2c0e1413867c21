"""A suite: a named, versioned set of tasks, frozen by a hash of its content."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from environments.tasks.model import Task
from world_fixtures.common import UserError, digest


@dataclass(frozen=True)
class Suite:
    """A named set of tasks; built when it is first asked for them."""

    name: str
    version: int
    hash: str
    """32 hex digits over the canonical JSON of all tasks."""
    build: Callable[[], tuple[Task, ...]]
    whole: str = ""
    """Hash of the suite that this is a part of; empty for a whole one."""

    @cached_property
    def tasks(self) -> tuple[Task, ...]:
        """All tasks, in their order."""
        return self.build()

    def verify(self) -> Suite:
        """Return the suite itself once its content is checked against its hash.

        Raises UserError if its content is not that of its version.
        """
        found = content_hash(self.tasks)
        if found != self.hash:
            raise UserError(
                f"suite {self.name} version {self.version} has the hash {found} and should have"
                f" {self.hash}: its content changed, so its version must"
            )
        return self


def content_hash(tasks: tuple[Task, ...]) -> str:
    """Hash everything in the tasks: 32 hex digits."""
    return digest([t.model_dump(mode="json") for t in tasks]).hex()
