"""The process that loads Evennia once, and forks world servers from it.

Loading takes seconds of processor time, a fork milliseconds. One nursery serves all world
servers of this process; it is there as long as somebody holds it, and ends with us in any
case.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

from world_fixtures import home
from world_fixtures.common import WorldLost

START_TIMEOUT = 120.0
"""Seconds that loading may take; several at once on a busy machine take long."""
POLL = 0.002
"""Seconds between two looks at whether a process that has closed everything is gone."""


class Child:
    """A forked server process: a line to it, and its end."""

    def __init__(
        self, pid: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.pid = pid
        self.reader = reader
        self.writer = writer

    def kill(self) -> None:
        """End it at once, as a crash would."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)

    async def wait(self) -> None:
        """Return when it has ended."""
        with contextlib.suppress(ConnectionError):
            while await self.reader.read(4096):
                pass  # the other end closes with the process
        while home.alive(self.pid):  # noqa: ASYNC110 - the system tells only a parent
            await asyncio.sleep(POLL)

    def let_go(self) -> None:
        """Tell it that nobody needs it any more; it then stops in order."""
        with contextlib.suppress(OSError, RuntimeError):
            self.writer.write_eof()


class Nursery:
    """Forks servers. `hold` gives the one of this process, `drop` gives it back."""

    _shared: Nursery | None = None
    _guard = threading.Lock()

    def __init__(self) -> None:
        self._holders = 0
        self._turn = threading.Lock()
        self._directory = home.new_directory()
        self._log = self._directory / "output.log"
        ours, theirs = socket.socketpair()
        ours.settimeout(START_TIMEOUT)
        self._control = ours
        with theirs, open(self._log, "ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", home.MAIN, "--nursery", str(home.world_home())],
                stdin=theirs.fileno(), stdout=log, stderr=log, env=home.child_env(),
                start_new_session=True,  # Ctrl-C is for us: we then stop it in order
            )  # fmt: skip
        self._ready = False

    @classmethod
    def hold(cls) -> Nursery:
        """The nursery of this process, started if there is none; it goes on until `drop`."""
        with cls._guard:
            if cls._shared is None or not cls._shared.alive:
                cls._shared = cls()
            cls._shared._holders += 1
            return cls._shared

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    @classmethod
    def forget(cls) -> None:
        """The next holder gets a new one; whoever holds this one keeps it."""
        with cls._guard:
            cls._shared = None

    def drop(self) -> None:
        """Give it back; the last to do so ends it."""
        with self._guard:
            self._holders -= 1
            if self._holders:
                return
            if Nursery._shared is self:
                Nursery._shared = None
        self._control.close()
        self._process.wait()
        shutil.rmtree(self._directory, ignore_errors=True)

    async def fork(self, scratch: Path, log: Path) -> Child:
        """A server process for a scratch directory. Raises WorldLost if there is none."""
        line, pid = await asyncio.to_thread(self._fork, scratch, log)
        reader, writer = await asyncio.open_connection(sock=line)
        return Child(pid, reader, writer)

    def _fork(self, scratch: Path, log: Path) -> tuple[socket.socket, int]:
        ours, theirs = socket.socketpair()
        try:
            with theirs, open(log, "ab") as output, self._turn:
                if not self._ready and self._read() != b"ready\n":
                    raise OSError("it did not load")
                self._ready = True
                descriptors = [theirs.fileno(), output.fileno()]
                socket.send_fds(self._control, [os.fsencode(scratch)], descriptors)
                return ours, int(self._read())
        except (OSError, ValueError) as error:
            ours.close()
            raise WorldLost(f"a world server did not start: {self._last_words(error)}") from error

    def _read(self) -> bytes:
        """The next line from the nursery; it sends one at a time, and only when asked."""
        return self._control.recv(64)

    def _last_words(self, error: Exception) -> str:
        with contextlib.suppress(OSError):
            lines = self._log.read_text(errors="replace").strip().splitlines()
            return lines[-1] if lines else str(error)
        return str(error)
