"""A suite: a named, versioned set of tasks, frozen by a hash of its content."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from environments.tasks.model import Task
from environments.tasks.suites.kept import keep, read_kept
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
    kept: bool = False
    """Whether it is made once on a machine and read from its disk afterwards."""

    @cached_property
    def tasks(self) -> tuple[Task, ...]:
        """All tasks, in their order."""
        if not self.kept:
            return self.build()
        read = read_kept(self.hash)
        if read is not None and content_hash(read) == self.hash:
            return read
        made = self.build()
        if content_hash(made) == self.hash:
            keep(self.hash, made)
        return made

    def verify(self) -> Suite:
        """Return the suite itself once its content is checked against its hash.

        Raises UserError if its content is not that of its version.
        """
        if self._found != self.hash:
            raise UserError(
                f"suite {self.name} version {self.version} has the hash {self._found} and should"
                f" have {self.hash}: its content changed, so its version must"
            )
        return self

    @cached_property
    def _found(self) -> str:
        """Hash of what the tasks are, worked out once: it takes seconds where they are many."""
        return content_hash(self.tasks)


def content_hash(tasks: tuple[Task, ...]) -> str:
    """Hash everything in the tasks: 32 hex digits."""
    return digest([t.model_dump(mode="json") for t in tasks]).hex()
