"""Requests to model servers: one try a call, and the reason when it fails.

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
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass
from weakref import WeakKeyDictionary

import aiohttp
import httpx
from atroposlib.envs.server_handling.server_manager import ServerManager
from openai.types.chat import ChatCompletion
from pydantic import ValidationError

from environments import compat

MAX_WAIT = 60.0
"""Seconds that are waited at most where an endpoint says when to come again."""


MIN_KEY = 6
"""Characters; what is shorter, such as `none` or `x`, stands for no key."""
KEEP_ALIVE = 4.0
"""Seconds that an idle connection is kept: servers close theirs after five or more."""


class EndpointError(Exception):
    """What an endpoint answered in place of a completion."""

    def __init__(self, message: str, status_code: int | None = None) -> None:
        super().__init__(message)
        self.status_code = status_code
        """HTTP status, where there was one."""


class ModelServer:
    """Chat completions from the server that has the most free slots.

    Requests and their times are counted by `purpose`, evaluations apart from training, which
    ServerManager means to do and does not.
    """

    def __init__(self, manager: ServerManager, purpose: compat.Purpose = "train") -> None:
        self._manager = manager
        self._purpose = purpose

    async def chat_completion(self, **request: Any) -> Any:
        """Ask for an OpenAI ChatCompletion. Raises what the endpoint's client raises."""
        server = compat.roomiest(self._manager.servers, self._purpose)
        await compat.wait_until_healthy(server)
        request = compat.request_of(server, request)
        async with compat.slots(server, self._purpose):
            started = time.time()
            if compat.is_plain_openai(server) and request.get("n", 1) == 1:
                completion: Any = await _post(server, request)
            else:
                completion = await compat.complete_once(server, request)
        compat.note_seconds(server, self._purpose, time.time() - started)
        return completion


_sessions: WeakKeyDictionary[asyncio.AbstractEventLoop, aiohttp.ClientSession] = WeakKeyDictionary()
_keepers: set[asyncio.Task[None]] = set()


async def _post(server: Any, request: dict[str, Any]) -> ChatCompletion:
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
            return _completion(answer.status, raw, server.config.api_key or "")
        await asyncio.sleep(wait)


@lru_cache(maxsize=16)
def _proxy(url: str) -> str | None:
    """Find the proxy that the process's environment names for an address."""
    parts = urlsplit(url)
    return None if proxy_bypass(parts.netloc) else getproxies().get(parts.scheme)


def _wait(answer: aiohttp.ClientResponse) -> float | None:
    """Seconds after which a busy endpoint wants to be asked again, where it says so."""
    if answer.status not in (429, 503):
        return None
    with contextlib.suppress(KeyError, ValueError):
        return min(max(0.0, float(answer.headers["Retry-After"])), MAX_WAIT)
    return None


def _completion(status: int, raw: bytes, key: str) -> ChatCompletion:
    """Read an answer. Raises EndpointError, whose text never holds the API key."""
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
    if len(key) >= MIN_KEY:  # some repeat the key that they refuse
        text = text.replace(key, "(hidden)")
    raise EndpointError(f"{status}: {text}", status)


def _session() -> aiohttp.ClientSession:
    """Return the connections of the running event loop, which close when it ends."""
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
