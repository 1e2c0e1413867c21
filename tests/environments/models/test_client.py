"""Requests to an OpenAI-compatible endpoint, over real HTTP."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from atroposlib.envs.server_handling.openai_server import OpenAIServer
from atroposlib.envs.server_handling.server_baseline import APIServerConfig
from atroposlib.envs.server_handling.server_manager import ServerManager

from environments.models.client import EndpointError, ModelServer

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


async def test_an_endpoint_that_says_when_is_asked_again_then():
    def busy() -> web.Response:
        return web.Response(status=429, headers={"Retry-After": "0"})

    async with asking(busy, busy, good) as (server, endpoint):
        found = await server.chat_completion(messages=HELLO)
    assert found.choices[0].message.content == "hello"
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
