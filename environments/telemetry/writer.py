"""Writing a trace: append-only, one write an event, nothing that was acknowledged is lost."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from pydantic import BaseModel

from environments.telemetry.layout import meta_path, trace_path
from environments.telemetry.trace import TraceEvent, TraceMeta
from world_fixtures.common import UserError

NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
CHUNK = 65536


class TraceWriter:
    """Appends to the trace of one session; several writers of one trace do no harm.

    `append` returns when the operating system has the whole line, so the death of this
    process loses at most the event being written. Use it as a context manager.
    """

    def __init__(self, root: Path, meta: TraceMeta) -> None:
        """Write the meta file and open the events file.

        Raises UserError where the disk refuses.
        """
        self.path = trace_path(root, meta.session_id, meta.started)
        self.meta = meta
        with _disk(self.path):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            _replace(meta_path(self.path), line_of(meta))
            self._file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)

    def append(self, event: TraceEvent) -> None:
        """Write one event; a last line that a crash left incomplete is cut off first.

        Raises UserError, and leaves no half line, if the disk refuses.
        """
        line = line_of(event)
        with _disk(self.path), self._locked():
            end = self._whole_lines()
            try:
                written = os.write(self._file, line)
                while written < len(line):  # says why the rest does not fit
                    written += os.write(self._file, line[written:])
            except OSError:
                os.ftruncate(self._file, end)
                raise

    def close(self) -> None:
        """Close the file. Idempotent."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        self.close()

    @contextmanager
    def _locked(self) -> Iterator[None]:
        fcntl.flock(self._file, fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.flock(self._file, fcntl.LOCK_UN)

    def _whole_lines(self) -> int:
        """Cut off a last line that a crash left incomplete; the length of the file in bytes."""
        size = os.fstat(self._file).st_size
        end = size
        while end and os.pread(self._file, 1, end - 1) != b"\n":
            start = max(0, end - CHUNK)
            end = start + os.pread(self._file, end - start, start).rfind(b"\n") + 1
        if end < size:
            os.ftruncate(self._file, end)
        return end


@contextmanager
def day_locked(path: Path) -> Iterator[None]:
    """Keep other processes out of the day directory of `path`, which is made."""
    with _disk(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path.parent, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def line_of(model: BaseModel) -> bytes:
    """Return a model as one line of JSON. ASCII, so that it can hold half a surrogate pair."""
    return json.dumps(model.model_dump(mode="python"), separators=(",", ":")).encode() + b"\n"


def _replace(path: Path, content: bytes) -> None:
    """Write a file so that it is at any moment the old one or the new one, whole."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".new")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        os.chmod(name, 0o644)
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise


@contextmanager
def _disk(path: Path) -> Iterator[None]:
    """Turn failures of the disk into UserErrors that say what to do."""
    try:
        yield
    except OSError as error:
        remedy = "free some space" if error.errno in NO_ROOM else "choose another --root"
        raise UserError(
            f"cannot write {path} ({error.strerror}): {remedy}; the events written before are kept"
        ) from error
