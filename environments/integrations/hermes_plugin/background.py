"""The world server beside a program that has no event loop: a thread with a loop of its own."""

from __future__ import annotations

import asyncio
import atexit
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

from environments.telemetry.live import LiveSessions

Result = TypeVar("Result")
PATIENCE = 30.0
"""Seconds for the world server to stop when the program ends."""


class Background:
    """Live sessions in a thread that the first call starts and the interpreter's end stops.

    Should the program end without its exit handlers, the world server sees its input close
    and ends by itself.
    """

    def __init__(self, root: Path, world: str) -> None:
        """`root` of the telemetry tree, and the name or path of the world."""
        self._root = root
        self._world = world
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread
        self._sessions: LiveSessions

    @property
    def started(self) -> bool:
        return self._loop is not None

    def run(self, work: Callable[[LiveSessions], Awaitable[Result]]) -> Result:
        """Do `work` in the loop and wait for it; from any thread but the loop's own.

        Raises UserError where the world does not exist, and whatever the work raises.
        """
        loop = self._start()

        async def worked() -> Result:
            return await work(self._sessions)

        return asyncio.run_coroutine_threadsafe(worked(), loop).result()

    def stop(self) -> None:
        """End the sessions, the world server and the thread. Idempotent."""
        with self._lock:
            loop, self._loop = self._loop, None
        if loop is None:
            return
        closed = asyncio.run_coroutine_threadsafe(self._sessions.close(), loop)
        try:
            closed.result(PATIENCE)
        finally:
            loop.call_soon_threadsafe(loop.stop)
            self._thread.join(PATIENCE)

    def _start(self) -> asyncio.AbstractEventLoop:
        from world_fixtures.library import load_world  # slow to import, and rarely needed

        with self._lock:
            if self._loop is None:
                self._sessions = LiveSessions(self._root, load_world(self._world))
                self._loop = asyncio.new_event_loop()
                self._thread = threading.Thread(
                    target=_serve, args=(self._loop,), name="evennia-world", daemon=True
                )
                self._thread.start()
                atexit.register(self.stop)
            return self._loop


def _serve(loop: asyncio.AbstractEventLoop) -> None:
    asyncio.set_event_loop(loop)
    try:
        loop.run_forever()
    finally:
        loop.close()
