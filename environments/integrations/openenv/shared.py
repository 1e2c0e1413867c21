"""What all sessions of a server share: world servers, tasks, and the event loop of both."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable, Coroutine
from contextlib import AbstractAsyncContextManager
from typing import Any, TypeVar

from environments.episode import Worlds
from environments.hosting.made import retrieve
from environments.integrations.openenv.tasks import ServedTasks
from world_fixtures.background import BackgroundLoop

Result = TypeVar("Result")


class Shared:
    """World servers that start when the first session needs them, and tasks.

    Everything runs in one event loop: the one in which `worlds` was awaited first.
    """

    def __init__(
        self, worlds: Callable[[], AbstractAsyncContextManager[Worlds]], tasks: ServedTasks
    ) -> None:
        """Take what makes the pool of worlds, such as `ServerPool`, and the tasks."""
        self.tasks = tasks
        self._make = worlds
        self._running = contextlib.AsyncExitStack()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._starting: asyncio.Future[Worlds] | None = None
        self._own: BackgroundLoop | None = None
        self._guard = threading.Lock()

    async def worlds(self) -> Worlds:
        """Return the pool of worlds, started by the first call.

        Raises WorldLost or UserError where no server starts, and RuntimeError from another loop.
        """
        return await asyncio.shield(self.begin())

    def begin(self) -> asyncio.Future[Worlds]:
        """Have the world servers start, anew where they did not; the result is the pool."""
        loop = asyncio.get_running_loop()
        with self._guard:
            if self._loop not in (None, loop):
                raise RuntimeError("the world servers of these sessions run in another event loop")
            self._loop = loop
        if self._starting is None or (self._starting.done() and self._starting.exception()):
            self._starting = asyncio.ensure_future(self._start())
            self._starting.add_done_callback(retrieve)
        return self._starting

    async def close(self) -> None:
        """Stop the world servers and what makes tasks. May be called twice."""
        if self._starting is not None:
            with contextlib.suppress(Exception):  # whoever wanted the worlds was told
                await self._starting
        self._starting = self._loop = None
        await self._running.aclose()
        await self.tasks.close()

    def run(self, coroutine: Coroutine[Any, Any, Result]) -> Result:
        """Run a coroutine in the loop of the sessions and wait for it, from any other thread.

        Without a loop yet it is one in a thread of its own, until the program ends.
        """
        with self._guard:
            if self._loop is None:
                self._own = BackgroundLoop("openenv-sessions")
                self._own.run(self._adopt())
        if self._own is not None:
            return self._own.run(coroutine)
        assert self._loop is not None
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result()

    def soon(self, act: Callable[[], object]) -> None:
        """Have `act` called in the loop, at once in its own thread; nothing after its end."""
        loop = self._loop
        if loop is None:
            return
        try:
            here = asyncio.get_running_loop() is loop
        except RuntimeError:
            here = False
        if here:
            act()
        else:
            with contextlib.suppress(RuntimeError):  # the loop has ended, and its worlds with it
                loop.call_soon_threadsafe(act)

    async def _adopt(self) -> None:
        self._loop = asyncio.get_running_loop()

    async def _start(self) -> Worlds:
        return await self._running.enter_async_context(self._make())
