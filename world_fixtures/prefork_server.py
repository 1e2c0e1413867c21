"""The process that loads Evennia once, and forks world servers from it.

Loading takes seconds of processor time, a fork milliseconds. One prefork server of an
interpreter serves all world servers of this process; it runs as long as somebody has acquired
it, and ends with this process in any case.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import socket
import subprocess
import threading
from pathlib import Path
from typing import ClassVar

from world_fixtures import home
from world_fixtures.common import WorldLost

START_TIMEOUT = 120.0
"""Seconds that loading may take; several at once on a busy machine take long."""
POLL = 0.002
"""Seconds between two looks at whether a process that has closed everything is gone."""


class ServerProcess:
    """A forked world server: its process id and the socket to it."""

    def __init__(
        self, pid: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.pid = pid
        self.reader = reader
        self.writer = writer
        self._ending: asyncio.Task[None] | None = None

    def kill(self) -> None:
        """End the process at once, as a crash would."""
        if self._ending is not None and self._ending.done():
            return  # the id may be another's by now
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)

    async def wait(self) -> None:
        """Return when the process has ended; several may wait."""
        if self._ending is None:
            self._ending = asyncio.create_task(self._wait())
        await asyncio.shield(self._ending)

    async def _wait(self) -> None:
        with contextlib.suppress(ConnectionError):
            while await self.reader.read(4096):
                pass  # the other end closes with the process
        while home.alive(self.pid):  # noqa: ASYNC110 - the system tells only a parent
            await asyncio.sleep(POLL)

    def request_stop(self) -> None:
        """Ask the process to stop in order, by closing our end of the socket for writing."""
        with contextlib.suppress(OSError, RuntimeError):
            self.writer.write_eof()


class PreforkServer:
    """Forks world servers. `acquire` gives the one of an interpreter, `release` gives it back."""

    _shared: ClassVar[dict[str, PreforkServer]] = {}
    """By the path of the interpreter."""
    _guard = threading.Lock()

    def __init__(self, python: str) -> None:
        """Start the process. Raises WorldLost where `python` cannot be executed."""
        self.python = python
        self._users = 0
        self._turn = threading.Lock()
        self._directory = home.new_directory()
        self._log = self._directory / "output.log"
        ours, theirs = socket.socketpair()
        ours.settimeout(START_TIMEOUT)
        self._control = ours
        with theirs, open(self._log, "ab") as log:
            try:
                self._process = subprocess.Popen(
                    [python, "-m", home.MAIN, "--prefork", str(home.world_home())],
                    stdin=theirs.fileno(), stdout=log, stderr=log, env=home.child_env(python),
                    start_new_session=True,  # Ctrl-C is for us: we then stop it in order
                )  # fmt: skip
            except OSError as error:
                ours.close()
                shutil.rmtree(self._directory, ignore_errors=True)
                raise WorldLost(f"a world server did not start: {error}") from error
        self._ready = False

    @classmethod
    def acquire(cls, python: str | None = None) -> PreforkServer:
        """Return the prefork server of an interpreter, started if there is none.

        `python` is its path, by default `home.interpreter()`. Every caller calls `release`.
        """
        python = home.interpreter(python)
        with cls._guard:
            found = cls._shared.get(python)
            if found is None or not found.alive:
                found = cls._shared[python] = cls(python)
            found._users += 1
            return found

    @property
    def alive(self) -> bool:
        """Whether the process has not ended."""
        return self._process.poll() is None

    @classmethod
    def forget(cls) -> None:
        """Have `acquire` start a new process; who has acquired an old one keeps it."""
        with cls._guard:
            cls._shared.clear()

    def release(self) -> None:
        """Give it back; the last to do so ends the process and waits for its end."""
        with self._guard:
            self._users -= 1
            if self._users:
                return
            if self._shared.get(self.python) is self:
                del self._shared[self.python]
        self._control.close()
        self._process.wait()
        shutil.rmtree(self._directory, ignore_errors=True)

    async def release_in_thread(self) -> None:
        """Do as `release` without holding up the loop."""
        try:
            await asyncio.to_thread(self.release)
        except RuntimeError:  # the interpreter is ending, and starts no thread any more
            self.release()

    async def fork(
        self, scratch: Path, log: Path, wire: socket.socket | None = None
    ) -> ServerProcess:
        """Fork a world server for a scratch directory. Raises WorldLost where that fails.

        It takes `wire`, if there is one, for the connection of a client that has yet to say the
        secret.
        """
        connection, pid = await asyncio.to_thread(self._fork, scratch, log, wire)
        reader, writer = await asyncio.open_connection(sock=connection)
        return ServerProcess(pid, reader, writer)

    def load(self) -> None:
        """Wait until it can fork. Raises WorldLost where it does not come to that."""
        with self._turn:
            try:
                self._wait_until_ready()
            except OSError as error:
                told = self._last_line(error)
                raise WorldLost(f"a world server did not start: {told}") from error

    def _wait_until_ready(self) -> None:
        if not self._ready and self._read() != b"ready\n":
            raise OSError("it did not load")
        self._ready = True

    def _fork(
        self, scratch: Path, log: Path, wire: socket.socket | None
    ) -> tuple[socket.socket, int]:
        ours, theirs = socket.socketpair()
        try:
            with theirs, open(log, "ab") as output, self._turn:
                self._wait_until_ready()
                descriptors = [theirs.fileno(), output.fileno()]
                if wire is not None:
                    descriptors.append(wire.fileno())
                socket.send_fds(self._control, [os.fsencode(scratch)], descriptors)
                return ours, int(self._read())
        except (OSError, ValueError) as error:
            ours.close()
            raise WorldLost(f"a world server did not start: {self._last_line(error)}") from error

    def _read(self) -> bytes:
        """Read the next line from the process; it sends one at a time, and only when asked."""
        return self._control.recv(64)

    def _last_line(self, error: Exception) -> str:
        with contextlib.suppress(OSError):
            lines = self._log.read_text(errors="replace").strip().splitlines()
            return lines[-1] if lines else str(error)
        return str(error)
