"""An OpenAI-compatible endpoint on loopback whose two handlers a test writes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest
from aiohttp import web

Handler = Callable[[web.Request], Awaitable[web.Response]]
Serving = Callable[[Handler, Handler], AbstractAsyncContextManager[str]]


@asynccontextmanager
async def _serving(models: Handler, complete: Handler) -> AsyncIterator[str]:
    app = web.Application()
    app.add_routes([web.get("/v1/models", models)])
    app.add_routes([web.post("/v1/chat/completions", complete)])
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
    await runner.cleanup()


@pytest.fixture(scope="session")
def serving() -> Serving:
    """`async with serving(models, complete) as url`."""
    return _serving
