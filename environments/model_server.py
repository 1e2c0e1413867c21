"""The model as the agent loop asks it: one try a call, and the reason when it fails.

Atropos's servers try nine times behind the loop's back, wait up to ten seconds between tries
also where no try can help (a wrong model name), and then hide the reason. The loop has tries,
back-off and deadlines of its own, so here each request is sent once. Atropos's limits of
requests at once, its health check and its timings stay in use.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any, Literal

from atroposlib.envs.server_handling.server_baseline import APIServer
from atroposlib.envs.server_handling.server_manager import ServerManager
from tenacity import RetryError

HEALTH_POLL = 1.0
"""Seconds between two looks at whether a server is back."""


class ModelServer:
    """Chat completions from whichever server has the most room.

    `split` "eval" counts requests and their times apart from training's, which ServerManager
    means to do and does not.
    """

    def __init__(self, manager: ServerManager, split: Literal["train", "eval"] = "train") -> None:
        self._manager = manager
        self._train = split == "train"

    async def chat_completion(self, **request: Any) -> Any:
        """An OpenAI ChatCompletion. Raises what the endpoint's client raises."""
        servers = self._manager.servers
        server = max(
            [s for s in servers if s.server_healthy] or servers,
            key=lambda s: self._room(s)._value,
        )
        await _healthy(server)
        request = server._inject_reasoning_kwargs({**request, "model": server.config.model_name})
        async with self._room(server):
            started = time.time()
            completion = await server._chat_completion_wrapper(**request)
        timings = server.request_timings if self._train else server.eval_request_timings
        timings.append(time.time() - started)
        return completion

    def _room(self, server: APIServer) -> asyncio.Semaphore:
        return server.sem if self._train else server.eval_sem


class Plain:
    """A server whose errors are those of the endpoint, not of the retries around them."""

    def __init__(self, server: Any) -> None:
        self._server = server

    async def chat_completion(self, **request: Any) -> Any:
        try:
            return await self._server.chat_completion(**request)
        except RetryError as error:
            raise _cause(error) from None


def _cause(error: BaseException) -> BaseException:
    """What stands at the bottom of nested retries."""
    while isinstance(error, RetryError):
        inner = error.last_attempt.exception()
        if inner is None:
            break
        error = inner
    return error


async def _healthy(server: APIServer) -> None:
    """Return when the server is well, as far as its health is watched."""
    if not server.initialized:
        server.initialized = True
        if server.config.health_check and server.config.base_url is not None:
            server.check_task = asyncio.create_task(server.check_server_status_task())
        else:
            server.server_healthy = True
    while not server.server_healthy:  # noqa: ASYNC110 - Atropos sets a flag, no event
        await asyncio.sleep(HEALTH_POLL)
