"""A model endpoint that plays the tasks of a book, and fails where it is told to.

Each call that it makes has an id of its own, so that of every line written later it can be said
whether, and how often, it was played. Where a conversation stands is read from these ids: an
answer that was lost, or cut off and not carried out, is given again.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import socket
import struct
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, Self

from aiohttp import web

from benchmarks import endpoint
from benchmarks.faults import plan
from benchmarks.faults.book import Stage

LATENCY = 0.04
HUGE = 32 * 1024 * 1024
"""Bytes of a very large answer."""
BUSY = 1.5
"""Seconds for which an endpoint that says when to come again stays busy."""
STORM = 40
"""Requests of one conversation while the endpoint is busy that nobody may make."""
DRIP = 0.2
"""Seconds between two bytes of a slow answer."""
REFUSED = 1.2
"""Seconds for which nobody listens: longer than the first pause of who tries again."""
EVIL = "\x1b[2J\x1b]0;owned\x07 \x1b[31mred"
"""What no terminal may be sent."""

BUSY_FOR = {"busy_zero": "0", "busy_negative": "-5", "busy_nan": "nan", "busy_huge": "1e12"}
ODD_USAGE: tuple[Any, ...] = (
    "many", [], {"prompt_tokens": "12"}, {"prompt_tokens": None, "completion_tokens": {}}, -1,
    {"prompt_tokens": 1e400, "completion_tokens": -3},
)  # fmt: skip
ERRORS = {"error_500": 500, "error_503": 503, "ansi_error": 500, plan.STUBBORN: 400}
SPOILT = ("finish_error", "content_filter", "choice_error", "empty_message", "null_message",
          "text_message", "no_choices")  # fmt: skip
"""Answers with status 200 that are none."""


class FaultyEndpoint:
    """Listens while it is entered. `due` says which fault a request meets, by its number."""

    def __init__(self, stages: Mapping[str, Stage], due: Callable[[int], str | None]) -> None:
        self.requests = 0
        self.issued: dict[str, str] = {}
        """Task of each call that was made, by the call's id."""
        self.happened: Counter[str] = Counter()
        self.storms = 0
        """Conversations that asked a busy endpoint again and again."""
        self._stages = stages
        self._due = due
        self._ids = itertools.count()
        self._stubborn: set[str] = set()
        self._busy: dict[str, tuple[str, float]] = {}
        self._asked: Counter[str] = Counter()
        self._tasks: set[asyncio.Task[None]] = set()
        self._port = 0
        self._site: web.TCPSite | None = None
        app = web.Application(client_max_size=64 * 1024 * 1024)
        app.router.add_post("/v1/chat/completions", self._complete)
        app.router.add_get("/v1/models", endpoint.models)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)

    @property
    def url(self) -> str:
        """Base URL for an OpenAI client."""
        return f"http://127.0.0.1:{self._port}/v1"

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        await self._listen()
        self._port = self._runner.addresses[0][1]
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._runner.cleanup()

    def heal(self) -> None:
        """Answer every request from now on."""
        self._due = lambda number: None
        self._stubborn.clear()
        self._busy.clear()

    async def _listen(self) -> None:
        self._site = web.TCPSite(self._runner, "127.0.0.1", self._port, backlog=1024)
        await self._site.start()

    async def _complete(self, request: web.Request) -> web.StreamResponse:
        messages = json.loads(await request.read())["messages"]
        prompt = next(m["content"] for m in messages if m["role"] == "user")
        stage = self._stages.get(prompt.rpartition("\n\n(")[0])
        if stage is None:
            return _error(400, "this task is none of mine")
        conversation = f"{prompt}/{_first_id(messages)}"
        if busy := self._still_busy(conversation):
            return busy  # does not count: it may be asked very often
        self.requests += 1
        fault = self._due(self.requests)
        if fault:
            self.happened[fault] += 1
        if fault == plan.STUBBORN:
            self._stubborn.add(stage.task)
        if stage.task in self._stubborn:
            return _error(400, "I will not play this")
        if fault in BUSY_FOR:
            ends = asyncio.get_running_loop().time() + BUSY
            self._busy[conversation] = (BUSY_FOR[fault], ends)
            return _come_again(BUSY_FOR[fault])
        await asyncio.sleep(LATENCY)
        whole = self._next(stage, messages, cut=fault == "cut_call")
        return await self._spoil(request, fault, whole)

    def _still_busy(self, conversation: str) -> web.Response | None:
        wait, ends = self._busy.get(conversation, ("", 0.0))
        if asyncio.get_running_loop().time() >= ends:
            return None
        self._asked[conversation] += 1
        self.storms += self._asked[conversation] == STORM
        return _come_again(wait)

    def _next(self, stage: Stage, messages: list[dict[str, Any]], cut: bool) -> dict[str, Any]:
        """Make the next call of a conversation; a step that was cut off is made again."""
        said = [c["id"] for m in messages for c in m.get("tool_calls") or ()]
        done = sum(id_ in self.issued for id_ in said)
        call = stage.calls[done] if done < len(stage.calls) else None
        id_ = f"{'cut' if cut else 'call'}-{next(self._ids)}"
        whole = endpoint.completion(id_, call)
        if cut and call is not None:
            choice = whole["choices"][0]
            choice["finish_reason"] = "length"
            function = choice["message"]["tool_calls"][0]["function"]
            function["arguments"] = '{"command": "lo'
        else:
            self.issued[id_] = stage.task
        return whole

    async def _spoil(
        self, request: web.Request, fault: str | None, whole: dict[str, Any]
    ) -> web.StreamResponse:
        """Send an answer, or what a fault makes of it."""
        if fault == "refused":
            self._spawn(self._refuse())
            return await _cut(request, b"", 100)
        if fault == "reset":
            return await _cut(request, b'{"id": "chat', 4096)
        if fault == "slow":
            return await _drip(request, json.dumps(whole).encode())
        if fault == "silent":
            await asyncio.sleep(3600)
        if fault in ERRORS:
            text = f"it failed {EVIL}" if fault == "ansi_error" else "it failed"
            return _error(ERRORS[fault], text)
        if fault in RAW:
            return web.Response(body=RAW[fault], content_type="application/json")
        if fault == "html":
            page = "<html><h1>502 Bad Gateway</h1></html>"
            return web.Response(text=page, content_type="text/html")
        if fault in SPOILT:
            whole = spoilt(fault, whole)
        elif fault == "odd_usage":
            whole["usage"] = ODD_USAGE[self.requests % len(ODD_USAGE)]
        elif fault == "huge_answer":
            whole["padding"] = "x" * HUGE
        return web.json_response(whole)

    async def _refuse(self) -> None:
        """Listen to nobody for a moment."""
        assert self._site
        await self._site.stop()
        try:
            await asyncio.sleep(REFUSED)
        finally:
            await self._listen()

    def _spawn(self, work: Any) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


RAW = {"invalid_json": b'{"choices": [{"index": 0,', "empty_body": b""}
"""Bodies that are no completion."""


def spoilt(kind: str, whole: dict[str, Any]) -> dict[str, Any]:
    """Make of a completion one that only looks like an answer."""
    choice = whole["choices"][0]
    if kind == "no_choices":
        return {**whole, "choices": []}
    changed: dict[str, dict[str, Any]] = {
        "empty_message": {"message": {}},
        "null_message": {"message": None},
        "text_message": {"message": "I am thinking."},
        "choice_error": {
            "message": {"role": "assistant", "content": ""}, "finish_reason": "stop",
            "error": {"code": 502, "message": "the provider failed"},
        },
        "finish_error": {
            "message": {"role": "assistant", "content": "I was about"}, "finish_reason": "error",
        },
        "content_filter": {
            "message": {"role": "assistant", "content": ""}, "finish_reason": "content_filter",
        },
    }  # fmt: skip
    return {**whole, "choices": [{**choice, **changed[kind]}]}


def _first_id(messages: list[dict[str, Any]]) -> str:
    """Tell one play of a task from another."""
    return next((c["id"] for m in messages for c in m.get("tool_calls") or ()), "")


def _error(status: int, text: str, headers: dict[str, str] | None = None) -> web.Response:
    problem = {"error": {"message": text, "type": "fault", "code": status}}
    return web.json_response(problem, status=status, headers=headers)


def _come_again(wait: str) -> web.Response:
    return _error(429, "come again", {"Retry-After": wait})


async def _cut(request: web.Request, part: bytes, promised: int) -> web.StreamResponse:
    """Begin an answer and reset the connection."""
    response = web.StreamResponse(headers={"Content-Length": str(promised)})
    response.content_type = "application/json"
    transport = request.transport
    with contextlib.suppress(ConnectionError):
        if part:
            await response.prepare(request)
            await response.write(part)
    if transport is not None:
        plug: socket.socket = transport.get_extra_info("socket")
        with contextlib.suppress(OSError):
            plug.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()
    return response


async def _drip(request: web.Request, body: bytes) -> web.StreamResponse:
    """Send an answer byte for byte."""
    response = web.StreamResponse(headers={"Content-Length": str(len(body))})
    response.content_type = "application/json"
    await response.prepare(request)
    with contextlib.suppress(ConnectionError):  # nobody waits for its end
        for byte in body:
            await response.write(bytes([byte]))
            await asyncio.sleep(DRIP)
    return response
