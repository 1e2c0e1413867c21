"""Hosts that are processes of this machine, each at the other end of a socket pair.

A message is its length and a pickle: both ends are ours, and nobody else can reach the socket. A
host ends when its socket does, so it cannot outlive who started it, however that died.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import pickle
import signal
import socket
import struct
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import get_context
from typing import Any

from environments.scaling.host import HostFailed, HostLost, Program
from world_fixtures.common import UserError

LENGTH = struct.Struct("!Q")
END_SECONDS = 30.0
"""Until a host that was told to end is killed."""
BEGUN, DONE, REFUSED, FAILED = "begun", "done", "refused", "failed"
"""Kinds of what a host says: it can be asked; a result; a UserError; any other exception."""

logger = logging.getLogger(__name__)


class Workers:
    """A fixed number of hosts on this machine."""

    def __init__(self, program: Program, number: int) -> None:
        """Start nothing yet; each host runs `program`."""
        self._program = program
        self._number = number

    async def wanted(self) -> int:
        """Return how many hosts there should be."""
        return self._number

    def make(self, number: int) -> LocalHost:
        """Make a host."""
        return LocalHost(self._program, f"worker-{number}")

    async def __aenter__(self) -> Workers:
        return self

    async def __aexit__(self, *exc: object) -> None:
        return None


class LocalHost:
    """A process of this machine that plays what it is asked to."""

    def __init__(self, program: Program, name: str) -> None:
        """Start nothing yet."""
        self.name = name
        self._program = program
        self._process: Any = None
        self._asked: dict[int, asyncio.Future[Any]] = {}
        self._number = 0
        self._begun = False
        self._gone = asyncio.Event()

    @property
    def pid(self) -> int:
        """Number of its process."""
        return int(self._process.pid)

    def kill(self) -> None:
        """Kill its process, for tests of what happens then."""
        self._process.kill()

    async def start(self) -> None:
        """Start the process and wait until its program has begun."""
        ours, theirs = socket.socketpair()
        with theirs:
            process = get_context("spawn").Process(
                target=_run, args=(theirs, self._program), daemon=True, name=self.name
            )
            with interrupts_held():  # it inherits that it is not told of Ctrl-C
                process.start()
        self._process = process
        reader, self._writer = await asyncio.open_connection(sock=ours)
        begun = self._expect()
        self._listening = asyncio.create_task(self._listen(reader))
        await begun
        self._begun = True

    async def ask(self, order: Any) -> Any:
        """Give it an order and wait for the result."""
        if self._gone.is_set():
            raise HostLost(f"{self.name} is gone")
        self._number += 1
        number = self._number
        result = self._expect(number)
        try:
            await _send(self._writer, (number, order))
            return await result
        except OSError as error:
            raise HostLost(f"{self.name}: {error}") from error
        finally:
            self._asked.pop(number, None)

    async def lost(self) -> None:
        """Return when it is gone."""
        await self._gone.wait()

    async def end(self) -> None:
        """Close its socket, and wait until it has ended; one that does not is killed.

        One that has not begun yet, and may be importing for seconds, is told by SIGTERM.
        """
        if self._process is None:
            return
        if not self._begun:
            self._process.terminate()
        elif hasattr(self, "_writer"):
            self._writer.close()
        await asyncio.to_thread(self._process.join, END_SECONDS)
        if self._process.is_alive():
            logger.warning("%s does not end: it is killed", self.name)
            self._process.kill()
            await asyncio.to_thread(self._process.join)
        if hasattr(self, "_writer"):
            self._writer.close()
        if hasattr(self, "_listening"):
            self._listening.cancel()
            await asyncio.gather(self._listening, return_exceptions=True)

    def _expect(self, number: int = 0) -> asyncio.Future[Any]:
        expected: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._asked[number] = expected
        return expected

    async def _listen(self, reader: asyncio.StreamReader) -> None:
        """Hand on what it says until it says nothing more."""
        try:
            while True:
                number, kind, value = await _receive(reader)
                asked = self._asked.pop(number, None)
                if asked is None or asked.done():
                    continue  # whoever asked was cancelled
                if kind in (BEGUN, DONE):
                    asked.set_result(value)
                else:
                    asked.set_exception((UserError if kind == REFUSED else HostFailed)(value))
        except (EOFError, OSError):
            pass
        finally:
            self._gone.set()
            for asked in self._asked.values():
                if not asked.done():
                    asked.set_exception(HostLost(f"{self.name} is gone"))
            self._asked.clear()


def _run(theirs: socket.socket, program: Program) -> None:
    """Be a host, until the socket ends or SIGTERM comes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    asyncio.run(_host(theirs, program))


async def _host(theirs: socket.socket, program: Program) -> None:
    reader, writer = await asyncio.open_connection(sock=theirs)
    playing = asyncio.ensure_future(_play(reader, writer, program))
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, playing.cancel)
    with contextlib.suppress(asyncio.CancelledError, EOFError, OSError):
        await playing


async def _play(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, program: Program
) -> None:
    """Answer orders, many at once; the end of the input ends the answers, and then the program."""
    sending = asyncio.Lock()
    beginning = asyncio.current_task()
    assert beginning is not None

    async def say(number: int, kind: str, value: Any) -> None:
        async with sending:
            await _send(writer, (number, kind, value))

    async def hear(orders: asyncio.Queue[Any]) -> None:
        with contextlib.suppress(EOFError, OSError):
            while True:
                orders.put_nowait(await _receive(reader))
        beginning.cancel()

    orders: asyncio.Queue[Any] = asyncio.Queue()
    hearing = asyncio.create_task(hear(orders))
    answering: set[asyncio.Task[None]] = set()
    try:
        async with program() as answer:
            await say(0, BEGUN, None)

            async def one(number: int, order: Any) -> None:
                try:
                    kind, value = DONE, await answer(order)
                except Exception as error:
                    kind, value = _told(error)
                await say(number, kind, value)

            try:
                while True:
                    task = asyncio.create_task(one(*await orders.get()))
                    answering.add(task)
                    task.add_done_callback(answering.discard)
            finally:
                for task in answering:
                    task.cancel()
                await asyncio.gather(*answering, return_exceptions=True)
    except Exception as error:  # it cannot begin
        await say(0, *_told(error))
    finally:
        hearing.cancel()


def _told(error: Exception) -> tuple[str, str]:
    if isinstance(error, UserError):
        return REFUSED, str(error)
    return FAILED, "".join(traceback.format_exception(error))


async def _send(writer: asyncio.StreamWriter, message: Any) -> None:
    data = pickle.dumps(message, protocol=pickle.HIGHEST_PROTOCOL)
    writer.write(LENGTH.pack(len(data)))
    writer.write(data)
    await writer.drain()


async def _receive(reader: asyncio.StreamReader) -> Any:
    """Raise EOFError where nothing more comes."""
    (length,) = LENGTH.unpack(await reader.readexactly(LENGTH.size))
    return pickle.loads(await reader.readexactly(length))


@contextmanager
def interrupts_held() -> Iterator[None]:
    """Have Ctrl-C wait until the end of the block."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
