"""The endpoint as clients meet it: over real HTTP."""

from __future__ import annotations

import asyncio
import json
import random
import re
import socket
from typing import Any

import httpx
import openai
import pytest
import pytest_asyncio

from environments import loopback
from environments.evaluation.embedded import play_embedded
from environments.policies.endpoint import PolicyEndpoint
from world_fixtures.common import UserError
from world_fixtures.simulated import SimulatedPool

HELLO: list[Any] = [{"role": "system", "content": "Play."}, {"role": "user", "content": "Go."}]


@pytest_asyncio.fixture
async def endpoint(tasks):
    async with PolicyEndpoint() as server:
        server.expect("r1", tasks[1], 0)
        yield server


@pytest_asyncio.fixture
async def http(endpoint):
    async with httpx.AsyncClient(base_url=endpoint.base_url) as client:
        yield client


@pytest_asyncio.fixture
async def client(endpoint):
    async with openai.AsyncOpenAI(base_url=endpoint.base_url, api_key="none") as client:
        yield client


def asking(**changes):
    return {"model": "oracle", "messages": HELLO, "user": "r1#0"} | changes


async def test_health_and_models(endpoint, http, client):
    health = await http.get(endpoint.base_url.removesuffix("/v1") + "/health")
    assert health.json() == {"status": "ok"}
    models = {model.id async for model in client.models.list()}
    assert models == set(endpoint.models) >= {"oracle", "random", "noisy", "explorer"}


async def test_a_completion_has_openais_full_form(client):
    answer = await client.chat.completions.create(**asking())
    assert answer.id.startswith("chatcmpl-")
    assert (answer.object, answer.model) == ("chat.completion", "oracle")
    (choice,) = answer.choices
    assert choice.finish_reason == "tool_calls"
    assert choice.message.content is None
    (call,) = choice.message.tool_calls
    assert (call.function.name, call.function.arguments) == ("evennia_connect", "{}")
    assert answer.usage
    assert answer.usage.prompt_tokens == len("Play.Go.") // 4
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens


async def test_prose_alone_stops(client):
    messages = [*HELLO, {"role": "assistant", "content": ""}]
    answer = await client.chat.completions.create(
        **asking(model="claims_success", messages=messages)
    )
    assert answer.choices[0].finish_reason == "stop"
    assert answer.choices[0].message.tool_calls is None
    assert "done" in answer.choices[0].message.content


async def test_the_same_request_has_the_same_answer(http):
    first, second = [(await http.post("/chat/completions", json=asking())).content for _ in "12"]
    assert first == second


async def test_call_ids_are_unique_within_a_rollout(client):
    ids, messages = [], list(HELLO)
    for _ in range(5):
        answer = await client.chat.completions.create(
            **asking(model="explorer", messages=messages, n=2)
        )
        ids += [call.id for choice in answer.choices for call in choice.message.tool_calls]
        messages.append(answer.choices[0].message.model_dump(exclude_none=True))
        view = "Hall\nLow.\nExits: none\nHere: Lamp, Box, Wall"
        messages += [
            {"role": "tool", "tool_call_id": call.id, "content": view}
            for call in answer.choices[0].message.tool_calls
        ]
    assert len(ids) > 10
    assert len(ids) == len(set(ids))


async def test_n_choices_are_independent_samples(client, endpoint, tasks):
    messages = [*HELLO, *connected()]
    answer = await client.chat.completions.create(**asking(model="random", messages=messages, n=8))
    assert [c.index for c in answer.choices] == list(range(8))
    assert len({str(c.message.tool_calls[0].function) for c in answer.choices}) > 1


def connected():
    call = {
        "id": "c",
        "type": "function",
        "function": {"name": "evennia_connect", "arguments": "{}"},
    }
    return [
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c", "content": "Hall\nLow.\nExits: north\nHere: Lamp"},
    ]


async def test_a_stream_adds_up_to_the_whole(client):
    whole = (await client.chat.completions.create(**asking(model="explorer"))).choices[0]
    name, arguments, ids, finish, usage = "", "", [], None, None
    stream = await client.chat.completions.create(
        **asking(model="explorer"), stream=True, stream_options={"include_usage": True}
    )
    async for chunk in stream:
        usage = chunk.usage or usage
        for choice in chunk.choices:
            finish = choice.finish_reason or finish
            for call in choice.delta.tool_calls or ():
                ids.append(call.id)
                name += call.function.name
                arguments += call.function.arguments
    (call,) = whole.message.tool_calls
    assert (ids, name, arguments) == ([call.id], call.function.name, call.function.arguments)
    assert finish == whole.finish_reason
    assert usage
    assert usage.total_tokens > 0


async def test_a_stream_of_prose(http):
    messages = [*HELLO, {"role": "assistant", "content": "."}]
    request = asking(model="claims_success", messages=messages, stream=True)
    answer = await http.post("/chat/completions", json=request)
    assert answer.headers["content-type"].startswith("text/event-stream")
    lines = [line for line in answer.text.split("\n\n") if line]
    assert lines[-1] == "data: [DONE]"
    deltas = [json.loads(line[6:])["choices"][0]["delta"] for line in lines[:-1]]
    assert "done" in "".join(d.get("content", "") for d in deltas)


async def test_a_whole_rollout_over_http_is_the_one_without(client, endpoint, tasks):
    (best,) = await play_embedded(SimulatedPool(), "oracle", [(tasks[1], 0)])
    for n, message in enumerate(best.conversations[0]):
        if message["role"] == "assistant":
            answer = await client.chat.completions.create(
                **asking(messages=best.conversations[0][:n])
            )
            said = answer.choices[0].message.tool_calls[0]
            assert said.model_dump() == message["tool_calls"][0]


async def test_the_api_key_names_the_rollout_where_user_cannot(endpoint):
    async with openai.AsyncOpenAI(base_url=endpoint.base_url, api_key="r1#0") as client:
        answer = await client.chat.completions.create(model="oracle", messages=HELLO)
    assert answer.choices[0].message.tool_calls


async def test_a_forgotten_rollout_is_unknown(endpoint, http):
    endpoint.forget("r1")
    endpoint.forget("r1")
    answer = await http.post("/chat/completions", json=asking())
    assert answer.status_code == 400
    assert "no rollout 'r1'" in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    ("changes", "status", "words"),
    [
        ({"model": "gpt"}, 404, ("'gpt'", "oracle", "noisy", "explorer")),
        ({"model": "noisy:2"}, 404, ("'2'", "0 to 1")),
        ({"model": None}, 400, ("model",)),
        ({"user": None}, 400, ("user", "<rollout>#<stage>")),
        ({"user": "r1"}, 400, ("user",)),
        ({"user": "r2#0"}, 400, ("'r2'",)),
        ({"user": "r1#7"}, 400, ("stage '7'",)),
        ({"user": "r1#-1"}, 400, ("stage '-1'",)),
        ({"messages": "hi"}, 400, ("messages",)),
        ({"messages": ["hi"]}, 400, ("messages",)),
        ({"n": 0}, 400, ("`n`",)),
        ({"n": "two"}, 400, ("`n`",)),
    ],
)
async def test_bad_requests_get_a_clear_error(http, changes, status, words):
    answer = await http.post("/chat/completions", json=asking(**changes))
    assert answer.status_code == status
    error = answer.json()["error"]
    assert error["type"] == "invalid_request_error"
    assert all(word in error["message"] for word in words)


async def test_what_is_not_json_or_not_here_is_an_error_in_the_same_form(http):
    broken = await http.post("/chat/completions", content=b"{not json")
    assert (broken.status_code, "JSON" in broken.json()["error"]["message"]) == (400, True)
    missing = await http.get("/nowhere")
    assert (missing.status_code, "/v1/nowhere" in missing.json()["error"]["message"]) == (404, True)


async def test_what_strangers_send_leaves_no_traceback_in_the_log(endpoint, http, caplog):
    nested = await http.post("/chat/completions", content=b"[" * 100_000)
    assert (nested.status_code, "JSON" in nested.json()["error"]["message"]) == (400, True)
    reader, writer = await asyncio.open_connection("127.0.0.1", endpoint.port)
    writer.write(b"\x00\x04_ask\r\n\r\n")
    assert b" 400 " in await reader.readline()
    writer.close()
    _, writer = await asyncio.open_connection("127.0.0.1", endpoint.port)
    writer.write(b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{")
    await writer.drain()
    writer.transport.abort()
    assert (await http.get("/models")).status_code == 200
    assert [r.getMessage() for r in caplog.records if r.levelname in ("ERROR", "CRITICAL")] == []


async def test_the_openai_client_raises_its_own_error_for_an_unknown_model(client):
    with pytest.raises(openai.NotFoundError, match="unknown policy 'gpt'"):
        await client.chat.completions.create(**asking(model="gpt"))


async def test_a_policy_that_fails_is_a_server_error(http):
    calls = [{"id": "c", "type": "function", "function": None}]
    messages = [*HELLO, {"role": "assistant", "tool_calls": calls}]
    answer = await http.post("/chat/completions", json=asking(model="random", messages=messages))
    assert answer.status_code == 500
    assert answer.json()["error"]["type"] == "server_error"


async def test_a_port_in_use_is_named(endpoint):
    with pytest.raises(UserError, match=f"port {endpoint.port} .* is in use"):
        async with PolicyEndpoint(endpoint.port):
            pass


async def test_a_given_port_is_taken_and_given_back():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    for _ in range(2):
        async with PolicyEndpoint(port) as server, httpx.AsyncClient() as client:
            assert re.fullmatch(rf"http://127.0.0.1:{port}/[\w-]{{32}}/v1", server.base_url)
            assert (await client.get(f"{server.base_url}/models")).status_code == 200
    with pytest.raises(httpx.ConnectError):
        async with httpx.AsyncClient() as client:
            await client.get(f"http://127.0.0.1:{port}/health")


async def test_latency_is_waited(tasks):
    loop = asyncio.get_running_loop()
    async with PolicyEndpoint(latency=0.05) as server, httpx.AsyncClient() as client:
        server.expect("r1", tasks[1], 0)
        started = loop.time()
        await client.post(f"{server.base_url}/chat/completions", json=asking())
        assert loop.time() - started >= 0.05


# Strangers: other programs of this machine


async def sent(endpoint: PolicyEndpoint, data: bytes) -> bytes:
    """What a connection is answered until the endpoint closes it."""
    reader, writer = await asyncio.open_connection("127.0.0.1", endpoint.port)
    writer.write(data)
    try:
        return await reader.read()
    except ConnectionError:
        return b""
    finally:
        writer.close()


@pytest.mark.parametrize("path", ["/v1/models", "/health", "/", "//", "/%ff/v1/models", "*"])
async def test_a_stranger_is_told_nothing(endpoint, path):
    asked = f"GET {path} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"
    told = await sent(endpoint, asked.encode())
    assert re.match(rb"HTTP/1\.[01] 40[04] ", told)
    assert b"oracle" not in told


@pytest.mark.parametrize(
    "start",
    [b"", b"GET", b"POST /v1/chat/completions HTTP/1.1\r\nX: 1\r\n",
     b"POST /v1/chat/completions HTTP/1.1\r\nHost: h\r\nContent-Length: 9000000\r\n\r\n{"],
)  # fmt: skip
async def test_a_stranger_who_is_slow_is_turned_away(endpoint, monkeypatch, start):
    monkeypatch.setattr(loopback, "STRANGER_SECONDS", 0.01)
    told = await sent(endpoint, start)  # returns when the endpoint has closed the connection
    assert not told or b" 404 " in told


async def test_a_connection_with_the_secret_is_no_strangers(endpoint, http):
    await http.get("/models")
    assert len(endpoint._loopback._runner.server.connections) == 1
    assert not endpoint._loopback.strangers


async def test_many_strangers_leave_room_for_ours(endpoint, http, monkeypatch):
    monkeypatch.setattr(loopback, "MAX_STRANGERS", 8)
    idle = [await asyncio.open_connection("127.0.0.1", endpoint.port) for _ in range(20)]
    assert (await http.get("/models")).status_code == 200
    assert len(endpoint._loopback.strangers) <= 8
    assert await idle[0][0].read() == b""
    for _, writer in idle:
        writer.close()


async def test_frames_that_are_no_http_leave_no_trace(endpoint, http, caplog, monkeypatch):
    draw = random.Random(5)
    whole = b"POST /v1/chat/completions HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\n{}"
    frames = [b"GET / HTTP/1.1\r\n" + b"X: " + b"y" * 1_000_000 + b"\r\n\r\n"]
    for _ in range(200):
        frame = bytearray(whole)
        for _ in range(draw.randint(1, 8)):
            frame[draw.randrange(len(frame))] = draw.randrange(256)
        frames.append(bytes(frame[: draw.randint(1, len(frame))]))
    with monkeypatch.context() as patch:
        patch.setattr(loopback, "STRANGER_SECONDS", 0.01)
        await asyncio.gather(*(sent(endpoint, frame) for frame in frames))
    assert (await http.get("/models")).status_code == 200
    assert not caplog.records
