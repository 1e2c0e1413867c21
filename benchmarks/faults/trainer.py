"""A trainer with a real `run-api`, and between it and `serve` a witness of what was accepted."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web

from benchmarks.soak_serve import free_port, register, rollout_server

POLL = 0.05
AWAY = 4.0
"""Seconds for which the trainer takes nothing, so that Atropos cancels workers."""
HOP = ("host", "content-length", "transfer-encoding", "connection", "content-encoding")
"""Headers that belong to one connection."""

Group = dict[str, Any]


class Trainer:
    """Takes groups of `group_size` rows; made by `training`."""

    def __init__(self, directory: Path, group_size: int) -> None:
        self.accepted: list[Group] = []
        """Groups that the rollout server has said to have received, and has not lost since."""
        self.received: list[Group] = []
        self.url = ""
        """Address for `--env.rollout_server_url`."""
        self._directory = directory
        self._group_size = group_size
        self._port = free_port()
        self._server = contextlib.AsyncExitStack()
        self._http: aiohttp.ClientSession
        self._present = asyncio.Event()
        self._present.set()

    async def start(self) -> None:
        """Start the rollout server and register."""
        address = await self._server.enter_async_context(
            rollout_server(self._directory, self._port)
        )
        self._http = await self._server.enter_async_context(aiohttp.ClientSession(address))
        await register(self._http, batch=self._group_size)

    async def stop(self) -> None:
        """Kill the rollout server."""
        await self._server.aclose()

    async def restart(self) -> None:
        """Kill the rollout server, with what it holds, and start another in its place."""
        self._present.clear()
        await self.stop()
        received = {key(group) for group in self.received}
        self.accepted = [group for group in self.accepted if key(group) in received]
        await self.start()
        self._present.set()

    async def away(self) -> None:
        """Take nothing for a while."""
        self._present.clear()
        await asyncio.sleep(AWAY)
        self._present.set()

    async def train(self) -> None:
        """Take batches for ever."""
        while True:
            await self._present.wait()
            try:
                if not await self._take():
                    await asyncio.sleep(POLL)
            except (aiohttp.ClientError, RuntimeError):  # it is being started anew
                await asyncio.sleep(POLL)

    async def drain(self) -> None:
        """Take all that is left."""
        while await self._take():
            pass

    async def _take(self) -> bool:
        batch = (await (await self._http.get("/batch")).json())["batch"]
        self.received += batch or []
        return bool(batch)

    async def witness(self, request: web.Request) -> web.Response:
        """Hand a request on, and note the groups that are accepted with it."""
        body = await request.read()
        headers = {k: v for k, v in request.headers.items() if k.lower() not in HOP}
        packed = request.headers.get("Content-Encoding") == "gzip"
        plain = gzip.decompress(body) if packed and body[:2] == b"\x1f\x8b" else body
        try:
            async with self._http.request(
                request.method, request.path, data=plain, headers=headers
            ) as answer:
                content = await answer.read()
                if answer.status == 200 and request.path.startswith("/scored_data"):
                    found = json.loads(plain)
                    self.accepted += found if isinstance(found, list) else [found]
                return web.Response(
                    body=content, status=answer.status, content_type=answer.content_type
                )
        except (aiohttp.ClientError, RuntimeError):
            if request.transport is not None:
                request.transport.abort()
            return web.Response(status=502)


@contextlib.asynccontextmanager
async def training(directory: Path, group_size: int) -> AsyncIterator[Trainer]:
    """A trainer that takes batches, with its rollout server."""
    trainer = Trainer(directory, group_size)
    app = web.Application(client_max_size=256 * 1024 * 1024)
    app.router.add_route("*", "/{path:.*}", trainer.witness)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    trainer.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    taking: asyncio.Task[None] | None = None
    try:
        await trainer.start()
        taking = asyncio.create_task(trainer.train())
        yield trainer
    finally:
        if taking is not None:
            taking.cancel()
            await asyncio.gather(taking, return_exceptions=True)
        await runner.cleanup()
        await trainer.stop()


def key(group: Group) -> tuple[str, ...]:
    """Tell a group from all others: by the first call of each of its conversations."""
    return tuple(
        next((c["id"] for m in messages for c in m.get("tool_calls") or ()), "")
        for messages in group["messages"]
    )
