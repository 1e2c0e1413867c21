"""The application: OpenEnv's own over our sessions, with what it lacks around it."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from openenv.core.env_server.http_server import create_app
from openenv.core.env_server.types import ConcurrencyConfig

from environments.integrations.openenv.environment import NAME, EvenniaEnvironment, SessionError
from environments.integrations.openenv.guard import Guard
from environments.integrations.openenv.models import EvenniaAction, EvenniaObservation, EvenniaState
from environments.integrations.openenv.shared import Shared
from world_fixtures.common import UserError, WorldError, WorldLost

SESSIONS = 64
SESSION_SECONDS = 1800.0
"""A session that is idle for so long is closed, and its world given back."""


def new_app(
    shared: Shared, *, sessions: int = SESSIONS, session_seconds: float | None = SESSION_SECONDS
) -> FastAPI:
    """Make the application of a server whose sessions share `shared`.

    Args:
        shared: started with the application, and stopped with it.
        sessions: at once; more are refused with the code CAPACITY_REACHED.
        session_seconds: of idleness until a session is closed; None for never.
    """
    os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")  # where OpenEnv's own page is shown
    app: FastAPI = create_app(
        _Sessions(shared),
        EvenniaAction,
        EvenniaObservation,
        env_name=NAME,
        concurrency_config=ConcurrencyConfig(
            max_concurrent_envs=sessions, session_timeout=session_seconds
        ),
        state_cls=EvenniaState,
    )
    inner = app.router.lifespan_context

    @asynccontextmanager
    async def lifespan(running: FastAPI) -> AsyncIterator[Any]:
        shared.begin()  # a reset waits for it; whoever asks for the health does not
        try:
            async with inner(running) as state:  # it starts what closes idle sessions
                yield state
        finally:
            await shared.close()

    app.router.lifespan_context = lifespan
    app.add_middleware(Guard)
    for refused in (SessionError, UserError, WorldError):
        app.add_exception_handler(refused, _refused)
    app.add_exception_handler(WorldLost, _unavailable)
    app.add_exception_handler(UnicodeEncodeError, _unsayable)
    return app


class _Sessions:
    """What OpenEnv calls for each session, and for requests without one."""

    __name__ = EvenniaEnvironment.__name__

    def __init__(self, shared: Shared) -> None:
        self._shared = shared

    def __call__(self) -> EvenniaEnvironment:
        return EvenniaEnvironment(self._shared)


async def _unsayable(request: Request, error: Exception) -> JSONResponse:
    """Answer a request that no answer can repeat, as FastAPI tries to."""
    detail = "the request has half of a surrogate pair, which no text can hold"
    return JSONResponse({"detail": detail}, status_code=400)


async def _refused(request: Request, error: Exception) -> JSONResponse:
    return JSONResponse({"detail": str(error)}, status_code=400)


async def _unavailable(request: Request, error: Exception) -> JSONResponse:
    return JSONResponse({"detail": str(error)}, status_code=503)
