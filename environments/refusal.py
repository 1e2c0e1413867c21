"""Errors of our HTTP servers, told in the form that clients of OpenAI's API read."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable

from aiohttp import web
from aiohttp.typedefs import Middleware

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Refusal(Exception):
    """A request that is answered with an error in OpenAI's form."""

    def __init__(self, message: str, *, status: int = 400, param: str | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.param = param


def told_by(log: logging.Logger, what: str) -> Middleware:
    """Return a middleware that answers every failure in OpenAI's form.

    `what` is the name of that which failed where it is no fault of the request.
    """

    @web.middleware
    async def tell(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            return await handler(request)
        except Refusal as refusal:
            return _error(str(refusal), refusal.status, refusal.param)
        except web.HTTPException as refusal:
            return _error(f"{request.method} {request.path}: {refusal.reason}", refusal.status)
        except ConnectionError:  # the client has gone
            raise
        except Exception as failure:
            log.exception("%s failed", what)
            return _error(f"the {what} failed: {type(failure).__name__}: {failure}", 500)

    return tell


def _error(message: str, status: int, param: str | None = None) -> web.Response:
    kind = "server_error" if status >= 500 else "invalid_request_error"
    code = "model_not_found" if (status, param) == (404, "model") else None
    detail = {"message": message, "type": kind, "param": param, "code": code}
    return web.json_response({"error": detail}, status=status)
