"""The model as the agent loop asks it: one try a call, and the reason when it fails.

Atropos's servers try nine times behind the loop's back, wait up to ten seconds between tries
also where no try can help (a wrong model name), and then hide the reason. The loop has tries,
back-off and deadlines of its own, so here each request is sent once. Atropos's limits of
requests at once, its health check and its timings stay in use.

Requests to OpenAI-compatible endpoints are sent by a plain HTTP client: openai's walks through
every message of a conversation at every turn, and its pool through every connection at every
request, which together is ten times what all else of a turn costs.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from functools import lru_cache
from typing import Any, Literal
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass
from weakref import WeakKeyDictionary

import aiohttp
import httpx
from atroposlib.envs.server_handling.openai_server import OpenAIServer
from atroposlib.envs.server_handling.server_baseline import APIServer
from atroposlib.envs.server_handling.server_manager import ServerManager
from openai.types.chat import ChatCompletion
from pydantic import ValidationError

HEALTH_POLL = 1.0
"""Seconds between two looks at whether a server is back."""
MAX_WAIT = 60.0
"""Seconds that are waited at most where an endpoint says when to come again."""


KEEP_ALIVE = 4.0
"""Seconds that an idle connection is kept: servers close theirs after five or more."""


class EndpointError(Exception):
    """What an endpoint answered in place of a completion."""

    def __init__(self, message: str, status_code: int | None = None) -> None:
        super().__init__(message)
        self.status_code = status_code
        """HTTP status, where there was one."""


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
            if type(server) is OpenAIServer and request.get("n", 1) == 1:
                completion = await _post(server, request)
            else:
                completion = await server._chat_completion_wrapper(**request)
        timings = server.request_timings if self._train else server.eval_request_timings
        timings.append(time.time() - started)
        return completion

    def _room(self, server: APIServer) -> asyncio.Semaphore:
        return server.sem if self._train else server.eval_sem


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


_sessions: WeakKeyDictionary[asyncio.AbstractEventLoop, aiohttp.ClientSession] = WeakKeyDictionary()
_keepers: set[asyncio.Task[None]] = set()


async def _post(server: OpenAIServer, request: dict[str, Any]) -> ChatCompletion:
    """One request, once; again only where the endpoint itself says when."""
    body = {**request, **(request.get("extra_body") or {})}
    body.pop("extra_body", None)
    data = json.dumps(body).encode()
    client = server.openai
    headers = {k: v for k, v in client.default_headers.items() if isinstance(v, str)}
    headers |= client.auth_headers
    if client.base_url.userinfo:
        headers.pop("Authorization", None)  # user and password in the address go before a key
    timeout = aiohttp.ClientTimeout(total=server.config.timeout)
    url = f"{str(client.base_url).rstrip('/')}/chat/completions"
    while True:
        async with _session().post(
            url, data=data, headers=headers, timeout=timeout, proxy=_proxy(url)
        ) as answer:
            raw = await answer.read()
            wait = _wait(answer)
        if wait is None:
            return _completion(answer.status, raw)
        await asyncio.sleep(wait)


@lru_cache(maxsize=16)
def _proxy(url: str) -> str | None:
    """The proxy that the process's surroundings name for an address."""
    parts = urlsplit(url)
    return None if proxy_bypass(parts.netloc) else getproxies().get(parts.scheme)


def _wait(answer: aiohttp.ClientResponse) -> float | None:
    """Seconds after which a busy endpoint wants to be asked again, where it says so."""
    if answer.status not in (429, 503):
        return None
    with contextlib.suppress(KeyError, ValueError):
        return min(max(0.0, float(answer.headers["Retry-After"])), MAX_WAIT)
    return None


def _completion(status: int, raw: bytes) -> ChatCompletion:
    try:
        found = json.loads(raw)
    except ValueError:
        found = None
    if status < 400 and isinstance(found, dict) and isinstance(found.get("choices"), list):
        try:
            return ChatCompletion.model_validate(found)
        except ValidationError:  # a field less, or one too many: ten times slower
            return ChatCompletion.construct(**found)
    problem = found.get("error") if isinstance(found, dict) else None
    if isinstance(problem, dict):  # some answer 200 and say here what went wrong
        code = problem.get("code")
        status = code if status < 400 and isinstance(code, int) else status
        problem = problem.get("message")
    text = str(problem or raw[:200].decode(errors="replace")).strip()
    raise EndpointError(f"{status}: {text}", status)


def _session() -> aiohttp.ClientSession:
    """The connections of the running event loop, closed when it ends."""
    loop = asyncio.get_running_loop()
    session = _sessions.get(loop)
    if session is None:
        connector = aiohttp.TCPConnector(
            limit=0, keepalive_timeout=KEEP_ALIVE, ssl=httpx.create_ssl_context()
        )
        session = aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar())
        _sessions[loop] = session
        keeper = loop.create_task(_keep(session), name="model-connections")
        _keepers.add(keeper)
        keeper.add_done_callback(_keepers.discard)
    return session


async def _keep(session: aiohttp.ClientSession) -> None:
    """Close the session when the event loop cancels what is left at its end."""
    async with session:
        await asyncio.Event().wait()
