"""Requests to an OpenAI-compatible endpoint, over real HTTP."""

from __future__ import annotations

import asyncio
import gzip
import json
import random
import zlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from atroposlib.envs.server_handling.openai_server import OpenAIServer
from atroposlib.envs.server_handling.server_baseline import APIServerConfig
from atroposlib.envs.server_handling.server_manager import ServerManager

from environments.models import asking as models_asking
from environments.models import client
from environments.models.client import EndpointError, ModelServer
from environments.models.completion import MAX_CALLS

ANSWER = {
    "id": "x", "object": "chat.completion", "created": 0, "model": "m",
    "choices": [{"index": 0, "finish_reason": "stop",
                 "message": {"role": "assistant", "content": "hello", "reasoning": "so"}}],
    "usage": {"prompt_tokens": 3, "completion_tokens": 1, "total_tokens": 4},
}  # fmt: skip
HELLO = [{"role": "user", "content": "héllo \U0001f600"}]


class Endpoint:
    """Notes requests and gives the answers it was told, the last one for ever."""

    def __init__(self, *answers: Callable[[], web.Response]) -> None:
        self.asked: list[dict[str, Any]] = []
        self.headers: list[Any] = []
        self._answers = list(answers)

    async def complete(self, request: web.Request) -> web.Response:
        self.asked.append(await request.json())
        self.headers.append(request.headers)
        return (self._answers.pop(0) if len(self._answers) > 1 else self._answers[0])()


@asynccontextmanager
async def asking(*answers: Callable[[], web.Response]) -> AsyncIterator[tuple[ModelServer, Any]]:
    endpoint = Endpoint(*answers)
    app = web.Application()
    app.router.add_post("/v1/chat/completions", endpoint.complete)
    async with TestServer(app) as server:
        config = APIServerConfig(
            model_name="m", base_url=str(server.make_url("/v1")), api_key="sk-1-secret",
            health_check=False,
        )  # fmt: skip
        yield ModelServer(ServerManager([config], server_class=OpenAIServer)), endpoint


def good() -> web.Response:
    return web.json_response(ANSWER)


async def test_a_completion_is_that_of_the_openai_client():
    async with asking(good) as (server, endpoint):
        found = await server.chat_completion(
            messages=HELLO, n=1, temperature=0.5, extra_body={"top_k": 5}
        )
    assert found.choices[0].message.content == "hello"
    assert found.choices[0].message.reasoning == "so"
    assert found.usage.completion_tokens == 1
    (body,) = endpoint.asked
    assert body == {"model": "m", "messages": HELLO, "n": 1, "temperature": 0.5, "top_k": 5}
    assert endpoint.headers[0]["Authorization"] == "Bearer sk-1-secret"


async def test_an_answer_that_is_nearly_right_is_taken():
    short = {"choices": [{"message": {"content": "hello"}}]}
    async with asking(lambda: web.json_response(short)) as (server, _):
        found = await server.chat_completion(messages=HELLO)
    assert found.choices[0].message.content == "hello"


@pytest.mark.parametrize(
    ("answer", "status", "says"),
    [
        ({"error": {"message": "no such model"}}, 404, "404: no such model"),
        ({"error": "overloaded"}, 500, "500: overloaded"),
        ({"detail": "bad"}, 422, '422: {"detail": "bad"}'),
        ("<html>", 200, "200: <html>"),
        ({"error": {"message": "rate limit", "code": 429}}, 200, "429: rate limit"),
        ([], 200, r"200: \[\]"),
        ({"choices": None}, 200, "200"),
    ],
)
async def test_what_is_no_completion_is_reported_with_its_status(answer, status, says):
    text = answer if isinstance(answer, str) else json.dumps(answer)
    async with asking(lambda: web.Response(text=text, status=status)) as (server, _):
        with pytest.raises(EndpointError, match=says) as error:
            await server.chat_completion(messages=HELLO)
    assert error.value.status_code == int(says[:3])


async def test_an_endpoint_that_says_when_is_asked_again_then(monkeypatch):
    def busy() -> web.Response:
        return web.Response(status=429, headers={"Retry-After": "0"})

    monkeypatch.setattr(models_asking, "FLOOR", 0.0)
    async with asking(busy, busy, good) as (server, endpoint):
        found = await models_asking.ask(server, {"messages": HELLO}, 60.0, tries=1)
    assert found.content == "hello"
    assert len(endpoint.asked) == 3


@pytest.mark.parametrize("header", [{}, {"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"}])
async def test_an_endpoint_that_does_not_say_when_is_left_to_the_loop(header):
    async with asking(lambda: web.Response(status=429, headers=header)) as (server, endpoint):
        with pytest.raises(EndpointError):
            await server.chat_completion(messages=HELLO)
    assert len(endpoint.asked) == 1


async def test_a_cancelled_request_is_dropped_at_the_endpoint():
    reached, dropped = asyncio.Event(), asyncio.Event()

    async def hang(request: web.Request) -> web.Response:
        reached.set()
        try:
            await asyncio.Event().wait()
        finally:
            dropped.set()
        raise AssertionError

    app = web.Application()
    app.router.add_post("/v1/chat/completions", hang)
    async with TestServer(app, handler_cancellation=True) as server:
        config = APIServerConfig(
            model_name="m", base_url=str(server.make_url("/v1")), api_key="x", health_check=False
        )
        model = ModelServer(ServerManager([config], server_class=OpenAIServer))
        asking = asyncio.create_task(model.chat_completion(messages=HELLO))
        await reached.wait()
        asking.cancel()
        async with asyncio.timeout(60):
            await dropped.wait()


async def test_a_key_that_the_endpoint_repeats_is_not_in_the_error():
    def refuse() -> web.Response:
        told = {"error": {"message": "Incorrect API key provided: sk-1-secret."}}
        return web.json_response(told, status=401)

    async with asking(refuse) as (server, _):
        with pytest.raises(EndpointError, match=r"401: Incorrect API key provided: \(hidden\)\."):
            await server.chat_completion(messages=HELLO)


# Answers in the wrong form, of the wrong size, at the wrong time


@pytest.mark.parametrize(
    "body",
    [
        {"choices": [{"message": ANSWER["choices"][0]["message"], "finish_reason": "error"}]},
        {"choices": [{"message": {}, "finish_reason": "content_filter"}]},
        {"choices": [{"message": "hello"}]},
        {"choices": [{"message": {"content": "hello"}, "error": {"code": 502, "message": "gone"}}]},
        {**ANSWER, "error": {"message": "overloaded"}},
    ],
)
async def test_what_no_model_said_is_asked_for_again(body, monkeypatch):
    monkeypatch.setattr(models_asking, "FLOOR", 0.0)
    async with asking(lambda: web.json_response(body)) as (server, endpoint):
        with pytest.raises(models_asking.NoAnswerError, match=r"EndpointError: [25]0[02]: "):
            await models_asking.ask(server, {"messages": HELLO}, 60.0)
    assert len(endpoint.asked) == models_asking.TRIES


async def test_nesting_without_end_is_an_endpoints_failure():
    async with asking(lambda: web.Response(text="[" * 200_000)) as (server, _):
        with pytest.raises(EndpointError, match=r"200: \[\["):
            await server.chat_completion(messages=HELLO)


async def test_an_odd_usage_fails_no_answer():
    odd = {**ANSWER, "usage": {"prompt_tokens": "3", "completion_tokens": [[]], "more": -1}}
    async with asking(lambda: web.json_response(odd)) as (server, _):
        found = await models_asking.ask(server, {"messages": HELLO}, 60.0, tries=1)
    assert (found.content, found.prompt_tokens, found.completion_tokens) == ("hello", 0, 0)


async def test_a_key_in_a_choices_error_is_hidden():
    told = {"choices": [{"error": {"message": "bad key sk-1-secret"}}]}
    async with asking(lambda: web.json_response(told)) as (server, _):
        with pytest.raises(EndpointError, match=r"bad key \(hidden\)"):
            await server.chat_completion(messages=HELLO)


def large(how: str, status: int) -> web.StreamResponse:
    body = json.dumps({"choices": [], "pad": "x" * 5_000_000}).encode()
    if how == "length":
        return web.Response(body=body, status=status)
    if how == "chunked":
        response = web.Response(body=body, status=status)
        response.enable_chunked_encoding()
        return response
    packed = gzip.compress(body) if how == "gzip" else zlib.compress(body)
    return web.Response(body=packed, status=status, headers={"Content-Encoding": how})


@pytest.mark.parametrize("how", ["length", "chunked", "gzip", "deflate"])
async def test_an_answer_is_read_up_to_a_limit(how, monkeypatch):
    monkeypatch.setattr(client, "MAX_ANSWER", 1 << 20)
    async with asking(lambda: large(how, 200)) as (server, _):
        with pytest.raises(EndpointError, match="200: the answer is larger than 1 MiB"):
            await server.chat_completion(messages=HELLO)


@pytest.mark.parametrize("how", ["length", "chunked", "gzip", "deflate"])
async def test_an_error_too_large_keeps_its_status(how):
    async with asking(lambda: large(how, 503)) as (server, _):
        with pytest.raises(EndpointError, match="503") as error:
            await server.chat_completion(messages=HELLO)
    assert len(str(error.value)) < 300


@pytest.mark.parametrize("how", ["gzip", "deflate"])
async def test_a_packed_answer_is_unpacked(how):
    body = json.dumps(ANSWER).encode()
    packed = gzip.compress(body) if how == "gzip" else zlib.compress(body)
    sent = lambda: web.Response(body=packed, headers={"Content-Encoding": how})  # noqa: E731
    async with asking(sent) as (server, endpoint):
        found = await server.chat_completion(messages=HELLO)
    assert found.choices[0].message.content == "hello"
    assert how in endpoint.headers[0]["Accept-Encoding"]


@pytest.mark.parametrize(("how", "says"), [("gzip", "cannot be unpacked"), ("br", "as 'br'")])
async def test_a_body_that_cannot_be_unpacked_is_named(how, says):
    sent = lambda: web.Response(body=b"hello", headers={"Content-Encoding": how})  # noqa: E731
    async with asking(sent) as (server, _):
        with pytest.raises(EndpointError, match=says):
            await server.chat_completion(messages=HELLO)


WANTED = {
    "0": 0.0, "7": 7.0, "1.5": 1.5, "9" * 400: float("inf"),
    "-1": None, "nan": None, "inf": None, "-inf": None, "": None, "soon": None, "1_0": None,
    "1e3": None, "0x10": None, " ": None, "٣": None,
    "Wed, 21 Oct 2015 07:28:00 GMT": None, "Wed, 99 Oct 2055 07:28:00 GMT": None,
}  # fmt: skip


@pytest.mark.parametrize(("header", "seconds"), WANTED.items())
def test_retry_after_is_seconds_or_a_date_to_come(header, seconds):
    assert client.retry_after(429, header) == seconds
    assert client.retry_after(500, header) is None


def test_retry_after_may_be_a_date():
    soon = format_datetime(datetime.now(UTC) + timedelta(seconds=3000), usegmt=True)
    assert 2000 < (client.retry_after(503, soon) or 0) <= 3000


@pytest.mark.parametrize("wanted", [None, 0.0, 3.0, 1e9, float("inf")])
def test_a_pause_is_never_short_and_never_long(wanted):
    least = min(max(wanted or 0.0, models_asking.FLOOR), models_asking.MAX_WAIT)
    for waits in (0, 3, 10, 10_000):
        for _ in range(50):
            wait = models_asking.pause(waits, wanted)
            assert least <= wait <= least + models_asking.MAX_WAIT


def test_pauses_grow_and_draw_no_number_of_anyone_elses():
    random.seed(7)
    before = random.getstate()
    longest = [max(models_asking.pause(waits) for _ in range(200)) for waits in (0, 2, 4)]
    assert longest == sorted(longest)
    assert random.getstate() == before


@pytest.mark.parametrize("header", ["0", "-5", "nan", "inf", "99999999999", "soon", None])
async def test_a_busy_endpoint_is_asked_seldom_and_named(header, monkeypatch):
    """For as long as one call may take; the clock is the test's."""
    now = 0.0

    async def sleep(seconds: float) -> None:
        nonlocal now
        now += seconds

    monkeypatch.setattr(models_asking, "time", SimpleNamespace(monotonic=lambda: now))
    clock = SimpleNamespace(sleep=sleep, timeout=lambda _: asyncio.timeout(None))
    monkeypatch.setattr(models_asking, "asyncio", clock)

    def busy() -> web.Response:
        told = {} if header is None else {"Retry-After": header}
        return web.json_response({"error": {"message": "slow down"}}, status=429, headers=told)

    async with asking(busy) as (server, endpoint):
        with pytest.raises(models_asking.NoAnswerError, match="429: slow down"):
            await models_asking.ask(server, {"messages": HELLO}, 120.0)
    assert models_asking.TRIES <= len(endpoint.asked) + 4 * (header == "99999999999") <= 20
    assert now <= 120.0


KEY = "sk-1-secret"


async def _raw(bytes_: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(bytes_)
    await writer.drain()
    writer.close()


@pytest.mark.parametrize(
    "said",
    [
        b"HTTP/1.1 401 No\r\nContent-Length: 206\r\n\r\n" + b"x" * 195 + KEY.encode(),
        b"HTTP/1.1 " + KEY.encode() + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX\0 " + KEY.encode() + b": 1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nContent-Encoding: " + KEY.encode() + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + KEY.encode() + b"\r\n",
        b"HTTP/1.1 307 Go\r\nContent-Length: 0\r\nLocation: file:///" + KEY.encode() + b"\r\n\r\n",
    ],
)
async def test_a_key_is_in_no_error_wherever_it_is_repeated(said):
    async with await asyncio.start_server(partial(_raw, said), "127.0.0.1", 0) as listener:
        port = listener.sockets[0].getsockname()[1]
        config = APIServerConfig(
            model_name="m", base_url=f"http://127.0.0.1:{port}/v1", api_key=KEY, health_check=False
        )
        server = ModelServer(ServerManager([config], server_class=OpenAIServer))
        with pytest.raises(models_asking.NoAnswerError) as error:
            await models_asking.ask(server, {"messages": HELLO}, 60.0, tries=1)
    assert "sk-1" not in str(error.value)


async def test_what_follows_the_end_of_a_packed_answer_is_not_kept():
    packed = gzip.compress(json.dumps(ANSWER).encode())

    def endless() -> web.Response:
        body = packed + b"x" * 100_000
        return web.Response(body=body, headers={"Content-Encoding": "gzip"})

    async with asking(endless) as (server, _):
        with pytest.raises(EndpointError, match="goes on after the end"):
            await server.chat_completion(messages=HELLO)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_a_redirect_is_told_and_the_prompt_goes_nowhere_else(status):
    def redirect() -> web.Response:
        return web.Response(status=status, headers={"Location": "/v1/chat/completions?sk-1-secret"})

    async with asking(redirect, good) as (server, endpoint):
        with pytest.raises(EndpointError, match=f"{status}: it redirects to /v1/chat") as told:
            await server.chat_completion(messages=HELLO)
        assert len(endpoint.asked) == 1
    assert "secret" not in str(told.value)
    assert told.value.status_code in models_asking.PERMANENT_STATUSES


async def test_of_choices_and_calls_no_more_is_read_than_can_be_used():
    call = {"id": "a", "type": "function", "function": {"name": "look", "arguments": "{}"}}
    message = {"role": "assistant", "content": None, "tool_calls": [call] * 10_000}
    choice = {"index": 0, "finish_reason": "tool_calls", "message": message}
    many = ANSWER | {"choices": [choice] * 3}
    async with asking(lambda: web.json_response(many)) as (server, _):
        found = await server.chat_completion(messages=HELLO)
    assert len(found.choices) == 1
    assert len(found.choices[0].message.tool_calls) == MAX_CALLS + 1
