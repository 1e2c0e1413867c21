"""Whatever a client sends: an error with a code, nothing for the others, a quiet log."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest

pytest.importorskip("openenv.core", reason="needs the extra openenv")

import httpx
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from environments.integrations.openenv.client import EvenniaEnv
from environments.integrations.openenv.guard import MAX_MESSAGE, Guard
from environments.integrations.openenv.models import EvenniaAction
from environments.integrations.openenv.tasks import ServedTasks
from tests.adapters.openenv_server import Served, served

ONE = "test/errand.deliver/2/3"
JSON = {"Content-Type": "application/json"}
DEEP = "[" * 500 + "]" * 500


@pytest.fixture(scope="module")
def server() -> Iterator[Served]:
    with served(tasks=ServedTasks()) as found:
        yield found


@pytest.fixture(autouse=True)
def quiet(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    yield
    told = caplog.get_records("call")
    assert not [r for r in told if r.levelno >= logging.ERROR or r.exc_info]


def step(tool: Any = "evennia_command", **arguments: Any) -> str:
    data = {"type": "call_tool", "tool_name": tool, "arguments": arguments}
    return json.dumps({"type": "step", "data": data})


def reset(**data: Any) -> str:
    return json.dumps({"type": "reset", "data": data})


REFUSED = {
    "no JSON": ("{", "INVALID_JSON"),
    "an unknown type": ('{"type": "fly"}', "UNKNOWN_TYPE"),
    "a field too many": ('{"type": "state", "more": 1}', "VALIDATION_ERROR"),
    "no data": ('{"type": "step"}', "VALIDATION_ERROR"),
    "an action of another kind": (
        '{"type": "step", "data": {"type": "shutdown"}}',
        "VALIDATION_ERROR",
    ),
    "an unknown field": ('{"type": "step", "data": {"sudo": true}}', "VALIDATION_ERROR"),
    "arguments that are no object": (
        '{"type": "step", "data": {"tool_name": "evennia_command", "arguments": "look"}}',
        "VALIDATION_ERROR",
    ),
    "a tool that is a number": (step(7), "VALIDATION_ERROR"),
    "a task that does not exist": (reset(task="test/errand.fly/2/3"), "EXECUTION_ERROR"),
    "a task of no family": (reset(task="test/nothing.deliver/2/3"), "EXECUTION_ERROR"),
    "a task without bounds": (reset(task="9" * 10_000), "EXECUTION_ERROR"),
    "a difficulty out of range": (reset(difficulty=11), "EXECUTION_ERROR"),
    "a difficulty that is none": (reset(difficulty={"a": 1}), "EXECUTION_ERROR"),
    "an unknown family": (reset(family="nothing"), "EXECUTION_ERROR"),
    "an unknown suite": (reset(suite="nothing"), "EXECUTION_ERROR"),
    "a file of the server's": (reset(suite="/etc/passwd"), "EXECUTION_ERROR"),
    "a file as a split": (reset(split="pyproject.toml", index=0), "EXECUTION_ERROR"),
    "an index beyond the last": (reset(split="train", index=10**9), "EXECUTION_ERROR"),
    "a negative seed": (reset(seed=-1), "EXECUTION_ERROR"),
    "a seed that is text": (reset(seed="x"), "EXECUTION_ERROR"),
    "an option that there is not": (reset(injected_state={}), "EXECUTION_ERROR"),
    "an option that shadows": (reset(self=1), "EXECUTION_ERROR"),
    "a long name": (reset(episode_id="x" * 129), "EXECUTION_ERROR"),
}


@pytest.mark.parametrize("name", REFUSED)
async def test_a_message_that_is_wrong_is_refused_and_the_task_goes_on(
    server: Served, name: str
) -> None:
    message, code = REFUSED[name]
    async with _session(server) as socket:
        await _said(socket, reset(task=ONE))
        await _said(socket, step("evennia_connect"))
        told = await _said(socket, message)
        assert (told["type"], told["data"]["code"]) == ("error", code), told
        assert "Traceback" not in json.dumps(told)
        assert "root:" not in json.dumps(told)
        went_on = await _said(socket, step(command="inventory"))
        assert went_on["data"]["observation"]["result"]


@pytest.mark.parametrize(
    "arguments",
    [
        {"command": "\ud800 look"}, {"\ud800": "\udfff"}, {"command": "x" * 20_000},
        {"command": "look\x00\x1b[31m"}, {"command": ["look"]}, {"command": None}, {},
    ],
)  # fmt: skip
async def test_what_an_agent_may_write_is_answered_by_the_tool(
    server: Served, arguments: dict[str, Any]
) -> None:
    async with _session(server) as socket:
        await _said(socket, reset(task=ONE))
        await _said(socket, step("evennia_connect"))
        assert (await _said(socket, step(**arguments)))["type"] == "observation"
        unknown = await _said(socket, step("evennia_fly"))
        assert unknown["data"]["observation"]["refused"]


async def test_a_step_before_a_reset_and_after_the_end_says_what_to_do(server: Served) -> None:
    async with EvenniaEnv(base_url=server.address) as env:
        with pytest.raises(RuntimeError, match="reset first"):
            await env.step(EvenniaAction.connect())
        await env.reset(task=ONE)
        await env.step(EvenniaAction.give_up())
        with pytest.raises(RuntimeError, match="reset begins another one"):
            await env.step(EvenniaAction.connect())


async def test_deep_nesting_ends_no_session(server: Served) -> None:
    async with _session(server) as socket:
        await _said(socket, reset(task=ONE))
        message = step(command=0).replace('{"command": 0}', f'{{"command": {DEEP}}}')
        told = await _said(socket, message)
        assert told["data"]["observation"]["refused"]
        assert (await _said(socket, '{"type": "state"}'))["data"]["task_id"] == ONE


@pytest.mark.parametrize("message", ["[]", "7", "[" * 20_000, b"\x00\xff"])
async def test_what_breaks_the_protocol_ends_that_session_alone(
    server: Served, message: str | bytes
) -> None:
    async with _session(server) as other, _session(server) as socket:
        await _said(other, reset(task=ONE))
        await _said(socket, reset(task=ONE))
        told = await _said(socket, message)
        assert told["data"]["code"] in ("SESSION_ERROR", "EXECUTION_ERROR")
        assert (await _said(other, step("evennia_connect")))["type"] == "observation"
    assert await asyncio.to_thread(server.pool.all_back)


async def test_a_message_without_bounds_ends_that_session_alone(server: Served) -> None:
    async with _session(server) as other, _session(server) as socket:
        await _said(other, reset(task=ONE))
        with pytest.raises(ConnectionClosed, match="1009"):
            await _said(socket, step(command="x" * (MAX_MESSAGE + 1)))
        assert (await _said(other, step("evennia_connect")))["type"] == "observation"


def _nested(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = {"a": value}
    return value


@pytest.mark.parametrize(
    ("tool", "arguments", "told"),
    [
        ("x" * 5000, {}, "unknown tool"),
        ("evennia_submit", {"answer": _nested(900)}, "nested deeper"),
        ("evennia_command", {"command": "say " + "\U0001f600" * 50_000}, "at most 1000 characters"),
        ("evennia_command", {"command": "look", "k" * 90_000: 1}, "Exits"),
        ("evennia_command", {str(n): "x" * 2000 for n in range(100)}, "must be a string"),
        ("evennia_submit", {str(n): "x" * 2000 for n in range(100)}, "not valid JSON"),
    ],
)
async def test_whatever_an_agent_writes_our_client_has_it_answered(
    server: Served, tool: str, arguments: dict[str, Any], told: str
) -> None:
    async with EvenniaEnv(base_url=server.address) as env:
        await env.reset(task=ONE)
        await env.step(EvenniaAction.connect())
        result = await env.step(EvenniaAction(tool_name=tool, arguments=arguments))
        assert told in result.observation.result
        assert not result.done
        assert (await env.step(EvenniaAction.command("look"))).observation.result


async def test_many_resets_leave_one_world(server: Served) -> None:
    async with _session(server) as socket:
        for _ in range(300):
            assert (await _said(socket, reset(task=ONE)))["type"] == "observation"
        assert len(server.pool.out) == 1
    assert await asyncio.to_thread(server.pool.all_back)


async def test_requests_at_the_same_time_are_done_one_after_the_other(server: Served) -> None:
    async with httpx.AsyncClient(base_url=server.address, timeout=60) as http:
        id = (await _rpc(http, "openenv/session/create"))["result"]["session_id"]
        address = f"{server.address.replace('http', 'ws')}/ws?session_id={id}"
        async with connect(address) as socket:
            await _said(socket, reset(task=ONE))
            calls = [
                _rpc(http, "tools/call", name="evennia_observe", session_id=id) for _ in range(20)
            ]
            told = await asyncio.gather(_said(socket, step("evennia_connect")), *calls)
            assert all("error" not in one for one in told)
            state = await _said(socket, '{"type": "state"}')
            assert state["data"]["step_count"] == 21
        await _rpc(http, "openenv/session/close", session_id=id)
    assert await asyncio.to_thread(server.pool.all_back)


async def test_another_session_s_state_cannot_be_had(server: Served) -> None:
    async with _session(server) as socket:
        await _said(socket, reset(task=ONE, episode_id="secret"))
        async with httpx.AsyncClient(base_url=server.address) as http:
            assert (await http.get("/state")).json()["episode_id"] is None
            found = await _rpc(http, "tools/call", name="evennia_observe", session_id="secret")
            assert "Unknown session_id" in found["error"]["message"]


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/reset", {"task": "nothing"}, 400),
        ("/reset", {"suite": "/etc/passwd"}, 400),
        ("/reset", {"seed": -1}, 422),
        ("/reset", {"episode_id": "\ud800"}, 400),
        ("/reset", {"\ud800": 1}, 400),
        ("/reset", {"family": "\ud800"}, 400),
        ("/step", {"action": {"\ud800": "\ud800"}}, 400),
        ("/step", {"action": {"tool_name": "evennia_connect"}}, 400),
        ("/step", {"action": {"sudo": 1}}, 422),
        ("/evennia_world/num_tasks", {"split": "nothing"}, 400),
        ("/evennia_world/num_tasks", {"split": "\ud800"}, 400),
        ("/evennia_world/task_range", {"split": "\ud800"}, 400),
        ("/evennia_world/num_tasks", {"split": "x" * 10_000}, 400),
        ("/evennia_world/task", {"split": "train", "index": -1}, 400),
        ("/evennia_world/task", {"split": "train", "index": 10**30}, 400),
        ("/other/num_tasks", {"split": "train"}, 404),
        ("/reset", {"task": "x" * MAX_MESSAGE}, 413),
    ],
)
async def test_a_request_that_is_wrong_is_refused(
    server: Served, path: str, body: dict[str, Any], status: int
) -> None:
    async with httpx.AsyncClient(base_url=server.address) as http:
        answer = await http.post(path, content=json.dumps(body), headers=JSON)
        assert answer.status_code == status, answer.text
        assert "Traceback" not in answer.text
    assert await asyncio.to_thread(server.pool.all_back)


async def test_mcp_requests_that_are_wrong_are_answered(server: Served) -> None:
    async with httpx.AsyncClient(base_url=server.address) as http:
        for name, arguments in (
            ("evennia_connect", {}), ("evennia_connect", "x"), (7, {}), (["x"], {}),
        ):  # fmt: skip
            told = await _rpc(http, "tools/call", name=name, arguments=arguments)
            assert told["error"]["code"] < 0
        for body in (b"", b"[]", b"{", b"\xff", DEEP.encode()):
            assert "error" in (await http.post("/mcp", content=body)).json()


async def test_a_page_of_another_site_is_refused(server: Served) -> None:
    headers = {"Origin": "http://elsewhere.example"}
    async with httpx.AsyncClient(base_url=server.address, headers=headers) as http:
        assert (await http.get("/state")).status_code == 403
    with pytest.raises(Exception, match="403"):
        await connect(f"{server.address.replace('http', 'ws')}/ws", additional_headers=headers)
    own = {"Origin": server.address}
    async with httpx.AsyncClient(base_url=server.address, headers=own) as http:
        assert (await http.get("/state")).status_code == 200


@pytest.mark.parametrize(
    "origin",
    ["http://[", "http://\u00e9", "null", "http://rebound.example", "http://127.0.0.1.nip.io"],
)
async def test_a_page_under_another_name_of_this_machine_is_refused(
    server: Served, origin: str
) -> None:
    headers = {"Origin": origin.encode(), "Host": origin.removeprefix("http://").encode()}
    async with httpx.AsyncClient(base_url=server.address, headers=headers) as http:
        assert (await http.post("/reset", json={})).status_code == 403


@pytest.mark.parametrize(
    ("headers", "body", "status"),
    [([(b"origin", b"http://elsewhere.example")], b"{}", 403), ([], b"x" * (MAX_MESSAGE + 1), 413)],
)
async def test_a_request_is_read_before_it_is_refused(
    headers: list[tuple[bytes, bytes]], body: bytes, status: int
) -> None:
    parts = [{"type": "http.request", "body": body, "more_body": more} for more in (True, False)]

    async def receive() -> Any:
        return parts.pop(0)

    async def send(message: Any) -> None:
        assert not parts  # what is closed on unread bytes is reset, and the answer lost
        sent.append(message)

    async def never(*_: Any) -> None:
        raise AssertionError

    sent: list[Any] = []
    await Guard(never)({"type": "http", "headers": headers}, receive, send)
    assert sent[0]["status"] == status


def _session(server: Served) -> connect:
    return connect(f"{server.address.replace('http', 'ws')}/ws")


async def _said(socket: Any, message: str | bytes) -> dict[str, Any]:
    await socket.send(message)
    told: dict[str, Any] = json.loads(await socket.recv())
    return told


async def _rpc(http: httpx.AsyncClient, method: str, **params: Any) -> dict[str, Any]:
    body = {"jsonrpc": "2.0", "method": method, "params": params, "id": 1}
    told: dict[str, Any] = (await http.post("/mcp", json=body)).json()
    return told
