"""A session id belongs to one process at a time: two would write one trace."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import IO

from environments.rollouts.lock import lock
from environments.telemetry.layout import trace_path

LOCKS = ".locks"
"""Directory in the root of a telemetry tree: a session may begin on one day and go on another."""


class SessionLock:
    """The lock of one session id, from its making until `release` or the end of the process.

    The process's id stands in the lock's file, for the error that another gets.
    """

    def __init__(self, root: Path, session_id: str) -> None:
        """Take the lock. Raises UserError where another process has it, OSError by the disk."""
        self._path = root / LOCKS / f"{session_id}.lock"
        trace_path(root, session_id, 0)  # refuses an id that is no plain file name
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._file = self._taken(session_id)
        self._file.truncate(0)
        self._file.write(str(os.getpid()).encode())
        self._file.flush()

    def release(self) -> None:
        """Let another process have the session. Idempotent."""
        if not self._file.closed:
            self._path.unlink(missing_ok=True)
            self._file.close()

    def _taken(self, session_id: str) -> IO[bytes]:
        while True:
            holder = ""
            with contextlib.suppress(OSError):
                holder = self._path.read_text("ascii", "replace")
            owner = f"process {holder}" if holder.isdecimal() else "another process"
            file = lock(
                self._path,
                f"session {session_id!r} is being played by {owner}: end that process, or choose "
                "another session id",
            )
            # One that was released meanwhile was removed, and is nobody's lock any more.
            with contextlib.suppress(FileNotFoundError):
                if os.path.samestat(os.fstat(file.fileno()), self._path.stat()):
                    return file
            file.close()
