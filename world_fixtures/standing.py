"""A world server that runs at an address, seen from here.

One connection there, the lease, is held as long as the server's data are to exist; each of its
processes has another one, the wire, for the messages of `world_fixtures.protocol`. What is said
over a lease stands at the head of `world_fixtures.standing_server`.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from typing import Any

from world_fixtures.address import Address, code_version
from world_fixtures.client import WorldClient
from world_fixtures.common import UserError, WorldLost, printable
from world_fixtures.prefork_server import START_TIMEOUT
from world_fixtures.proof import new_nonce, proof, shows
from world_fixtures.protocol import MAX_ANSWER
from world_fixtures.site import STOP_TIMEOUT

ANSWER_TIMEOUT = 60.0
"""Seconds that a standing server may take for anything but a start: the first makes a database."""
MAX_EVENT = 4096
"""Bytes in a line of a lease."""


class StandingSite:
    """A `Site` at an address."""

    def __init__(self, address: Address) -> None:
        """Take the address; nothing is connected yet."""
        self.address = address
        self._name = f"the standing world server at {address}"
        self._token = ""
        self._writer: asyncio.StreamWriter | None = None
        self._listener: asyncio.Task[None] | None = None
        self._pid = 0
        self._started: asyncio.Future[dict[str, Any]] | None = None
        """The answer to the present or last start."""
        self._gone = asyncio.Event()
        """Set while no process runs."""
        self._gone.set()

    @property
    def pid(self) -> int:
        """Process id of the last process, as the standing server knows it."""
        return self._pid

    async def prepare(self) -> None:
        """Have the data made. Raises WorldLost where nobody is there or we are refused."""
        reader, self._writer = await self._connect("lease", code_version(), MAX_EVENT)
        answer = await self._answer(reader, ANSWER_TIMEOUT)
        self._token = str(answer.get("token"))
        self._listener = asyncio.create_task(self._listen(reader), name="world-lease")

    async def connect(self) -> WorldClient:
        """Have a process started, and connect to it."""
        assert self._writer is not None
        reader, writer = await self._connect("wire", self._token, MAX_ANSWER)
        try:
            await self._answer(reader, ANSWER_TIMEOUT)
            self._started = asyncio.get_running_loop().create_future()
            self._gone.clear()
            if self._listener is None or self._listener.done():
                raise self._lost()
            self._writer.write(b"start\n")
            try:
                async with asyncio.timeout(START_TIMEOUT):
                    started = await self._started
            except TimeoutError:
                raise WorldLost(f"{self._name} starts none") from None
            self._pid = int(started["started"])
            return await WorldClient.greet(writer, str(started["secret"]))
        except BaseException:
            writer.close()
            raise

    def kill(self) -> None:
        """Have the process ended at once."""
        self._say(b"kill\n")

    async def wait(self) -> None:
        """Return when the process has ended."""
        await self._gone.wait()

    async def end(self, *, keep: bool = False) -> None:
        """Have the process stop in order; it is killed there where it does not."""
        if self._gone.is_set():
            return
        if self._started is not None and not self._started.done():
            await self.leave()  # given up while it starts: the end of the lease ends it
            return
        self._say(b"keep\n" if keep else b"stop\n")
        try:
            async with asyncio.timeout(2 * STOP_TIMEOUT):
                await self._gone.wait()
        except TimeoutError:
            await self.leave()  # at the latest the end of the lease ends it
        except BaseException:
            self.kill()
            raise

    async def leave(self) -> None:
        """End the lease, and with it the data."""
        writer, self._writer = self._writer, None
        if writer is not None:
            writer.close()
        if self._listener is not None:
            self._listener.cancel()
            await asyncio.gather(self._listener, return_exceptions=True)

    def _say(self, line: bytes) -> None:
        if self._writer is not None:
            with contextlib.suppress(OSError, RuntimeError):
                self._writer.write(line)

    async def _connect(
        self, role: str, what: str, limit: int
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        try:
            reader, writer = await self.address.connect(limit)
        except OSError as error:
            raise WorldLost(
                f"no standing world server at {self.address} ({error.strerror or error}):"
                " start it with `evennia-world worlds serve`, or unset EVENNIA_WORLD_SERVER"
            ) from error
        try:
            secret = self.address.secret()  # anew: the file may be that of another server by now
        except UserError as error:
            writer.close()
            raise WorldLost(str(error)) from None
        try:
            async with asyncio.timeout(ANSWER_TIMEOUT):
                shown = await _greet(reader, writer, secret.encode())
        except (TimeoutError, OSError, ValueError):
            writer.close()
            raise self._lost() from None
        if shown is None:
            writer.close()
            raise WorldLost(f"{self._name} does not know the secret: another program listens there")
        writer.write(shown + f"\n{role} {what}\n".encode())
        return reader, writer

    async def _answer(self, reader: asyncio.StreamReader, timeout: float) -> dict[str, Any]:
        """Read the answer to the first lines of a connection. Raises WorldLost for a refusal."""
        try:
            async with asyncio.timeout(timeout):
                answer = _event(await reader.readline())
        except (TimeoutError, OSError, ValueError):
            raise self._lost() from None
        if "error" in answer:
            raise WorldLost(f"{self._name} refused: {printable(str(answer['error']))}")
        return answer

    async def _listen(self, reader: asyncio.StreamReader) -> None:
        """Take note of what happens to the process, until the lease ends."""
        try:
            while line := await reader.readline():
                event = _event(line)
                if "gone" in event:
                    self._end_process(WorldLost("the world server did not start"))
                elif "failed" in event:
                    self._end_process(WorldLost(printable(str(event["failed"]))))
                elif self._started is not None and not self._started.done():
                    self._started.set_result(event)
        except (OSError, ValueError):
            pass
        finally:
            self._end_process(self._lost())

    def _end_process(self, error: WorldLost) -> None:
        self._gone.set()
        if self._started is not None and not self._started.done():
            self._started.set_exception(error)
            self._started.exception()  # it may be that nobody waits any more

    def _lost(self) -> WorldLost:
        return WorldLost(f"{self._name} closed the connection")


async def _greet(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, secret: bytes
) -> bytes | None:
    """Have the other end show that it knows the secret; our own proof, None where it does not.

    Raises ValueError for a line that is too long.
    """
    ours = new_nonce()
    writer.write(ours + b"\n")
    theirs, _, given = (await reader.readline()).strip().partition(b" ")
    nonces = ours + theirs
    return proof(secret, b"client", nonces) if shows(given, secret, b"server", nonces) else None


def _event(line: bytes) -> dict[str, Any]:
    """Read a line of a lease. Raises ValueError for one that is not JSON of an object."""
    event = json.loads(line)
    if not isinstance(event, dict):
        raise ValueError("no object")
    return event
