"""The data of one world server that a standing server keeps for a client, and its process."""

from __future__ import annotations

import asyncio
import json
import socket
from typing import Any

from world_fixtures.common import UserError, WorldLost
from world_fixtures.site import LocalSite

MAX_ORDER = 64
"""Bytes in a line of a client."""


class Lease:
    """Does with a `LocalSite` what a client says over a connection, and ends with it.

    The orders and events stand at the head of `world_fixtures.standing_server`.
    """

    def __init__(
        self, site: LocalSite, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """Take the connection of a client that may have this."""
        self._site = site
        self._reader = reader
        self._writer = writer
        self._wire: socket.socket | None = None
        """The connection for the next process."""
        self._starting: asyncio.Task[None] | None = None
        """What starts the present process, and then waits for its end."""
        self._stopping: asyncio.Task[None] | None = None

    def take_wire(self, connection: socket.socket) -> None:
        """Have a connection for the next process, in the place of an earlier one."""
        self._drop_wire()
        self._wire = connection

    async def serve(self, token: str) -> None:
        """Do as the client says until it has gone; then nothing of this is left."""
        try:
            if not await self._prepared():
                return
            self._tell(token=token)
            while line := await self._reader.readline():
                if not self._obey(line):
                    self._tell(error="an order that cannot be carried out now")
                    return
        except (OSError, ValueError):
            pass  # a connection that broke, or a line that is too long
        finally:
            await self._leave()

    async def _prepared(self) -> bool:
        try:
            await self._site.prepare()
        except (UserError, WorldLost) as error:
            self._tell(error=str(error))
            return False
        return True

    def _obey(self, line: bytes) -> bool:
        """Carry out an order; False where it cannot be."""
        running = self._starting is not None and not self._starting.done()
        if line == b"kill\n":
            self._site.kill()
        elif line == b"start\n" and not running and self._wire is not None:
            self._starting = asyncio.create_task(self._run(self._wire))
            self._wire = None
        elif line in (b"keep\n", b"stop\n"):
            if self._stopping is None or self._stopping.done():
                self._stopping = asyncio.create_task(self._site.end(keep=line == b"keep\n"))
        else:
            return False
        return True

    async def _run(self, wire: socket.socket) -> None:
        """Start a process and tell of it, and of its end."""
        try:
            with wire:
                await self._site.launch(wire)
        except (UserError, WorldLost) as error:
            await self._site.end()
            self._tell(failed=str(error))
            return
        self._tell(started=self._site.pid, secret=self._site.secret)
        await self._site.wait()
        self._tell(gone=self._site.pid)

    def _tell(self, **event: Any) -> None:
        if not self._writer.is_closing():
            self._writer.write(json.dumps(event).encode() + b"\n")

    async def _leave(self) -> None:
        self._drop_wire()
        tasks = [task for task in (self._starting, self._stopping) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        try:
            await self._site.end()
        finally:
            await self._site.leave()

    def _drop_wire(self) -> None:
        wire, self._wire = self._wire, None
        if wire is not None:
            wire.close()
