"""Making tasks in a process beside: a task costs tens of milliseconds, which an event loop lacks.

The process reads a line of JSON a task, the arguments of `make_task`, and writes the task, or
what is wrong, as a line. It ends when its input ends, so it cannot outlive who started it.
"""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from pathlib import Path
from typing import NamedTuple

from environments.tasks.model import Family, Task
from world_fixtures.common import UserError
from world_fixtures.generator.words import Split

ROOT = Path(__file__).resolve().parents[2]
MAX_LINE = 64 << 20
"""Bytes of one task at most."""
STOP_SECONDS = 5.0


class Wanted(NamedTuple):
    """What a task is made of: the arguments of `make_task`."""

    family: Family
    seed: int
    difficulty: int
    split: Split
    kind: str | None = None


class TaskWorker:
    """Makes tasks in a process that is started with the first; `stop` it in the end."""

    def __init__(self) -> None:
        """Start nothing yet."""
        self._process: Process | None = None
        self._turn = asyncio.Lock()

    async def make(self, wanted: Wanted) -> Task:
        """Make a task, or make it here where the process is gone. Raises as `make_task` does."""
        async with self._turn:
            line = await self._answer(wanted)
        if not line:
            from environments.tasks.build import make_task  # loads the generator

            return await asyncio.to_thread(
                make_task, wanted.family, wanted.seed, wanted.difficulty, wanted.kind, wanted.split
            )
        if line.startswith(b"!"):
            raise UserError(json.loads(line[1:]))
        return Task.model_validate_json(line)

    async def _answer(self, wanted: Wanted) -> bytes:
        """Ask the process; empty where it is gone. One that is left half-way is not asked again."""
        answered = False
        try:
            line = await self._ask(wanted)
            answered = line.endswith(b"\n")
            return line if answered else b""
        except (OSError, ValueError):
            return b""
        finally:
            if not answered:
                process, self._process = self._process, None
                if process is not None and process.returncode is None:
                    process.kill()
                    await process.wait()  # or its pipes would outlive a loop that ends now

    async def _ask(self, wanted: Wanted) -> bytes:
        if self._process is None:
            program = (
                f"import sys; sys.path.insert(0, {str(ROOT)!r});"
                " from environments.tasks.worker import serve; serve()"
            )
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, "-c", program, stdin=PIPE, stdout=PIPE, stderr=DEVNULL,
                limit=MAX_LINE,
            )  # fmt: skip
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(wanted).encode() + b"\n")
        await self._process.stdin.drain()
        return await self._process.stdout.readline()

    async def stop(self) -> None:
        """End the process; safe to call twice."""
        process, self._process = self._process, None
        if process is None or process.returncode is not None:
            return
        assert process.stdin is not None
        process.stdin.close()
        try:
            async with asyncio.timeout(STOP_SECONDS):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()


def serve() -> None:
    """Answer requests on standard input until it ends."""
    from environments.tasks.build import make_task  # loads the generator

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # who started it ends it
    for line in sys.stdin:
        family, seed, difficulty, split, kind = json.loads(line)
        try:
            print(make_task(Family(family), seed, difficulty, kind, split).model_dump_json())
        except UserError as error:
            print("!" + json.dumps(str(error)))
        sys.stdout.flush()
