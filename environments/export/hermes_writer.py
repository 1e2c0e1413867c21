"""Hermes trajectories written while rollouts are played, for the groups of `process`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from types import MappingProxyType
from typing import Any, Self

from environments.export.groups import RUN_SUFFIX
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
    json_line,
    read_file,
    write_file,
)
from environments.rollouts.lock import lock
from environments.rollouts.owner import claim, of_other_groups, recorded_owner
from environments.rollouts.record import Rollout
from world_fixtures.common import UserError
from world_fixtures.disk import disk

SUFFIX = ".hermes"
LOCK = ".lock"


def trajectories_directory(groups: Path) -> Path:
    """Return the directory of the trajectories that belong to a file of groups."""
    return groups.with_suffix(SUFFIX)


def check_no_groups(directory: Path) -> None:
    """Raise UserError where the directory holds the trajectories of a file of groups."""
    unrecorded = directory.suffix == SUFFIX and (directory / LOCK).exists()  # an earlier version's
    if unrecorded or recorded_owner(directory) is not None:
        raise UserError(
            f"{directory} holds the trajectories of a run of `process`: choose another --out"
        )


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


def trajectory_lines(
    item: int, rollouts: Sequence[Rollout], toolsets_of: ToolsetsOf
) -> dict[str, bytes]:
    """Return the lines of an item's rollouts, by the name of their file."""
    lines = {COMPLETED: b"", FAILED: b""}
    for rollout in sorted(rollouts, key=lambda rollout: rollout.attempt):
        name = COMPLETED if finished(rollout) else FAILED
        lines[name] += b"".join(map(json_line, hermes_lines(rollout, toolsets_of, item, item)))
    return lines


class HermesWriter:
    """A directory of trajectories, to which items are appended; a context manager.

    `prompt_index` and `batch_num` of a line are the item's number. Items come whole: those
    that are not `done` when the directory is opened again are cut out, to be played again.
    """

    def __init__(
        self,
        directory: Path,
        toolsets_of: ToolsetsOf,
        done: Mapping[int, str | None] = MappingProxyType({}),
        groups: Path | None = None,
    ) -> None:
        """Open the directory; `done` are the items whose lines are kept, with the tasks' ids.

        `groups` is the file of groups to which the trajectories belong, where there is one.
        Raises UserError where the directory cannot be written, holds something else or the
        trajectories of another file of groups, or another process has it open.
        """
        self.directory = directory
        self._toolsets_of = toolsets_of
        with disk(directory):
            directory.mkdir(parents=True, exist_ok=True)
        self._lock = lock(
            directory / LOCK,
            f"{directory} is in use by another process: wait for it, or name other groups",
        )
        try:
            if groups is not None:
                if recorded_owner(directory) is None:
                    _check_unrecorded(directory, groups, done)
                claim(directory, groups)
            for name in (COMPLETED, FAILED):
                _keep(directory / name, done)
            self._files = {n: LinesFile(directory / n) for n in (COMPLETED, FAILED)}
        except BaseException:
            self._lock.close()
            raise

    def add(self, item: int, rollouts: Sequence[Rollout]) -> None:
        """Write the rollouts of an item, as `add_lines` does."""
        self.add_lines(trajectory_lines(item, rollouts, self._toolsets_of))

    def add_lines(self, lines: Mapping[str, bytes]) -> None:
        """Write the lines of an item: one write a file, so that nobody sees half a line.

        Raises UserError where the disk refuses.
        """
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


def _keep(path: Path, done: Mapping[int, str | None]) -> None:
    """Keep only the whole lines of items that are done."""
    whole, torn = _lines(path)
    kept = [text + b"\n" for text, item, _ in whole if item in done]
    if torn or len(kept) < len(whole):
        write_file(path, b"".join(kept))


def _lines(path: Path) -> tuple[list[tuple[bytes, int, str | None]], bytes]:
    """Read the whole lines, with item and task's id, and what was not written to its end.

    Raises UserError where the file holds something else.
    """
    if not path.exists():
        return [], b""
    with disk(path):
        *whole, torn = read_file(path).split(b"\n")
    try:
        read = [(text, *_place(json.loads(text))) for text in whole]
    except (
        ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError,
    ):  # fmt: skip
        raise UserError(f"{path} holds other things than Hermes trajectories: move it") from None
    check_torn_line(path, len(whole) + 1, torn, FIRST_KEY)
    return read, torn


def _place(line: dict[str, Any]) -> tuple[int, str | None]:
    return int(line["prompt_index"]), line.get("metadata", {}).get("task_id")


def _check_unrecorded(directory: Path, groups: Path, done: Mapping[int, str | None]) -> None:
    """Raise UserError unless the trajectories of an earlier version are those of `groups`.

    They are where they hold items of the file, with the same tasks. Items that it has not, which
    a run that was killed leaves, may be those of another file that has this directory.
    """
    lines = [line for name in (COMPLETED, FAILED) for line in _lines(directory / name)[0]]
    held = {item: task for _, item, task in lines}
    common = held.keys() & done.keys()
    same = all(done[item] in (None, held[item]) for item in common)
    alone = held.keys() <= done.keys() or not _others(groups)
    if held and not (common and same and alone):
        raise of_other_groups(directory, groups, "trajectories")


def _others(groups: Path) -> list[Path]:
    """List the other files of groups that have the same directory of trajectories."""
    records = groups.parent.glob(f"*{RUN_SUFFIX}")
    found = [record.with_name(record.name.removesuffix(RUN_SUFFIX)) for record in records]
    directory = trajectories_directory(groups)
    return [
        other
        for other in found
        if other.name not in ("", groups.name) and other.is_file() and other.stat().st_size
        and trajectories_directory(other) == directory
    ]  # fmt: skip
