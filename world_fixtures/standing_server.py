"""A process that stands ready at an address and runs world servers for other processes.

    python -m world_fixtures.standing_server --socket PATH | --port N

is for an interpreter that has Evennia and nothing else of ours; `evennia-world worlds serve` is the
same. It listens on a Unix socket of its user's, or on loopback. Both ends first show that they know
the secret (`world_fixtures.proof`), in lines of hexadecimal digits, and neither says it: who
connects sends a nonce, is answered a nonce and a proof, and sends its own proof. Nothing else that
a connection sends is looked at before. Its next line says what it is:

`lease VERSION`  has the data of a world server made, which exist as long as the connection. It is
                 answered `{"token": ...}` and may then say, a line each, `start` (a process, once
                 the wire is there), `keep` (stop it in order, keep the data), `stop` and `kill`.
                 It is told `{"started": PID, "secret": ...}` or `{"failed": WHY}`, and
                 `{"gone": PID}` when the process has ended.
`wire TOKEN`     becomes, answered `{"wire": true}`, the connection to the next process of a lease:
                 the forked server takes it over and is asked there as at any other.

Whoever is refused gets `{"error": WHY}`.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import errno
import json
import os
import re
import secrets
import signal
import socket
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from world_fixtures import home
from world_fixtures.address import (
    HOST,
    MAX_SECRET,
    SECRET,
    SECRET_FILE,
    Address,
    code_version,
    given_secret,
)
from world_fixtures.common import UserError, WorldLost
from world_fixtures.disk import disk
from world_fixtures.lease import MAX_ORDER, Lease
from world_fixtures.prefork_server import PreforkServer
from world_fixtures.proof import new_nonce, proof, shows
from world_fixtures.site import LocalSite

MOST = 32
"""World servers at once, by default."""
STRANGERS = 16
"""Connections at once that have not said who they are: one more, and the oldest is cut off."""
GREETING_TIMEOUT = 10.0
"""Seconds until such a connection is cut off."""
MAX_GREETING = 512
"""Bytes of a stranger's lines."""
_MADE = re.compile(rb"[0-9a-f]{64}\n")
"""What a file of a secret holds that was made here."""
PAUSE = 0.1
"""Seconds until the next connection is accepted where the system has no room for one."""


class Standing:
    """What stands ready; `run` it until it is to end."""

    def __init__(self, secret: str, most: int = MOST, python: str | None = None) -> None:
        """Take the secret, the world servers that may run at once, and their interpreter."""
        self._secret = secret.encode()
        self._most = most
        self._python = home.interpreter(python)
        self._strangers: dict[asyncio.Task[None], None] = {}
        """Those who greet each connection that has yet to say the secret, the oldest first."""
        self._leases: dict[str, Lease] = {}
        """By token."""
        self._open = 0
        """Leases, and those that are about to be."""
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self, listener: socket.socket, ready: Callable[[], None]) -> None:
        """Serve whoever connects, until cancelled; then no process is left.

        `ready` is called once world servers can be started. Raises UserError or WorldLost where
        they cannot.
        """
        prefork = None
        try:
            await asyncio.to_thread(home.template, self._python)
            prefork = PreforkServer.acquire(self._python)  # loaded as long as we stand
            await asyncio.to_thread(prefork.load)
            ready()
            await self._accept(listener)
        finally:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            if prefork is not None:
                await prefork.release_in_thread()

    async def _accept(self, listener: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                connection, _ = await loop.sock_accept(listener)
            except OSError:  # too many open files, or the stranger has gone
                await asyncio.sleep(PAUSE)
                continue
            connection.setblocking(False)
            while len(self._strangers) >= STRANGERS:
                oldest = next(iter(self._strangers))
                del self._strangers[oldest]
                oldest.cancel()
            self._strangers[self._begin(self._greet(connection))] = None

    def _begin(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._strangers.pop(task, None)
        if not task.cancelled():
            task.exception()  # that of one connection, which is closed

    async def _greet(self, connection: socket.socket) -> None:
        """Find out who has connected, and serve them."""
        try:
            async with asyncio.timeout(GREETING_TIMEOUT):
                known, said = await self._told(connection)
            role, _, what = said.partition(b" ") if known else (b"", b"", b"")
            lease = self._leases.get(what.decode("ascii", "replace"))
            if not known:
                problem = "the secret is another one"
            elif role == b"wire" and lease is not None:
                lease.take_wire(connection)
                await _answer(connection, wire=True)
                return
            elif role != b"lease":
                problem = "the first words are `lease VERSION`, or `wire` with the token of a lease"
            elif what != code_version().encode():
                problem = "it runs another version of this code: start it again from that used here"
            elif self._open >= self._most:
                problem = f"it runs {self._most} world servers, as many as it may (--most)"
            else:
                await self._serve(connection)
                return
            await _answer(connection, error=problem)
            connection.close()
        except BaseException:
            connection.close()
            raise

    async def _told(self, connection: socket.socket) -> tuple[bool, bytes]:
        """Return whether a stranger knows the secret, and the line after its proof.

        Raises ValueError for lines that are too long, or end too soon.
        """
        lines = _Lines(connection)
        theirs, ours = await lines.next(), new_nonce()
        nonces = theirs + ours
        shown = proof(self._secret, b"server", nonces)
        await asyncio.get_running_loop().sock_sendall(connection, ours + b" " + shown + b"\n")
        given, said = await lines.next(), await lines.next()
        return shows(given, self._secret, b"client", nonces), said

    async def _serve(self, connection: socket.socket) -> None:
        """Serve a lease until its connection ends."""
        token = secrets.token_hex(16)
        self._strangers = {t: None for t in self._strangers if t is not asyncio.current_task()}
        self._open += 1
        try:
            reader, writer = await asyncio.open_connection(sock=connection, limit=MAX_ORDER)
            lease = self._leases[token] = Lease(LocalSite(self._python), reader, writer)
            try:
                await lease.serve(token)
            finally:
                del self._leases[token]
                writer.close()
        finally:
            self._open -= 1


class _Lines:
    """The lines that a stranger sends; reads no byte beyond what it may send before it is known."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self._read = b""
        self._left = MAX_GREETING

    async def next(self) -> bytes:
        """Return the next line. Raises ValueError where there is none, or all are too long."""
        while b"\n" not in self._read:
            loop = asyncio.get_running_loop()
            more = await loop.sock_recv(self._connection, self._left) if self._left else b""
            self._read += more
            self._left -= len(more)
            if not more:
                raise ValueError("no greeting")
        line, _, self._read = self._read.partition(b"\n")
        return line


async def _answer(connection: socket.socket, **answer: Any) -> None:
    line = json.dumps(answer).encode() + b"\n"
    async with asyncio.timeout(GREETING_TIMEOUT):
        await asyncio.get_running_loop().sock_sendall(connection, line)


def listen(address: Address) -> socket.socket:
    """Return a listening socket. Raises UserError where somebody else is there, or none can be."""
    family = socket.AF_INET if address.path is None else socket.AF_UNIX
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        if address.path is None:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((HOST, address.port))
        else:
            _remove_stale(address.path)
            before = os.umask(0o177)  # for its user alone
            try:
                listener.bind(str(address.path))
            finally:
                os.umask(before)
        listener.listen(128)
        listener.setblocking(False)
    except OSError as error:
        listener.close()
        taken = error.errno == errno.EADDRINUSE
        remedy = "end what listens there, or choose another" if taken else "choose another"
        raise UserError(f"cannot listen at {address} ({error.strerror}): {remedy}") from None
    return listener


def _remove_stale(path: Path) -> None:
    """Remove the socket of a process that has ended. Raises OSError for one that has not."""
    if not path.is_socket():
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            path.unlink()
            return
    raise OSError(errno.EADDRINUSE, os.strerror(errno.EADDRINUSE))


def own_secret(file: Path) -> tuple[str, bool]:
    """Return the secret, and whether it was made and written to `file` for its user alone.

    It is what the environment gives, else a new one. Raises UserError where it cannot be had, and
    where `file` is another one.
    """
    if given := given_secret():
        return given, False
    _check_ours(file)
    made = secrets.token_hex(32)
    with disk(file, elsewhere=f"set {SECRET}, or choose another place"):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.unlink(missing_ok=True)
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(descriptor, "w") as handle:
            handle.write(made + "\n")
    return made, True


def _check_ours(file: Path) -> None:
    """Raise UserError where a file is there that no standing server has left behind."""
    with contextlib.suppress(OSError):
        if _MADE.fullmatch(file.read_bytes()[: 2 * MAX_SECRET]):
            return
    if os.path.lexists(file):
        raise UserError(
            f"{file} is there already and was not written by a standing world server: move it, set"
            f" {SECRET}, or choose another address"
        )


def stand(address: Address, most: int = MOST, python: str | None = None) -> None:
    """Serve world servers at an address until SIGINT or SIGTERM, and leave nothing behind.

    Prints one line once it is ready. Raises UserError and WorldLost where it cannot begin.
    """
    listener = listen(address)
    file = address.secret_file
    written = False
    try:
        secret, written = own_secret(file)
        source = SECRET if os.environ.get(SECRET) else SECRET_FILE
        told = f"secret in {file}" if written else f"secret of {source}"
        line = f"world servers at {address}, {most} at most; {told}; Ctrl-C ends them"
        asyncio.run(_until_signal(Standing(secret, most, python).run(listener, _printer(line))))
    finally:
        listener.close()
        if written:
            file.unlink(missing_ok=True)
        if address.path is not None:
            address.path.unlink(missing_ok=True)


def _printer(line: str) -> Callable[[], None]:
    return lambda: print(line, flush=True)


async def _until_signal(work: Coroutine[Any, Any, None]) -> None:
    loop = asyncio.get_running_loop()
    task = asyncio.ensure_future(work)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, task.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await task


def main() -> int:
    """Run the command line of the module."""
    parser = argparse.ArgumentParser(
        prog="python -m world_fixtures.standing_server",
        description="Run world servers for other processes of this machine.",
    )
    place = parser.add_mutually_exclusive_group(required=True)
    place.add_argument("--socket", metavar="PATH", help="listen on a Unix socket")
    place.add_argument("--port", type=int, help=f"listen on {HOST}")
    parser.add_argument("--most", type=int, default=MOST, help="world servers at once")
    given = parser.parse_args()
    try:
        stand(Address.of(given.socket or f"{HOST}:{given.port}"), given.most)
    except (UserError, WorldLost) as error:
        print(f"{parser.prog}: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
