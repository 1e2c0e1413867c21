"""The page and its two requests, on loopback, for whoever knows the address.

Every page in the browser can send requests to loopback, too. So the Host must be ours, and what is
asked must come from our own page: its Origin is checked, it is a POST and it is JSON.
"""

from __future__ import annotations

import asyncio
from importlib.resources import files
from typing import Self

from aiohttp import web
from pydantic import ValidationError

from environments.integrations.browser.seat import Action, NotNow, Seat
from environments.loopback import HOST, Handler, LoopbackServer

MAX_BODY = 64 * 1024
"""Bytes in one request: an answer may hold a map."""
PAGE = {
    "": ("page.html", "text/html"),
    "page.css": ("page.css", "text/css"),
    "page.js": ("page.js", "text/javascript"),
}
"""Files of the page by their path."""
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self';"
        " img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",  # the address holds the token
    "X-Content-Type-Options": "nosniff",
}


class PageServer:
    """An async context manager: serves one person's seat while it is entered."""

    def __init__(self, seat: Seat, port: int = 0) -> None:
        """Choose the port, 0 for a free one."""
        self._loopback = LoopbackServer(port)
        self._seat = seat
        self._turn = asyncio.Lock()
        """Actions are carried out one after the other."""
        self._over: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    @property
    def url(self) -> str:
        """The page's address, which holds the secret."""
        return f"{self._loopback.root}/"

    async def until_ended(self) -> None:
        """Return when the person has ended the session; raises what their actions failed with."""
        await self._over

    async def __aenter__(self) -> Self:
        routes = [web.get(f"/{name}", self._file) for name in PAGE]
        routes += [web.post("/state", self._state), web.post("/act", self._act)]
        await self._loopback.start(
            routes, max_body=MAX_BODY, around=_with_headers, within=[self._own]
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        self._over.cancel()
        await self._loopback.stop()

    @web.middleware
    async def _own(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Let only those requests through that our own page sends, or its reader."""
        port = self._loopback.port
        if request.host not in (f"{HOST}:{port}", f"localhost:{port}"):
            raise web.HTTPForbidden(text="this page is reached by its own address alone")
        if request.method == "POST":
            if request.headers.get("Origin") != f"http://{request.host}":
                raise web.HTTPForbidden(text="only the page itself may ask for this")
            if request.content_type != "application/json":
                raise web.HTTPUnsupportedMediaType
        return await handler(request)

    async def _file(self, request: web.Request) -> web.Response:
        name, kind = PAGE[request.path.rpartition("/")[2]]
        text = files(__package__).joinpath("page", name).read_text(encoding="utf-8")
        return web.Response(text=text, content_type=kind)

    async def _state(self, request: web.Request) -> web.Response:
        await request.read()
        async with self._turn:
            return web.json_response(self._seat.view())

    async def _act(self, request: web.Request) -> web.Response:
        try:
            action = Action.model_validate_json(await request.read())
        except ValidationError as error:
            return web.json_response({"error": error.errors()[0]["msg"]}, status=400)
        async with self._turn:
            try:
                await self._seat.act(action)
            except NotNow as refused:
                shown = self._seat.view() | {"notice": str(refused)}
                return web.json_response(shown, status=409)
            except Exception as error:
                self._end(error)
                return web.json_response({"error": f"the program ended: {error}"}, status=500)
            response = web.json_response(self._seat.view())
        if self._seat.ended:
            self._end(None)
        return response

    def _end(self, failure: Exception | None) -> None:
        if not self._over.done():
            if failure is None:
                self._over.set_result(None)
            else:
                self._over.set_exception(failure)


@web.middleware
async def _with_headers(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        response = await handler(request)
    except web.HTTPException as refusal:
        refusal.headers.update(HEADERS)
        raise
    response.headers.update(HEADERS)
    return response
