"""Live sessions for a program that has no event loop: a thread with a loop of its own."""

from __future__ import annotations

import atexit
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

from environments.telemetry.live import LiveSessions
from world_fixtures.background import BackgroundLoop

Result = TypeVar("Result")


class Background:
    """Live sessions in a thread that the first call starts and the interpreter's end stops.

    Should the program end without its exit handlers, the world server sees its input close
    and ends by itself.
    """

    def __init__(self, root: Path, world: str) -> None:
        """Take the root of the telemetry tree, and the name or path of the world."""
        self._root = root
        self._world = world
        self._guard = threading.Lock()
        self._loop: BackgroundLoop | None = None
        self._sessions: LiveSessions

    @property
    def started(self) -> bool:
        """Whether a call has been made, and `stop` not yet."""
        return self._loop is not None

    def run(self, work: Callable[[LiveSessions], Awaitable[Result]]) -> Result:
        """Do `work` in the loop and wait for it; from any thread but the loop's own.

        Raises UserError where the world does not exist, and whatever the work raises.
        """
        loop = self._start()

        async def worked() -> Result:
            return await work(self._sessions)

        return loop.run(worked())

    def stop(self) -> None:
        """End the sessions, the world server and the thread. Idempotent."""
        with self._guard:
            loop, self._loop = self._loop, None
        if loop is None:
            return
        try:
            loop.run(self._sessions.close())
        finally:
            loop.close()

    def _start(self) -> BackgroundLoop:
        # YAML and the checks of worlds: slow to import, and rarely needed where Hermes starts
        from world_fixtures.library import load_world

        with self._guard:
            if self._loop is None:
                self._sessions = LiveSessions(self._root, load_world(self._world))
                self._loop = BackgroundLoop()
                atexit.register(self.stop)
            return self._loop
