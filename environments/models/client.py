"""Requests to model servers: one try a call, and the reason when it fails.

Atropos's servers try nine times behind the loop's back, wait up to ten seconds between tries
also where no try can help (a wrong model name), and then hide the reason. `asking` has tries,
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
import re
import time
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass
from weakref import WeakKeyDictionary

import aiohttp
import httpx
from atroposlib.envs.server_handling.server_manager import ServerManager
from openai.types.chat import ChatCompletion
from pydantic import PrivateAttr, ValidationError

from environments import compat
from environments.models.address import without_key
from environments.models.completion import MAX_CALLS, Completion, EndpointError, read_completion
from environments.models.http import ENCODINGS, MAX_ANSWER, MAX_ERROR, BodyError, read_body
from environments.models.request_text import RequestText

__all__ = ["EndpointError", "ModelServer", "exchange", "retry_after"]

KEEP_ALIVE = 4.0
"""Seconds that an idle connection is kept: servers close theirs after five or more."""


class ModelServer:
    """Chat completions from the server that has the most free slots.

    Requests and their times are counted by `purpose`, evaluations apart from training, which
    ServerManager means to do and does not.
    """

    def __init__(self, manager: ServerManager, purpose: compat.Purpose = "train") -> None:
        self._manager = manager
        self._purpose = purpose
        self._writing = RequestText()

    async def chat_completion(self, **request: Any) -> Any:
        """Ask for an OpenAI ChatCompletion. Raises what the endpoint's client raises."""
        server = compat.roomiest(self._manager.servers, self._purpose)
        await compat.wait_until_healthy(server)
        request = compat.request_of(server, request)
        async with compat.slots(server, self._purpose):
            started = time.time()
            completion = await _answer(server, request, self._writing)
        compat.note_seconds(server, self._purpose, time.time() - started)
        return completion


_sessions: WeakKeyDictionary[asyncio.AbstractEventLoop, aiohttp.ClientSession] = WeakKeyDictionary()
_keepers: set[asyncio.Task[None]] = set()


async def _answer(server: Any, request: dict[str, Any], writing: RequestText) -> Any:
    """One request, once. Raises what its client raises, with an API key in the text hidden."""
    try:
        if compat.is_plain_openai(server) and request.get("n", 1) == 1:
            return await _post(server, request, writing)
        return await compat.complete_once(server, request)
    except Exception as error:
        told = str(error)
        text = without_key(told, server.config.api_key)
        if text == told:
            raise
        name = "" if isinstance(error, EndpointError) else f"{type(error).__name__}: "
        raise EndpointError(
            name + text, getattr(error, "status_code", None), getattr(error, "retry_after", None)
        ) from None


async def _post(server: Any, request: dict[str, Any], writing: RequestText) -> ChatCompletion:
    """One request, once."""
    body = {**request, **(request.get("extra_body") or {})}
    body.pop("extra_body", None)
    url = f"{_address(server)}/chat/completions"
    status, raw, wait = await exchange(server, url, writing.of(body))
    return _completion(status, raw, server.config.api_key, wait)


async def exchange(server: Any, url: str, data: bytes) -> tuple[int, bytes, float | None]:
    """Post JSON to an address of a server with its key; status, body, and when to ask again.

    Raises EndpointError for a redirection and for a body that is too long or damaged.
    """
    timeout = aiohttp.ClientTimeout(total=server.config.timeout)
    async with _session().post(
        url,
        data=data,
        headers=_headers(server),
        timeout=timeout,
        proxy=_proxy(url),
        allow_redirects=False,
    ) as answer:
        if 300 <= answer.status < 400:
            place = without_key(answer.headers.get("Location", "nowhere"), server.config.api_key)
            raise EndpointError(
                f"{answer.status}: it redirects to {place[:200]}, where nothing was sent: if that"
                " is right, give that address",
                answer.status,
            )
        failed = answer.status >= 400
        try:
            raw = await read_body(
                answer.content.iter_any(), answer.headers.get("Content-Encoding"),
                MAX_ERROR if failed else MAX_ANSWER, cut=failed,
            )  # fmt: skip
        except BodyError as error:
            raise EndpointError(f"{answer.status}: {error}", answer.status) from None
        wait = retry_after(answer.status, answer.headers.get("Retry-After"))
    return answer.status, raw, wait


@lru_cache(maxsize=64)
def _address(server: Any) -> str:
    """Return the address that requests to a server begin with; openai's client works it out."""
    return str(server.openai.base_url).rstrip("/")


@lru_cache(maxsize=64)
def _headers(server: Any) -> dict[str, str]:
    """Return the headers of requests to a server, its key among them."""
    client = server.openai
    headers = {k: v for k, v in client.default_headers.items() if isinstance(v, str)}
    headers |= client.auth_headers | {"Accept-Encoding": ", ".join(ENCODINGS)}
    if client.base_url.userinfo:
        headers.pop("Authorization", None)  # user and password in the address go before a key
    return headers


@lru_cache(maxsize=16)
def _proxy(url: str) -> str | None:
    """Find the proxy that the process's environment names for an address."""
    parts = urlsplit(url)
    return None if proxy_bypass(parts.netloc) else getproxies().get(parts.scheme)


def retry_after(status: int, header: str | None) -> float | None:
    """Return the seconds after which a busy endpoint wants to be asked again, where it says so.

    None where it gives neither seconds nor a date to come.
    """
    if status not in (429, 503) or header is None:
        return None
    if re.fullmatch(r"[0-9]+(\.[0-9]+)?", header):
        return float(header)
    with contextlib.suppress(ValueError, TypeError, OverflowError):
        seconds = parsedate_to_datetime(header).timestamp() - time.time()
        return seconds if seconds > 0 else None
    return None


def _completion(status: int, raw: bytes, key: str | None, wait: float | None) -> ChatCompletion:
    """Read an answer. Raises EndpointError, whose text holds no part of the API key."""
    try:
        found = json.loads(raw)
    except (ValueError, RecursionError):
        found = None
    code, problem = status, None
    if isinstance(found, dict) and (status >= 400 or found.keys() & {"choices", "error"}):
        try:
            said = read_completion(found)
            if status < 400:
                return _openai_form(found, said)
        except EndpointError as error:
            if status < 400:  # some answer 200 and say here what went wrong
                code, problem = error.status_code or status, str(error)
            elif found.get("error"):
                problem = str(error)
    if problem is None:
        start = raw[:MAX_ERROR].decode(errors="replace")
        problem = without_key(start, key)[:200].strip()
    raise EndpointError(f"{code}: {without_key(problem, key)}", code, wait)


class _Read(ChatCompletion):
    """A completion that was read already."""

    _said: Completion = PrivateAttr()

    @property
    def said(self) -> Completion:
        """What the model said."""
        return self._said


def _openai_form(found: dict[str, Any], said: Completion) -> ChatCompletion:
    """Return the first choice of an answer that could be read, in the form of openai's client."""
    choice = found["choices"][0]
    calls = (choice["message"].get("tool_calls") or ())[: MAX_CALLS + 1]
    message = choice["message"] | ({"tool_calls": calls} if calls else {})
    found = found | {"choices": [choice | {"message": message}]}
    try:
        made = _Read.model_validate(found)
    except ValidationError:  # a field less, or one too many: ten times slower
        kept = {*ChatCompletion.model_fields, "prompt_token_ids"}
        known = {k: v for k, v in found.items() if k in kept}
        made = _Read.construct(**known)
    made._said = said
    return made


def _session() -> aiohttp.ClientSession:
    """Return the connections of the running event loop, which close when it ends."""
    loop = asyncio.get_running_loop()
    session = _sessions.get(loop)
    if session is None:
        connector = aiohttp.TCPConnector(
            limit=0, keepalive_timeout=KEEP_ALIVE, ssl=httpx.create_ssl_context()
        )
        session = aiohttp.ClientSession(
            connector=connector, cookie_jar=aiohttp.DummyCookieJar(), auto_decompress=False
        )
        _sessions[loop] = session
        keeper = loop.create_task(_keep(session), name="model-connections")
        _keepers.add(keeper)
        keeper.add_done_callback(_keepers.discard)
    return session


async def _keep(session: aiohttp.ClientSession) -> None:
    """Close the session when the event loop cancels what is left at its end."""
    async with session:
        await asyncio.Event().wait()
