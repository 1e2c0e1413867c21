"""Where a game runs: the process that has it loaded, and forks a process for each rollout."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from world_fixtures import home
from world_fixtures.client import WorldClient
from world_fixtures.common import WorldLost
from world_fixtures.foreign.snapshot import MODULE, Snapshot, command_env, snapshot_for
from world_fixtures.spec import GameWorld

Made = TypeVar("Made")
LOAD_TIMEOUT = 600.0
"""Seconds that loading a game may take; several at once on a busy machine take long."""
STOP_TIMEOUT = 10.0
PATIENCE = (40.0, 120.0)
"""Seconds of processor time, and by the clock, that a rollout may take for one command."""


class GameSite:
    """A `world_fixtures.site.Site` whose process has a game loaded.

    It is asked over a Unix socket that it inherits; it listens nowhere.
    """

    def __init__(self, game: GameWorld, python: str) -> None:
        """Take the game, and the path of the interpreter to run it in."""
        self.game = game
        self.python = python
        self.scratch: Path | None = None
        self.snapshot: Snapshot | None = None
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """Process id of the last process."""
        assert self._process
        return self._process.pid

    async def prepare(self) -> None:
        """Make the snapshot, where it is not there, and a scratch directory."""
        self.snapshot = await _in_thread(lambda: snapshot_for(self.game, self.python))
        self.scratch = await _in_thread(home.new_directory)

    async def connect(self) -> WorldClient:
        """Load the game in a process and connect to it."""
        assert self.scratch
        shutil.rmtree(self.scratch / "run", ignore_errors=True)
        ours = await asyncio.to_thread(self._launch)
        reader, writer = await asyncio.open_connection(sock=ours)
        line, why = b"", ""
        try:
            async with asyncio.timeout(LOAD_TIMEOUT):
                line = await reader.readline()
        except TimeoutError:
            why = f"it was not ready within {LOAD_TIMEOUT:g} s"
        except ConnectionError:
            pass  # it has ended, and said why
        except BaseException:
            writer.close()
            self.kill()
            raise
        if line != b"ready\n":
            writer.close()
            self.kill()
            why = why or self._last_line()
            raise WorldLost(f"the game {self.game.name} did not load: {why}")
        return WorldClient(writer)

    def _launch(self) -> socket.socket:
        assert self.scratch
        assert self.snapshot
        ours, theirs = socket.socketpair()
        run = str(self.scratch / "run")
        with theirs, open(self.scratch / "output.log", "ab") as log:
            self._process = subprocess.Popen(
                [self.python, "-m", f"{MODULE}.main", str(self.snapshot.path), run,
                 *map(str, PATIENCE)],
                stdin=theirs.fileno(), stdout=log, stderr=log, env=command_env(self.python),
                cwd=self.scratch, start_new_session=True,
            )  # fmt: skip
        return ours

    def kill(self) -> None:
        """End the process at once, as a crash would; its forks end with it."""
        if self._process is not None and self._process.poll() is None:
            os.kill(self._process.pid, signal.SIGKILL)

    async def wait(self) -> None:
        """Return when the process has ended."""
        if self._process is not None:
            await asyncio.to_thread(self._process.wait)

    async def end(self, *, keep: bool = False) -> None:
        """Have the process stop: it does when its connection closes, which the client has done."""
        if self._process is None:
            return
        try:
            await asyncio.to_thread(self._process.wait, STOP_TIMEOUT)
        except (subprocess.TimeoutExpired, RuntimeError):
            self.kill()
            self._process.wait()

    async def leave(self) -> None:
        """Remove the scratch directory."""
        if self.scratch is not None:
            shutil.rmtree(self.scratch, ignore_errors=True)

    def _last_line(self) -> str:
        assert self.scratch
        with contextlib.suppress(OSError):
            text = (self.scratch / "output.log").read_text(errors="replace")
            lines = text.strip().splitlines()
            return lines[-1] if lines else "it said nothing"
        return "it said nothing"


async def _in_thread(make: Callable[[], Made]) -> Made:
    """Run what blocks in a thread, and wait for it even when cancelled: it leaves files."""
    making = asyncio.ensure_future(asyncio.to_thread(make))
    try:
        return await asyncio.shield(making)
    except asyncio.CancelledError:
        await making
        raise
