"""What is refused before OpenEnv sees it: large bodies, and pages of other sites in a browser."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

MAX_MESSAGE = 64 << 10
"""Bytes of a request or of a WebSocket message at most; a tool call has a few hundred."""
MAX_DISCARDED = 16 * MAX_MESSAGE
"""Bytes of a request that are read at most before it is refused.

A connection that is closed on what was not read is reset, and the client may lose the answer.
"""
Message = MutableMapping[str, Any]
App = Callable[
    [Message, Callable[[], Awaitable[Message]], Callable[[Message], Awaitable[None]]],
    Awaitable[None],
]


class Guard:
    """ASGI middleware; WebSocket messages are bounded by the server's own option."""

    def __init__(self, app: App) -> None:
        """Take the application."""
        self._app = app

    async def __call__(
        self,
        scope: Message,
        receive: Callable[[], Awaitable[Message]],
        send: Callable[[Message], Awaitable[None]],
    ) -> None:
        """Answer a request, or refuse it with a line that says why."""
        if scope["type"] not in ("http", "websocket"):
            return await self._app(scope, receive, send)
        headers = {name.lower(): value for name, value in scope["headers"]}
        if _foreign(headers, str((scope.get("server") or ("",))[0])):
            if scope["type"] == "websocket":
                return await send({"type": "websocket.close", "code": 1008})
            await _body(receive)
            return await _refuse(send, 403, "requests of pages of other sites are refused")
        if scope["type"] == "websocket":
            return await self._app(scope, receive, send)
        whole = await _body(receive)
        if whole is None:
            return await _refuse(send, 413, f"a request may have {MAX_MESSAGE} bytes")
        given = iter([{"type": "http.request", "body": whole, "more_body": False}])

        async def again() -> Message:
            return next(given, None) or await receive()

        await self._app(scope, again, send)


def _foreign(headers: dict[bytes, bytes], server: str) -> bool:
    """Tell whether a browser asks for a page that is not this server's own.

    Of a server on loopback a page has a name of loopback, too: another name may lead there, and
    the browser then takes both for the same site.
    """
    origin = headers.get(b"origin")
    if origin is None:
        return False
    try:
        site = urlsplit(origin.decode("ascii"))
        own = site.netloc.encode() == headers.get(b"host", b"") and site.hostname is not None
    except ValueError:
        return True
    return not own or (_on_loopback(server) and not _on_loopback(str(site.hostname)))


def _on_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


async def _body(receive: Callable[[], Awaitable[Message]]) -> bytes | None:
    """Return the whole body; None where it is too large."""
    whole = bytearray()
    more = True
    while more and len(whole) <= MAX_DISCARDED:
        message = await receive()
        whole += message.get("body", b"")
        more = message.get("more_body", False)
    return bytes(whole) if len(whole) <= MAX_MESSAGE else None


async def _refuse(send: Callable[[Message], Awaitable[None]], status: int, why: str) -> None:
    headers = [(b"content-type", b"text/plain"), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": why.encode()})
