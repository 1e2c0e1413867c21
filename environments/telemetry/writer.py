"""Writing a trace: append-only, one write an event, nothing that was acknowledged is lost."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from pydantic import BaseModel

import world_fixtures.disk
from environments.rollouts.files import append, write_file
from environments.telemetry.layout import meta_path, trace_path
from environments.telemetry.trace import TraceEvent, TraceMeta

CHUNK = 65536
KEPT = "the events written before are kept"
ELSEWHERE = "choose another --root"


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
        with disk(self.path):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            write_file(meta_path(self.path), line_of(meta), kept=KEPT, elsewhere=ELSEWHERE)
            self._file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)

    def append(self, event: TraceEvent) -> None:
        """Write one event; a last line that a crash left incomplete is cut off first.

        Raises UserError, and leaves no half line, if the disk refuses.
        """
        line = line_of(event)
        with disk(self.path), self._locked():
            self._cut_torn_line()
            append(self._file, line)

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

    def _cut_torn_line(self) -> None:
        """Cut off a last line that a crash left incomplete."""
        size = os.fstat(self._file).st_size
        end = size
        while end and os.pread(self._file, 1, end - 1) != b"\n":
            start = max(0, end - CHUNK)
            end = start + os.pread(self._file, end - start, start).rfind(b"\n") + 1
        if end < size:
            os.ftruncate(self._file, end)


@contextmanager
def day_locked(path: Path) -> Iterator[None]:
    """Keep other processes out of the day directory of `path`, which is made."""
    with disk(path):
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


def disk(path: Path) -> AbstractContextManager[None]:
    """Turn failures of the disk into UserErrors that say what to do about a trace."""
    return world_fixtures.disk.disk(path, kept=KEPT, elsewhere=ELSEWHERE)
