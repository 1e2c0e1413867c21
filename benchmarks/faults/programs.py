"""Programs as a user runs them, in a place of their own, and everything that they leave there.

A variable of the environment marks all processes of a place, however deep: what still carries
it when the program has ended was left behind.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import resource
import signal
import stat
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from world_fixtures import home

ROOT = Path(__file__).resolve().parents[2]
ENV_FILE = str(ROOT / "environments" / "evennia_world_env.py")
MARK = "EVENNIA_WORLD_FAULTS"
POLL = 0.1
SETTLE = 30.0
"""Seconds for the processes of a program that has ended to end, too."""
DIES = 5.0
"""Seconds for processes to be gone after SIGKILL."""


@dataclass(frozen=True)
class Marked:
    """A process of a place."""

    pid: int
    parent: int
    command: str


class Place:
    """A directory with all that programs write: output, worlds, temporary files, logs."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.out = directory / "out"
        self._scratch = directory / "worlds" / "scratch"
        self._temporary = directory / "tmp"
        self._working = directory / "cwd"
        self._excused: set[Path] = set()
        for made in (self.out, self._scratch, self._temporary, self._working):
            made.mkdir(parents=True)
        (directory / "worlds" / "templates").symlink_to(home.template().parent)

    @property
    def environ(self) -> dict[str, str]:
        """Variables for the programs: no keys, and everything they write in this place."""
        kept = {k: v for k, v in os.environ.items() if not k.endswith("API_KEY")}
        return {
            **kept, MARK: str(self.directory), "EVENNIA_WORLD_HOME": str(self._scratch.parent),
            "TMPDIR": str(self._temporary), "PYTHONPATH": str(ROOT), "WANDB_MODE": "offline",
            "PYTHONUNBUFFERED": "1",
        }  # fmt: skip

    def processes(self) -> list[Marked]:
        """All processes of this place that have not ended."""
        return [m for m in _marked(f"{MARK}={self.directory}".encode()) if home.alive(m.pid)]

    def prefork_servers(self) -> list[int]:
        """Processes that load Evennia and fork the world servers."""
        worlds = self._worlds()
        return [m.pid for m in worlds if m.parent not in {w.pid for w in worlds}]

    def world_servers(self) -> list[int]:
        """Processes in which worlds are played."""
        worlds = self._worlds()
        return [m.pid for m in worlds if m.parent in {w.pid for w in worlds}]

    def _worlds(self) -> list[Marked]:
        return [m for m in self.processes() if home.MAIN in m.command]

    async def settled(self) -> list[str]:
        """Wait until no process is left. Says which ones are, and ends them."""
        for process in self.processes():  # one that we have stopped cannot end
            send(process.pid, signal.SIGCONT)
        await until(lambda: not self.processes(), SETTLE)
        left = self.processes()
        await self.end()
        return [f"process {p.command[:120]}" for p in left]

    async def end(self) -> None:
        """End every process at once."""
        for process in self.processes():
            send(process.pid, signal.SIGKILL)
        await until(lambda: not self.processes(), DIES)

    def left_over(self) -> list[str]:
        """Files that a program should have removed, once all have ended."""
        found = [f"scratch directory {p.name}" for p in self._scratch.iterdir()]
        kept = set(self._temporary.iterdir()) - self._excused
        found += [f"temporary file {p.name}" for p in kept]
        for path in self.out.rglob("*"):
            if path.suffix in (".new", ".tmp") or stat.S_ISSOCK(path.lstat().st_mode):
                found.append(f"{path.relative_to(self.directory)}")
        return found

    def excuse_temporary(self) -> None:
        """Expect what is there now to stay: libraries of a killed program could not remove it."""
        self._excused |= set(self._temporary.iterdir())

    def error_files(self) -> list[str]:
        """Details of errors that nobody foresaw."""
        return [p.read_text() for p in self._working.glob("evennia-world-error-*")]

    async def start(self, options: list[str], descriptors: int | None = None) -> Program:
        """Start `python environments/evennia_world_env.py OPTIONS` in a session of its own.

        It may have `descriptors` open files, None: as many as this process.
        """

        def limit() -> None:
            if descriptors is not None:
                resource.setrlimit(resource.RLIMIT_NOFILE, (descriptors, descriptors))

        path = self.directory / f"output-{time.monotonic_ns()}.log"
        with open(path, "wb") as log:  # noqa: ASYNC230
            process = await asyncio.create_subprocess_exec(
                sys.executable, ENV_FILE, *options, cwd=self._working, env=self.environ,
                stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True, preexec_fn=limit,
            )  # fmt: skip
        return Program(process, path)


class Program:
    """A program that was started; its output goes to a file."""

    def __init__(self, process: asyncio.subprocess.Process, log: Path) -> None:
        self._process = process
        self._log = log

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        return self._process.returncode is None

    @property
    def code(self) -> int:
        """Exit code; negative where a signal ended it."""
        assert self._process.returncode is not None
        return self._process.returncode

    @property
    def printed(self) -> str:
        """What it has printed."""
        return self._log.read_text(errors="replace")

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the program alone, as `kill` does."""
        send(self._process.pid, number)

    def limit_files(self, size: int) -> None:
        """Let no file that the program writes from now on be larger than `size` bytes.

        World servers that run already may write as before.
        """
        with contextlib.suppress(ProcessLookupError):
            resource.prlimit(self._process.pid, resource.RLIMIT_FSIZE, (size, size))

    async def wait(self, seconds: float) -> bool:
        """Wait for its end; False, and SIGKILL, where it does not end in time."""
        try:
            async with asyncio.timeout(seconds):
                await self._process.wait()
        except TimeoutError:
            self.signal(signal.SIGKILL)
            await self._process.wait()
            return False
        return True


def send(pid: int, number: signal.Signals) -> None:
    """Send a signal to a process, which may have ended."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


async def until(true: Callable[[], object], seconds: float) -> bool:
    """Return when `true()` is, or so many seconds later; whether it was."""
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() >= deadline:
            return False
        await asyncio.sleep(POLL)
    return True


def _marked(mark: bytes) -> Iterator[Marked]:
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            if mark not in (entry / "environ").read_bytes().split(b"\0"):
                continue
            command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
        except (OSError, ValueError):
            continue  # it has ended, or is somebody else's
        yield Marked(int(entry.name), parent, command)
