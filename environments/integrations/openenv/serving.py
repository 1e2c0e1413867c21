"""The server as a program, for both of its command lines."""

from __future__ import annotations

import asyncio
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial

import uvicorn
from fastapi import FastAPI

from environments.hosting.source import TaskChoice
from environments.integrations.openenv.app import SESSION_SECONDS, SESSIONS, new_app
from environments.integrations.openenv.guard import MAX_MESSAGE
from environments.integrations.openenv.shared import Shared
from environments.integrations.openenv.tasks import ServedTasks
from environments.modes.program import INTERRUPTED
from world_fixtures.common import UserError
from world_fixtures.servers import ServerPool

BACKLOG = 1024
"""Connections that wait to be taken."""
CLOSING = 10
"""Seconds that requests have to end when the server stops."""


@dataclass(frozen=True)
class Serving:
    """How to serve."""

    host: str = "127.0.0.1"
    port: int = 8000
    """0 for any that is free."""
    sessions: int = SESSIONS
    session_seconds: float | None = SESSION_SECONDS
    servers: int | None = None
    """World server processes; None for one a core but one."""
    tasks: TaskChoice = field(default_factory=TaskChoice)
    """Those of a reset that names none."""


def serve(serving: Serving) -> int:
    """Serve until SIGTERM or SIGINT; the exit code.

    The address is told on standard error. Raises UserError where the port is taken or an option is
    wrong, WorldLost where no world server starts.
    """
    if serving.sessions < 1:
        raise UserError("--sessions must be 1 or more")
    if serving.session_seconds is not None and not serving.session_seconds > 0:
        raise UserError("--session-seconds must be above 0")
    return asyncio.run(_serve(serving))


def shared_of(serving: Serving) -> Shared:
    """Return what the sessions of such a server share; nothing of it runs yet."""
    return Shared(partial(ServerPool, serving.servers), ServedTasks(serving.tasks))


def app_of(shared: Shared, serving: Serving) -> FastAPI:
    """Return the application of such a server, for any ASGI server."""
    return new_app(shared, sessions=serving.sessions, session_seconds=serving.session_seconds)


async def _serve(serving: Serving) -> int:
    bound = listening(serving.host, serving.port)
    shared = shared_of(serving)
    try:
        # or say what is missing, before there are sessions
        await asyncio.gather(shared.worlds(), shared.tasks.prepare())
        return await serve_app(app_of(shared, serving), bound, serving.sessions)
    finally:
        bound.close()
        await shared.close()


async def serve_app(app: FastAPI, bound: socket.socket, sessions: int) -> int:
    """Serve an application of so many sessions on a bound socket; the exit code.

    Tells the address on standard error.
    """
    server = _Server(config_of(app, sessions))
    host, port = bound.getsockname()[:2]
    address = f"http://{f'[{host}]' if ':' in host else host}:{port}"
    print(f"serving up to {sessions} sessions on {address}", file=sys.stderr, flush=True)
    await server.serve([bound])
    return INTERRUPTED if server.interrupted else 0


def config_of(app: FastAPI, sessions: int) -> uvicorn.Config:
    """Return the options of the server: quiet, and bounded in what a client may send."""
    return uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        ws_max_size=MAX_MESSAGE,
        ws_per_message_deflate=False,  # costs more than the few bytes of a step
        limit_concurrency=2 * sessions + 64,
        timeout_graceful_shutdown=CLOSING,
    )


class _Server(uvicorn.Server):
    """Ends by the signals as our other programs do, where uvicorn would die of them in the end."""

    interrupted = False

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Have SIGINT and SIGTERM end the server, and a second one at once."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._end, number)
        try:
            yield
        finally:
            for number in (signal.SIGINT, signal.SIGTERM):
                loop.remove_signal_handler(number)

    def _end(self, number: int) -> None:
        self.interrupted = number == signal.SIGINT
        self.handle_exit(number, None)


def listening(host: str, port: int) -> socket.socket:
    """Return a socket that listens at an address. Raises UserError where it cannot be had."""
    if not 0 <= port < 65536:
        raise UserError(f"--port {port} is out of range: choose 0 to 65535")
    bound = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((host, port))
        bound.listen(BACKLOG)
    except OSError as error:
        bound.close()
        problem = error.strerror or str(error)
        raise UserError(f"cannot listen on {host} port {port}: {problem}") from None
    return bound
