"""Where a world server runs: it has the server's data, and starts a process on them.

A `LocalSite` forks the process from the prefork server of this process; a `StandingSite`
(`world_fixtures.standing`) has it done at an address.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
import shutil
import socket
from pathlib import Path
from typing import Protocol

from world_fixtures import home
from world_fixtures.client import WorldClient
from world_fixtures.common import WorldLost
from world_fixtures.prefork_server import START_TIMEOUT, PreforkServer, ServerProcess

STOP_TIMEOUT = 10.0


class Site(Protocol):
    """What a `WorldServer` needs. Its data stay while its process is ended and started again."""

    async def prepare(self) -> None:
        """Make the data. Raises UserError or WorldLost where that cannot be done."""

    async def connect(self) -> WorldClient:
        """Start a process on the data and connect to it. Raises WorldLost where that fails."""

    @property
    def pid(self) -> int:
        """Process id of the last process, where it runs."""

    def kill(self) -> None:
        """End the process at once, as a crash would."""

    async def wait(self) -> None:
        """Return when the process has ended."""

    async def end(self, *, keep: bool = False) -> None:
        """Have the process stop, at the latest after `STOP_TIMEOUT`; its data only with `keep`."""

    async def leave(self) -> None:
        """Remove the data of a process that has ended. May be called twice."""


class LocalSite:
    """A `Site` whose process is forked from the prefork server of this process."""

    def __init__(self, python: str) -> None:
        """Take the path of the interpreter to run in."""
        self.python = python
        self.scratch: Path | None = None
        self.secret = ""
        """That of the last process."""
        self.prefork: PreforkServer | None = None
        self._process: ServerProcess | None = None

    @property
    def pid(self) -> int:
        """Process id of the last process."""
        assert self._process
        return self._process.pid

    async def prepare(self) -> None:
        """Make the scratch directory."""
        making = asyncio.ensure_future(asyncio.to_thread(home.new_scratch, self.python))
        try:
            self.scratch = await asyncio.shield(making)
        except asyncio.CancelledError:
            self.scratch = await making  # a thread cannot be cancelled
            raise

    async def connect(self) -> WorldClient:
        """Start a process and connect to it."""
        return await WorldClient.connect(await self.launch(), self.secret)

    async def launch(self, wire: socket.socket | None = None) -> int:
        """Have a process forked that opens the database; returns its port once it is ready.

        It takes `wire`, if there is one, for a client's connection. Raises WorldLost.
        """
        assert self.scratch
        if self.prefork is not None and not self.prefork.alive:
            dead, self.prefork = self.prefork, None
            dead.release()
        if self.prefork is None:
            self.prefork = PreforkServer.acquire(self.python)
        self._process = await self.prefork.fork(self.scratch, self.scratch / "output.log", wire)
        self.secret = secrets.token_hex(16)
        self._process.writer.write(self.secret.encode() + b"\n")
        line = b""
        with contextlib.suppress(TimeoutError, ConnectionError):
            async with asyncio.timeout(START_TIMEOUT):
                line = await self._process.reader.readline()
        if not line:
            raise WorldLost(f"a world server did not start: {self._last_line()}")
        return int(json.loads(line)["port"])

    def _last_line(self) -> str:
        with contextlib.suppress(OSError):
            lines = (self.scratch / "output.log").read_text().strip().splitlines()  # type: ignore[operator]
            return lines[-1] if lines else "it said nothing"
        return "it said nothing"

    def kill(self) -> None:
        """End the process at once."""
        if self._process is not None:
            self._process.kill()

    async def wait(self) -> None:
        """Return when the process has ended."""
        if self._process is not None:
            await self._process.wait()

    async def end(self, *, keep: bool = False) -> None:
        """Have the process stop in order; kill it where it does not."""
        if self._process is None:
            return
        if keep:
            self._process.writer.write(b"keep\n")
        self._process.request_stop()
        try:
            async with asyncio.timeout(STOP_TIMEOUT):
                await self._process.wait()
        except BaseException as error:
            self._process.kill()
            await self._process.wait()
            if not isinstance(error, TimeoutError):
                raise
        finally:
            self._process.writer.close()

    async def leave(self) -> None:
        """Release the prefork server and remove the scratch directory."""
        prefork, self.prefork = self.prefork, None
        if prefork is not None:
            await prefork.release_in_thread()
        if self.scratch is not None:
            shutil.rmtree(self.scratch, ignore_errors=True)
