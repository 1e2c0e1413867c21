"""Files that are written whole, and rollouts as lines of JSON: samples.jsonl of every run.

Whatever is written here is never left half done: a file is replaced by the new one in one step,
and of lines that do not fit on the disk nothing stays. A sample is one line in the form of
Atropos's evaluate_log (messages, score and what identifies it), with the whole Rollout under
`rollout`.
"""

from __future__ import annotations

import contextlib
import fcntl
import itertools
import json
import os
import stat
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, Self

from pydantic_core import PydanticSerializationError

from environments.rollouts.parts import has_parts, read_parts
from environments.rollouts.record import Rollout
from world_fixtures.common import UserError
from world_fixtures.disk import disk

SAMPLES = "samples.jsonl"
"""Name of the samples file in a run's directory."""
SAMPLE_KEY = b'{"task_id":'
"""How each sample begins."""


def json_line(value: Any) -> bytes:
    """Return plain data as one line of compact UTF-8 JSON."""
    return _json(value) + b"\n"


def sample_line(rollout: Rollout) -> bytes:
    """Return one sample as a line of UTF-8 JSON."""
    verdict, task = rollout.verdict, rollout.task
    head = {
        "task_id": task.id,
        "attempt": rollout.attempt,
        "family": task.family.value,
        "kind": task.kind,
        "difficulty": task.difficulty,
        "split": task.split,
        "score": None if verdict is None else verdict.reward,
        "correct": None if verdict is None else verdict.success,
        "finish_reason": rollout.stop.value,
        "turns": rollout.turns,
        "answer": rollout.answer,
        "messages": list(itertools.chain.from_iterable(rollout.conversations)),
    }
    return _json(head)[:-1] + b',"rollout":' + _rollout_json(rollout) + b"}\n"


def read_file(path: Path) -> bytes:
    """Read a whole file. Raises UserError where it is no ordinary one: a FIFO has no end."""
    check_ordinary(path)
    return path.read_bytes()


def check_ordinary(path: Path) -> None:
    """Raise UserError where something is there that is neither a file nor a directory."""
    if path.exists() and not (path.is_file() or path.is_dir()):
        raise UserError(f"{path} is no ordinary file: move it, or choose another place")


def read_samples(path: Path) -> list[Rollout]:
    """Read the rollouts of a samples file, in the order of its lines; none where there is no file.

    Those of its parts follow. A last line that was not written to its end is left out. Raises
    UserError for any other damage, for a file of something else, and where there are parts alone.
    """
    if not path.exists():
        if has_parts(path):
            raise UserError(f"{path} is not there, and its parts are: bring it back, or move them")
        return []
    check_ordinary(path)
    rollouts = []
    with path.open("rb") as file:
        parts = itertools.chain(((path, line) for line in file), read_parts(path))
        for number, (where, line) in enumerate(parts, start=1):
            if not line.endswith(b"\n"):
                continue
            try:
                rollouts.append(Rollout.model_validate(json.loads(line)["rollout"]))
            except (ValueError, KeyError, TypeError, RecursionError) as error:
                if lacking := _foreign(line, number):
                    raise UserError(
                        f"{where} holds no samples of a run: line {number} {lacking},"
                        " which every line of `evaluate` and `branch` has: give a run directory or"
                        f" its {SAMPLES}"
                    ) from error
                raise UserError(
                    f"{where} line {number} is damaged: move the line into another file, and"
                    " `evaluate` plays it again"
                ) from error
    return rollouts


def _foreign(line: bytes, number: int) -> str:
    """Return what a line lacks that nobody wrote as a sample; nothing for one that is damaged."""
    if line.startswith(SAMPLE_KEY):
        return ""
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return "" if number > 1 else "is no JSON object with `task_id` and `rollout`"
    if not isinstance(found, dict):
        return "is no JSON object with `task_id` and `rollout`"
    lacking = [f"`{key}`" for key in ("task_id", "rollout") if key not in found]
    return f"lacks {' and '.join(lacking)}" if lacking else "has no `rollout` of ours"


def samples_path(run: Path) -> Path:
    """Return the samples file of a run, which is its directory or that file itself.

    Raises UserError where there is no such file.
    """
    samples = run / SAMPLES if run.is_dir() else run
    if not samples.is_file():
        raise UserError(f"{samples} does not exist: give a run directory or its {SAMPLES}")
    return samples


def read_rollouts(run: Path) -> list[Rollout]:
    """Read the rollouts of a run directory or a samples file. Raises UserError without any."""
    samples = samples_path(run)
    rollouts = read_samples(samples)
    if not rollouts:
        raise UserError(f"{samples} holds no finished rollout: play some first")
    return rollouts


CONTINUES = "what was written is kept, and the same command continues"
"""For `disk`: what is so where a command begins again where it was stopped."""


def replace_file(
    path: Path,
    write: Callable[[Path], Any],
    *,
    kept: str = "",
    elsewhere: str = "choose another place",
) -> None:
    """Write a file so that it is at any moment the old one or the new one, whole.

    `write` is called with the path of the new file, which then replaces the old. A link is
    followed, and what is no ordinary file (/dev/stdout) is written as it is. Raises UserError as
    `disk` does; the old file is then as it was, and nothing of the new one is left.
    """
    with disk(path, kept=kept, elsewhere=elsewhere):
        if path.exists() and not path.is_file():
            write(path)
            return
        target = Path(os.path.realpath(path))
        new = target.with_name(f".{target.name}.new")
        with _held(new):
            try:
                write(new)
                if target.exists():
                    os.chmod(new, stat.S_IMODE(target.stat().st_mode))
                os.replace(new, target)
            except BaseException:
                new.unlink(missing_ok=True)
                raise


def write_file(
    path: Path, content: str | bytes, *, kept: str = "", elsewhere: str = "choose another place"
) -> None:
    """Write text (as UTF-8) or bytes by `replace_file`. Raises UserError as that does."""
    data = content.encode("utf-8", "replace") if isinstance(content, str) else content
    replace_file(path, lambda new: new.write_bytes(data), kept=kept, elsewhere=elsewhere)


def write_lines(
    path: Path,
    lines: Iterable[bytes],
    *,
    kept: str = "",
    elsewhere: str = "choose another place",
) -> None:
    """Write lines, one after the other, by `replace_file`. Raises UserError as that does."""

    def write(new: Path) -> None:
        with new.open("wb") as file:
            file.writelines(lines)

    replace_file(path, write, kept=kept, elsewhere=elsewhere)


class LinesFile:
    """A file to which whole lines are appended; a context manager.

    What `add` has written is the operating system's when it returns, so the death of this
    process loses at most the lines that were being written.
    """

    def __init__(self, path: Path, *, shared: bool = False, kept: str = CONTINUES) -> None:
        """Open the file, which is made where there is none; `kept` is for errors, see `disk`.

        `shared`: other processes append to it, too. Otherwise the caller sees to it that none
        does. Raises UserError where it cannot be opened.
        """
        self.path = path
        self._shared = shared
        self._kept = kept
        check_ordinary(path)
        with disk(path, kept=kept):
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o666)

    def add(self, lines: bytes) -> None:
        """Append lines.

        Raises UserError, and leaves no part of them, where the disk refuses, or where the file
        is at its path no longer.
        """
        with disk(self.path, kept=self._kept):
            if self._shared:
                fcntl.flock(self._file, fcntl.LOCK_EX)
            try:
                if not _is_at(self._file, Path(os.path.realpath(self.path))):
                    raise UserError(
                        f"{self.path} was moved, deleted or replaced while it was being written:"
                        " put it back, or begin anew"
                    )
                append(self._file, lines)
            finally:
                if self._shared:
                    fcntl.flock(self._file, fcntl.LOCK_UN)

    def cut(self, length: int) -> None:
        """Leave only the first `length` bytes. Raises UserError where the disk refuses."""
        with disk(self.path, kept=self._kept):
            os.ftruncate(self._file, length)

    @property
    def closed(self) -> bool:
        """Whether the file is closed."""
        return self._file < 0

    def close(self) -> None:
        """Close the file. Idempotent. Raises UserError where the disk refuses only now."""
        if not self.closed:
            file, self._file = self._file, -1
            with disk(self.path, kept=self._kept):
                os.close(file)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


def check_torn_line(path: Path, number: int, line: bytes, begins: bytes) -> None:
    """Raise UserError unless this last line, which has no end, is the beginning of one of ours.

    `begins` is how every line of the file begins: what a killed process has left may be cut off,
    and nothing else.
    """
    if not (line.startswith(begins) or begins.startswith(line)):
        raise UserError(
            f"{path} line {number} is not of this project and has no end: move the file, or"
            " choose another"
        )


def append(file: int, lines: bytes) -> None:
    """Append lines to a file descriptor open for appending; all of them, or nothing.

    Raises OSError where the disk refuses.
    """
    end = os.fstat(file).st_size
    rest = memoryview(lines)
    try:
        while rest:  # after a short write the next one says why the rest does not fit
            rest = rest[os.write(file, rest) :]
    except BaseException:
        with contextlib.suppress(OSError):
            os.ftruncate(file, end)
        raise


@contextlib.contextmanager
def _held(path: Path) -> Iterator[None]:
    """Keep other processes from writing this temporary file, and take over what a dead one left."""
    while True:
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW, 0o666)
        try:
            fcntl.flock(file, fcntl.LOCK_EX)
            if _is_at(file, path):
                yield
                return
        finally:  # another has made it the file itself meanwhile: begin a new one
            os.close(file)


def _is_at(file: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file), os.lstat(path))
    except FileNotFoundError:
        return False


def _rollout_json(rollout: Rollout) -> bytes:
    try:
        return rollout.model_dump_json().encode()
    except PydanticSerializationError:
        # A model may write half a surrogate pair, which no UTF-8 can hold.
        return _json(rollout.model_dump())


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
