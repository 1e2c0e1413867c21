"""A world server as a process: started, asked, restarted and stopped.

A server is forked from the prefork server and stops when its socket to this process closes,
so it cannot outlive the process that started it. It then removes its scratch directory, unless
it was asked to keep it.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
import shutil
import weakref
from pathlib import Path
from typing import Any

from world_fixtures import client, home
from world_fixtures.client import WorldClient
from world_fixtures.common import WorldLost
from world_fixtures.prefork_server import START_TIMEOUT, PreforkServer, ServerProcess

STOP_TIMEOUT = 10.0
HEALTH_TIMEOUT = 20.0
"""Seconds without any answer after which a server counts as hung."""
CREATIONS = 4
"""Worlds that one server is asked to make at once: commands of others pass in between."""


class WorldServer:
    """One Evennia Server process and the connection to it."""

    def __init__(self, python: str | None = None) -> None:
        self.python = home.interpreter(python)
        """Path of the interpreter it runs in."""
        self.client: WorldClient
        self.sessions: weakref.WeakSet[client.Session] = weakref.WeakSet()
        """Open sessions, to be taken up again after a restart."""
        self.restarts = False
        """Its instances are those of rollouts that restart their server."""
        self.creations = asyncio.Semaphore(CREATIONS)
        """Held while it makes a world."""
        self._steady = asyncio.Event()
        """Cleared while the server is being restarted: requests wait."""
        self._in_flight = 0
        self._drained = asyncio.Event()
        self._restarting: asyncio.Task[None] | None = None
        """One that has not yet stopped the server: who wants a restart now is served by it."""
        self._restarts: set[asyncio.Task[None]] = set()
        self._process: ServerProcess | None = None
        self._secret = ""
        self._scratch: Path | None = None
        self._prefork: PreforkServer | None = None

    @classmethod
    async def start(cls, python: str | None = None) -> WorldServer:
        """Start a server in a scratch directory of its own; returns when it is ready.

        `python` is the path of the interpreter to run it in, by default `home.interpreter()`.
        Raises UserError where that cannot run a world server, WorldLost if it does not start.
        """
        server = cls(python)
        try:
            making = asyncio.ensure_future(asyncio.to_thread(home.new_scratch, server.python))
            try:
                server._scratch = await asyncio.shield(making)
            except asyncio.CancelledError:
                server._scratch = await making  # a thread cannot be cancelled
                raise
            await server._launch()
        except BaseException:
            await server.stop()
            raise
        server._steady.set()
        return server

    async def _launch(self) -> None:
        """Have a process forked that opens the database, and connect to it."""
        assert self._scratch
        if self._prefork is not None and not self._prefork.alive:
            dead, self._prefork = self._prefork, None
            dead.release()
        if self._prefork is None:
            self._prefork = PreforkServer.acquire(self.python)
        self._process = await self._prefork.fork(self._scratch, self._scratch / "output.log")
        self._secret = secrets.token_hex(16)
        self._process.writer.write(self._secret.encode() + b"\n")
        line = b""
        with contextlib.suppress(TimeoutError, ConnectionError):
            async with asyncio.timeout(START_TIMEOUT):
                line = await self._process.reader.readline()
        if not line:
            raise WorldLost(f"a world server did not start: {self._last_line()}")
        self.client = await WorldClient.connect(json.loads(line)["port"], self._secret)

    def _last_line(self) -> str:
        with contextlib.suppress(OSError):
            lines = (self._scratch / "output.log").read_text().strip().splitlines()  # type: ignore[operator]
            return lines[-1] if lines else "it said nothing"
        return "it said nothing"

    @property
    def pid(self) -> int:
        """Process id of the server."""
        assert self._process
        return self._process.pid

    @property
    def usable(self) -> bool:
        """Takes requests: at once, or after the restart under way."""
        return self._restarting is not None or not self._steady.is_set() or not self.client.lost

    async def request(self, op: str, **fields: Any) -> Any:
        """Do as `WorldClient.request`; waits while the server is being restarted."""
        await self._steady.wait()
        self._in_flight += 1
        try:
            return await self.client.request(op, **fields)
        finally:
            self._in_flight -= 1
            if not self._in_flight:
                self._drained.set()

    async def restart(self) -> None:
        """Stop in order and start again on the same data. Calls made together share one."""
        if self._restarting is None:
            self._restarting = asyncio.create_task(self._restart())
            self._restarts.add(self._restarting)
            self._restarting.add_done_callback(self._restarted)
        await asyncio.shield(self._restarting)

    def _restarted(self, task: asyncio.Task[None]) -> None:
        self._restarts.discard(task)
        if self._restarting is task:
            self._restarting = None

    async def _restart(self) -> None:
        await asyncio.sleep(0)  # let others who want the same join
        while not self._steady.is_set():
            await self._steady.wait()
        self._steady.clear()
        try:
            if self._in_flight:
                self._drained.clear()
                await self._drained.wait()
            self._restarting = None
            assert self._process
            self._process.writer.write(b"keep\n")
            await self._end()
            await self._launch()
            for session in list(self.sessions):
                if session.id:
                    made = await self.client.request(
                        "open",
                        instance=session.instance,
                        character=session.character,
                        quiet=True,
                    )
                    session.id = made["session"]
        finally:
            self._steady.set()

    async def check(self) -> None:
        """Raise WorldLost unless the server answers."""
        await self._steady.wait()
        client_ = self.client
        try:
            await client_.ping(timeout=HEALTH_TIMEOUT)
        except WorldLost:
            if client_ is self.client and self._steady.is_set():
                raise

    async def revive(self) -> None:
        """Start again on the data that a dead server left."""
        await self._end()
        await self._launch()
        self._steady.set()

    def kill(self) -> None:
        """End the process at once, as a crash would."""
        if self._process is not None:
            self._process.kill()

    async def wait(self) -> None:
        """Return when the process has ended."""
        if self._process is not None:
            await self._process.wait()

    async def stop(self) -> None:
        """Stop the process and remove its scratch directory; safe to call twice."""
        restarts = list(self._restarts)
        for restart in restarts:
            restart.cancel()
        await asyncio.gather(*restarts, return_exceptions=True)
        try:
            await self._end()
        finally:
            prefork, self._prefork = self._prefork, None
            if prefork is not None:
                await prefork.release_in_thread()
            if self._scratch is not None:
                shutil.rmtree(self._scratch, ignore_errors=True)

    async def _end(self) -> None:
        if hasattr(self, "client"):
            self.client.close()
        if self._process is None:
            return
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
