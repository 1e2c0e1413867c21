"""Hermes trajectories written while rollouts are played, for the groups of `process`."""

from __future__ import annotations

import json
from collections.abc import Container, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Self

from environments.export.hermes import (
    COMPLETED,
    FAILED,
    ToolsetsOf,
    finished,
    hermes_lines,
)
from environments.rollouts.files import (
    LinesFile,
    check_torn_line,
    disk,
    json_line,
    read_file,
    write_file,
)
from environments.rollouts.lock import lock
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

        Raises UserError where it cannot be written, holds something else, or another process has
        it open.
        """
        self.directory = directory
        self._toolsets_of = toolsets_of
        with disk(directory):
            directory.mkdir(parents=True, exist_ok=True)
        self._lock = lock(
            directory / ".lock",
            f"{directory} is in use by another process: wait for it, or name other groups",
        )
        try:
            for name in (COMPLETED, FAILED):
                _keep(directory / name, done)
            self._files = {n: LinesFile(directory / n) for n in (COMPLETED, FAILED)}
        except BaseException:
            self._lock.close()
            raise

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
            self._files[name].add(content)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        try:
            for file in self._files.values():
                file.close()
        finally:
            self._lock.close()


FIRST_KEY = b'{"conversations":'
"""How each line begins."""


def _keep(path: Path, done: Container[int]) -> None:
    """Keep only the whole lines of items that are done."""
    if not path.exists():
        return
    with disk(path):
        *whole, torn = read_file(path).split(b"\n")
    try:
        kept = [text + b"\n" for text in whole if json.loads(text)["prompt_index"] in done]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise UserError(f"{path} holds other things than Hermes trajectories: move it") from None
    check_torn_line(path, len(whole) + 1, torn, FIRST_KEY)
    if torn or len(kept) < len(whole):
        write_file(path, b"".join(kept))
