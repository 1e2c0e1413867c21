"""Hermes trajectories written while rollouts are played, for the groups of `process`."""

from __future__ import annotations

import json
import os
from collections.abc import Container, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from types import TracebackType
from typing import Self

from environments.export.files import write_lines
from environments.export.hermes import (
    COMPLETED,
    FAILED,
    ToolsetsOf,
    finished,
    hermes_lines,
)
from environments.rollouts.files import json_line
from environments.rollouts.record import Rollout
from world_fixtures.common import UserError

SUFFIX = ".hermes"


def trajectories_directory(groups: Path) -> Path:
    """Return the directory of the trajectories that belong to a file of groups."""
    return groups.with_suffix(SUFFIX)


_GATHERED: ContextVar[list[Rollout]] = ContextVar("gathered")


@contextmanager
def gathering() -> Iterator[list[Rollout]]:
    """Collect all rollouts that are handed to `gather` in here, and in tasks begun in here."""
    token = _GATHERED.set([])
    try:
        yield _GATHERED.get()
    finally:
        _GATHERED.reset(token)


def gather(rollout: Rollout) -> None:
    """Add a finished rollout to the list of the `gathering` it was played in, if any."""
    _GATHERED.get([]).append(rollout)


class HermesWriter:
    """A directory of trajectories, to which items are appended; a context manager.

    `prompt_index` and `batch_num` of a line are the item's number. Items come whole: those
    that are not `done` when the directory is opened again are cut out, to be played again.
    """

    def __init__(self, directory: Path, toolsets_of: ToolsetsOf, done: Container[int] = ()) -> None:
        """Open the directory; `done` are the items whose lines are kept.

        Raises UserError where it cannot be written, or holds something else.
        """
        self.directory = directory
        self._toolsets_of = toolsets_of
        for name in (COMPLETED, FAILED):
            _keep(directory / name, done)
        self._files = {n: os.open(directory / n, FLAGS, 0o644) for n in (COMPLETED, FAILED)}

    def add(self, item: int, rollouts: Sequence[Rollout]) -> None:
        """Write the rollouts of an item: one write a file, so that nobody sees half a line.

        Raises UserError where the disk refuses.
        """
        lines = {COMPLETED: b"", FAILED: b""}
        for rollout in sorted(rollouts, key=lambda rollout: rollout.attempt):
            name = COMPLETED if finished(rollout) else FAILED
            lines[name] += b"".join(
                map(json_line, hermes_lines(rollout, self._toolsets_of, item, item))
            )
        for name, content in lines.items():
            try:
                while content:
                    content = content[os.write(self._files[name], content) :]
            except OSError as error:
                raise UserError(
                    f"cannot write {self.directory / name} ({error.strerror}): free some space; "
                    "the same command continues"
                ) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        for file in self._files.values():
            os.close(file)


FLAGS = os.O_WRONLY | os.O_CREAT | os.O_APPEND


def _keep(path: Path, done: Container[int]) -> None:
    """Keep only the whole lines of items that are done."""
    whole = path.read_bytes().split(b"\n")[:-1] if path.exists() else []
    try:
        kept = [text + b"\n" for text in whole if json.loads(text)["prompt_index"] in done]
    except (ValueError, KeyError, TypeError):
        raise UserError(f"{path} holds other things than Hermes trajectories: move it") from None
    write_lines(path, kept)
