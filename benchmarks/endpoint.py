"""An endpoint of fixed latency that plays the same moves in every conversation.

`python -m benchmarks.endpoint SECONDS [FAILING] [SEED]` prints its address and serves until
its standard input ends. FAILING is the share of requests that go wrong: most are answered
with an error, some with a body that is no JSON, some are refused for good, some never answered.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import sys
from collections.abc import AsyncIterator
from typing import Any

from aiohttp import web

WALK = (
    "look", "inventory", "exits", "north", "look", "south", "east", "look", "west", "up", "help",
    "down", "look", "inventory",
)  # fmt: skip
"""What can be tried in every world."""
TURNS = len(WALK) + 2
"""Model calls in each rollout."""
HANGS = 0.1
"""Share of the failing requests that are never answered."""
GARBLED = 0.2
"""Share of the failing requests that are answered with something that is no JSON."""
REFUSED = 0.05
"""Share of the failing requests that are refused: to ask again is of no use."""

Call = tuple[str, dict[str, Any]]


def move(turn: int) -> Call:
    """What is played at a turn, counted from 0: in, about, out."""
    if turn == 0:
        return "evennia_connect", {}
    if turn >= TURNS - 1:
        return "evennia_submit", {"answer": {}}
    return "evennia_command", {"command": WALK[turn - 1]}


class ScriptedEndpoint:
    """Answers `seconds` after the question; `turns` counts the answers."""

    def __init__(self, seconds: float, failing: float = 0.0, seed: int = 0) -> None:
        self.turns = 0
        self._seconds = seconds
        self._failing = failing
        self._random = random.Random(seed)
        self._bodies = [
            json.dumps(completion(f"call_{turn}", move(turn))).encode() for turn in range(TURNS)
        ]

    async def complete(self, request: web.Request) -> web.StreamResponse:
        """`POST /v1/chat/completions`."""
        messages = json.loads(await request.read())["messages"]
        turn = sum(m["role"] == "assistant" for m in messages)
        await asyncio.sleep(self._seconds)
        if self._random.random() < self._failing:
            return await self._fail()
        self.turns += 1
        return web.Response(
            body=self._bodies[min(turn, TURNS - 1)], content_type="application/json"
        )

    async def _fail(self) -> web.Response:
        kind = self._random.random()
        if kind < HANGS:
            await asyncio.Event().wait()
        if kind < HANGS + GARBLED:
            return web.Response(text="<html>bad gateway</html>", content_type="application/json")
        if kind < HANGS + GARBLED + REFUSED:
            return web.json_response({"error": {"message": "too long"}}, status=400)
        return web.json_response({"error": {"message": "overloaded"}}, status=503)

    def app(self) -> web.Application:
        """The endpoint as an application of aiohttp."""
        app = web.Application(client_max_size=64 * 1024 * 1024)
        app.router.add_post("/v1/chat/completions", self.complete)
        app.router.add_get("/v1/models", models)
        return app


def completion(id_: str, call: Call | None) -> dict[str, Any]:
    """A completion that makes one tool call, with this id, or says that it is done."""
    message: dict[str, Any] = {"role": "assistant", "content": None if call else "It is done."}
    if call is not None:
        function = {"name": call[0], "arguments": json.dumps(call[1])}
        message["tool_calls"] = [{"id": id_, "type": "function", "function": function}]
    reason = "stop" if call is None else "tool_calls"
    return {
        "id": f"chatcmpl-{id_}", "object": "chat.completion", "created": 0, "model": "script",
        "choices": [{"index": 0, "finish_reason": reason, "message": message}],
        "usage": {"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120},
    }  # fmt: skip


async def models(_: web.Request) -> web.Response:
    """`GET /v1/models`."""
    return web.json_response({"object": "list", "data": [{"id": "script", "object": "model"}]})


@contextlib.asynccontextmanager
async def running(seconds: float, failing: float = 0.0, seed: int = 0) -> AsyncIterator[str]:
    """The endpoint in a process of its own; gives its address for OpenAI clients."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "benchmarks.endpoint", str(seconds), str(failing), str(seed),
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, start_new_session=True,
    )  # fmt: skip
    assert process.stdin
    assert process.stdout
    try:
        yield (await process.stdout.readline()).decode().strip()
    finally:
        process.stdin.close()
        await process.wait()


async def serve(seconds: float, failing: float, seed: int) -> None:
    """Serve until standard input ends."""
    endpoint = ScriptedEndpoint(seconds, failing, seed)
    runner = web.AppRunner(endpoint.app(), access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, backlog=1024).start()
    print(f"http://127.0.0.1:{runner.addresses[0][1]}/v1", flush=True)
    await asyncio.to_thread(sys.stdin.read)
    await runner.cleanup()


if __name__ == "__main__":
    numbers = [float(a) for a in sys.argv[1:]]
    seconds, failing, seed = (*numbers, 0.0, 0.0)[:3]
    asyncio.run(serve(seconds, failing, int(seed)))
