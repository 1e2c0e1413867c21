"""HTTP on loopback for those who know a secret.

Every program of this machine can connect to loopback. The paths therefore begin with a secret,
which is in `root`. A connection that has sent no request with it is a stranger's: it is told
404 without its body being read, is closed after a few seconds, and makes room when there are many.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import secrets
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from aiohttp import web
from aiohttp.typedefs import Middleware

from world_fixtures.common import UserError

HOST = "127.0.0.1"
STRANGER_SECONDS = 10.0
"""Seconds after which a connection without a request that holds the secret is closed."""
MAX_STRANGERS = 1024
"""Such connections at once; of more the oldest is closed. Our own pass within a moment."""
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

protocol_log = logging.getLogger(f"{__name__}.protocol")
protocol_log.setLevel(logging.CRITICAL)
"""What is no HTTP is answered with a 400; aiohttp would log a traceback, too."""


class LoopbackServer:
    """Listens from `start` to `stop`, and answers requests whose path holds the secret."""

    def __init__(self, port: int = 0) -> None:
        """Choose the port, 0 for a free one."""
        self.port = port
        self.secret = secrets.token_urlsafe(24)
        self.strangers: dict[asyncio.BaseProtocol, asyncio.TimerHandle] = {}
        """Connections that have not shown the secret, the oldest first."""
        self._runner: web.AppRunner | None = None
        self._listener: asyncio.Server | None = None

    @property
    def root(self) -> str:
        """Address under which everything is, which holds the secret."""
        return f"http://{HOST}:{self.port}/{self.secret}"

    async def start(
        self, routes: Sequence[web.RouteDef], *, max_body: int, around: Middleware,
        within: Sequence[Middleware] = (),
    ) -> None:  # fmt: skip
        """Begin to serve routes, whose paths are those after the secret.

        Args:
            routes: what is served.
            max_body: bytes in one request at most.
            around: handles every request, a stranger's, too.
            within: handle those of clients that know the secret.

        Raises UserError where the port is in use.
        """
        app = web.Application(
            client_max_size=max_body, middlewares=[around, self._trusted, *within]
        )
        app.add_routes(
            [web.RouteDef(r.method, f"/{self.secret}{r.path}", r.handler, r.kwargs) for r in routes]
        )
        runner = web.AppRunner(
            app, access_log=None, shutdown_timeout=1.0, lingering_time=0, logger=protocol_log
        )
        await runner.setup()
        self._runner = runner
        loop = asyncio.get_running_loop()
        try:
            self._listener = await loop.create_server(
                self._accept, HOST, self.port, backlog=MAX_STRANGERS
            )
        except OSError as error:
            await runner.cleanup()
            if error.errno != errno.EADDRINUSE:
                raise
            raise UserError(
                f"port {self.port} on {HOST} is in use: choose another, or 0 for a free one"
            ) from None
        self.port = self._listener.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Close every connection. Idempotent."""
        if self._listener is not None:
            self._listener.close()
            self._listener = None
        for stranger in list(self.strangers):
            self._turn_away(stranger)
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    @web.middleware
    async def _trusted(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Let requests through whose path holds the secret; their connection is no stranger's."""
        given = request.path.strip("/").partition("/")[0].encode(errors="replace")
        if not secrets.compare_digest(given, self.secret.encode()):
            raise web.HTTPNotFound
        timer = self.strangers.pop(request.protocol, None)
        if timer is not None:
            timer.cancel()
        return await handler(request)

    def _accept(self) -> asyncio.Protocol:
        """Make the protocol of a new connection, which is a stranger's at first."""
        assert self._runner is not None
        assert self._runner.server is not None
        if len(self.strangers) >= MAX_STRANGERS:
            self._turn_away(next(iter(self.strangers)))
        stranger = self._runner.server()
        loop = asyncio.get_running_loop()
        self.strangers[stranger] = loop.call_later(STRANGER_SECONDS, self._turn_away, stranger)
        return stranger

    def _turn_away(self, stranger: Any) -> None:
        self.strangers.pop(stranger).cancel()
        stranger.force_close()
