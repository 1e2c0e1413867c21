"""The file of groups that `process` writes: whole lines only, of one run, by one process.

Beside `groups.jsonl` stands `groups.jsonl.run.json`, which says with which options the groups are
made: only a run with the same ones goes on with the file.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Any, Self

from pydantic import Field, ValidationError

from environments.export.groups import RUN_SUFFIX
from environments.export.hermes import COMPLETED, FAILED
from environments.export.hermes_writer import trajectories_directory
from environments.rollouts.advantages import BRANCH_OF
from environments.rollouts.files import LinesFile, check_torn_line, read_file, write_file
from environments.rollouts.groups import has_signal, teaches_nothing, without_rows
from environments.rollouts.identity import TASKS, differences, listed, plain, unrecorded
from environments.rollouts.lock import lock
from environments.rollouts.owner import OPTION, check_owner
from environments.rollouts.part_files import Manifest
from environments.rollouts.parts import Place, has_parts, parts_directory, read_parts
from environments.tasks.version import FIRST_VERSION
from world_fixtures.common import Frozen, UserError
from world_fixtures.disk import disk

FIRST_KEY = b'{"tokens":'
"""How the line of a group begins, where an environment has not changed it."""
MAX_HELD = 256 << 20
"""Bytes of finished items that wait for an earlier one; beyond that no further item is begun."""


class GroupsRun(Frozen):
    """How a file of groups is made."""

    settings: dict[str, Any]
    """What bears on the items, on how they are played and on their scores."""
    feedback_lag: int | None = Field(default=None, ge=1)
    """Items from a result to the first item that may depend on it; None where none does."""


@dataclass(frozen=True)
class Done:
    """An item whose groups are in the file."""

    task: str | None
    """Id of the task that was played, where the groups name it."""
    successes: tuple[bool, ...]
    """Of its rollouts; empty where the groups do not say."""
    signal: bool = True
    """Whether its groups hold anything to compare."""


class GroupsFile:
    """A file of groups open for writing by this process alone; a context manager.

    `done` are the items that it holds, `run` says how they are made.
    """

    def __init__(
        self,
        path: Path,
        settings: dict[str, Any],
        *,
        feedback_lag: int | None = None,
        adopt: bool = False,
    ) -> None:
        """Open the file for a run with these `settings`; it is made where there is none.

        A last item that was not written to its end is cut off. Raises UserError, and leaves the
        file as it is, where another process has it open, it holds anything else than groups, or
        the groups were made with other settings or another version of the tasks. Groups of which it
        is not recorded how they were made are continued only with `adopt`.
        """
        if not path.name:
            raise UserError(f"process needs {OPTION} FILE")
        self.path = path
        now = GroupsRun(settings=plain(settings), feedback_lag=feedback_lag)
        with disk(path, elsewhere=f"choose another {OPTION}"):
            path.parent.mkdir(parents=True, exist_ok=True)
        check_owner(trajectories_directory(path), path)
        if not path.exists():  # not begun yet, or moved away
            _check_beside(path)
        self._lock = lock(
            path, f"{path} is in use by another process: wait for it, or choose another {OPTION}"
        )
        try:
            before = read_groups_run(path)
            found = [] if before is None else _disagreement(before, now, adopt)
            with disk(path):
                empty = not path.stat().st_size
            if empty and (before is None or found):
                _check_beside(path)
            elif before is None and not adopt:
                finished_items(path)  # what is no file of groups is told so first
                raise UserError(
                    f"{path} holds groups, and {run_path(path).name}, which says how they were"
                    " made, is not there: give --env.adopt true to continue them with these"
                    f" options, or choose another {OPTION}"
                )
            elif not empty and before is not None and (told := _other_version(before, now)):
                raise UserError(f"{path} {told}: choose another {OPTION}")
            elif found:
                raise UserError(
                    f"{path} holds groups made otherwise ({listed(found)}): continue it with"
                    f" the same options, or choose another {OPTION}"
                )
            self.done, whole = finished_items(path)
            lag = None if before is None or found else before.feedback_lag
            self.run = GroupsRun(settings=now.settings, feedback_lag=lag or feedback_lag)
            if self.run != before:
                write_file(run_path(path), self.run.model_dump_json(indent=1) + "\n")
            self._lines = LinesFile(path)
            self._lines.cut(whole)
            self._manifest: Manifest | None = None
        except BaseException:
            self._lock.close()
            raise

    def add(self, lines: bytes) -> None:
        """Write the lines of one item. Raises UserError, and writes none, on a full disk."""
        self._lines.add(lines)

    def add_places(self, places: Mapping[str, Place]) -> None:
        """Write down where in the parts the lines of one item are."""
        if self._manifest is None:
            self._manifest = Manifest(self.path)
        self._manifest.add(places)

    def close(self) -> None:
        """Close and unlock the file. Idempotent."""
        try:
            if self._manifest is not None:
                self._manifest.close()
            self._lines.close()
        finally:
            self._lock.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


class GroupsWriter:
    """Writes the groups of items into a file, in the order of the items if asked to."""

    def __init__(
        self,
        file: GroupsFile,
        ordered: bool,
        total: int,
        show: Callable[[GroupsWriter], None],
    ) -> None:
        """Take the file of a run of `total` items.

        `show(writer)` is called whenever an item is finished.
        """
        self._file = file
        self._ordered = ordered
        self._held: dict[int, tuple[bytes, Mapping[str, Place], bool]] = {}
        self._missing = iter([i for i in range(total) if i not in file.done])
        self._next = next(self._missing, None)
        self._show = show
        self._written = asyncio.Event()
        self.held = 0
        """Bytes of items that wait for those before them."""
        self.idle = 0
        """Items that this writer has added and from which nothing is learned."""
        self.count = len(file.done)
        show(self)

    async def room(self) -> None:
        """Wait while too much is held back: the item that all wait for is being played."""
        while self.held > MAX_HELD:
            self._written.clear()
            await self._written.wait()

    def add(
        self, index: int, lines: bytes, idle: bool, places: Mapping[str, Place] | None = None
    ) -> None:
        """Write the lines of item `index`, now or when the items before it are written.

        `idle`: nothing is learned from it. Lines that are in parts already have `places` there.
        """
        self._held[index] = lines, places or {}, idle
        self.held += len(lines)
        if not self._ordered:
            self._write(index)
        while self._ordered and self._next in self._held:
            self._write(self._next)
            self._next = next(self._missing, None)

    def _write(self, index: int) -> None:
        lines, places, idle = self._held.pop(index)
        self.held -= len(lines)
        if places:
            self._file.add_places(places)
        else:
            self._file.add(lines)
        self.count += 1
        self.idle += idle
        self._written.set()
        self._show(self)


def run_path(groups: Path) -> Path:
    """Return the file that says how a file of groups is made."""
    return groups.with_name(f"{groups.name}{RUN_SUFFIX}")


def read_groups_run(groups: Path) -> GroupsRun | None:
    """Read how a file of groups is made; None where that is not recorded.

    Raises UserError where the record is damaged.
    """
    path = run_path(groups)
    try:
        return GroupsRun.model_validate_json(read_file(path))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UserError(f"cannot read {path} ({error.strerror})") from error
    except ValidationError as error:
        raise UserError(
            f"{path} is no record of how groups are made: move it, and give --env.adopt true to"
            f" continue {groups.name}"
        ) from error


def group_line(group: dict[str, Any]) -> bytes:
    """Return a group as a line of JSON."""
    return json.dumps(group, separators=(",", ":"), allow_nan=False).encode() + b"\n"


def item_lines(groups: Sequence[dict[str, Any]], drop_equal: bool) -> tuple[bytes, bool]:
    """Return the lines of an item, and whether nothing is learned from it.

    With `drop_equal` such an item has a line without rows.
    """
    idle = teaches_nothing(groups)
    written = [without_rows(groups[0])] if idle and drop_equal else groups
    return b"".join(map(group_line, written)), idle


def done_of(groups: Sequence[dict[str, Any]]) -> Done:
    """Return what a run needs to know of an item; the first of its groups says the most."""
    group = groups[0]
    about = [row for row in group.get("overrides") or () if isinstance(row, dict)]
    task = about[0].get("task") if about else None
    began = [row for row in about if BRANCH_OF not in row]  # what branches off is no sample
    successes = tuple(bool(row["success"]) for row in began if "success" in row)
    return Done(task, successes, any(has_signal(group, n) for n, group in enumerate(groups)))


def finished_items(path: Path) -> tuple[dict[int, Done], int]:
    """Read the items whose groups are in the file, and the length up to the last whole one.

    Raises UserError where the file holds something else.
    """
    items: dict[int, Done] = {}
    whole = end = 0
    expected: tuple[int, int] | None = None
    first = Done(None, ())
    first_key = FIRST_KEY
    in_parts = False
    with open(path, "rb") as file:
        for where, number, line in _lines(path, file):
            if where != path and not in_parts:  # an item whose lines end before has begun in vain
                in_parts, end, expected = True, whole, None
            if not line.endswith(b"\n"):
                check_torn_line(path, number, line, first_key)
                continue
            end += len(line) if where == path else 0
            try:
                group = json.loads(line)
                place = (int(group["item"]), int(group["part"]))
                parts = int(group["parts"])
                if place[1] == 0:
                    first = done_of([group])
                elif has_signal(group, place[1]):
                    first = replace(first, signal=True)
            except (
                ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError,
            ):  # fmt: skip
                raise UserError(
                    f"{where} line {number} is no group of this project: choose another {OPTION}"
                ) from None
            if place[0] in items or place != (expected or (place[0], 0)):
                raise UserError(
                    f"{where} line {number} holds item {place[0]} a second time, or in part: it"
                    f" cannot be continued, choose another {OPTION}"
                )
            first_key = line[: line.index(b":") + 1]
            expected = (place[0], place[1] + 1)
            if place[1] == parts - 1:
                items[place[0]] = first
                whole, expected = end, None
    return items, whole


def _lines(path: Path, file: IO[bytes]) -> Iterator[tuple[Path, int, bytes]]:
    """Yield the lines of the file and then those of its parts: where each is, and its number."""
    for number, line in enumerate(file, start=1):
        yield path, number, line
    for number, (part, line) in enumerate(read_parts(path), start=1):
        yield part, number, line


def _disagreement(before: GroupsRun, now: GroupsRun, adopt: bool) -> list[str]:
    """List what differs; what the record lacks differs, too, unless it is adopted."""
    found = differences(before.settings, now.settings)
    missing = [] if adopt else unrecorded(before.settings, now.settings)
    return [*found, *(f"{name}: not recorded there" for name in missing)]


def _other_version(before: GroupsRun, now: GroupsRun) -> str:
    """Say of which versions of the tasks the two are; empty where that is the same.

    An environment with tasks of its own knows of no such version.
    """
    wanted = now.settings.get(TASKS)
    found = before.settings.get(TASKS, FIRST_VERSION)
    if wanted is None or found == wanted:
        return ""
    return f"holds groups of tasks version {found}, and this run is of version {wanted}"


def _check_beside(groups: Path) -> None:
    """Raise UserError where trajectories or parts beside an empty file belong to other groups."""
    if has_parts(groups):
        parts = parts_directory(groups)
        raise UserError(
            f"{parts} holds parts of other groups than those of {groups.name}: move it with the"
            f" file that it belongs to, or choose another {OPTION}"
        )
    directory = trajectories_directory(groups)
    for name in (COMPLETED, FAILED):
        file = directory / name
        if file.exists() and file.stat().st_size:
            raise UserError(
                f"{file} holds trajectories of other groups than those of {groups.name}: move"
                f" {directory.name}, or choose another {OPTION}"
            )
