"""What the hosts of these tests run: they are started anew, and import this file."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from world_fixtures.common import UserError


@dataclass(frozen=True)
class Sums:
    """Adds; leaves a file for each host that began, and takes it away when it ends."""

    directory: Path

    def mark(self, name: str) -> Path:
        """The file that says that an order has come."""
        return self.directory.with_name(name)

    def __call__(self) -> Any:
        return self._run()

    @asynccontextmanager
    async def _run(self) -> AsyncIterator[Any]:
        mark = self.directory / str(os.getpid())
        mark.touch()
        try:
            yield self._answer
        finally:
            mark.unlink()

    async def _answer(self, order: Any) -> Any:
        match order:
            case "die":
                os.kill(os.getpid(), signal.SIGKILL)
            case "refuse":
                raise UserError("the sum is too large: give smaller numbers")
            case "fail":
                raise KeyError("no such sum")
            case "wait":
                self.mark("waits").touch()
                await asyncio.Event().wait()
            case "wait once":
                if not self.mark("waited").exists():
                    self.mark("waited").write_text(str(os.getpid()))
                    await asyncio.Event().wait()
                return os.getpid()
        return sum(order)


@dataclass(frozen=True)
class Loading:
    """Is never there: it is being read when it says so in a file, and that does not end."""

    mark: Path

    def __reduce__(self) -> Any:
        return load, (self.mark,)

    def __call__(self) -> Any:
        raise AssertionError("it is never there")


def load(mark: Path) -> None:
    """Be busy as an import of large libraries is, which looks at no socket."""
    mark.touch()
    while True:
        signal.pause()


@dataclass(frozen=True)
class Delivering:
    """A replica that fails when it serves first, is killed when it serves again, then ends well."""

    directory: Path

    @asynccontextmanager
    async def __call__(self) -> AsyncIterator[Any]:
        yield self._answer

    async def _answer(self, order: Any) -> Any:
        from environments.modes.replicas import STATUS, Status  # no other host needs it

        if order == STATUS:
            return Status([([1.0, 0.0], "map")], [], "")
        number = len(list(self.directory.iterdir()))
        (self.directory / str(number)).touch()
        if number == 0:
            raise LookupError("no such group")
        if number == 1:
            os.kill(os.getpid(), signal.SIGKILL)
        return None


@asynccontextmanager
async def refused() -> AsyncIterator[Any]:
    """A program that cannot begin."""
    raise UserError("a host lacks the variable MY_KEY: export it")
    yield


@asynccontextmanager
async def failing() -> AsyncIterator[Any]:
    """A program with a defect in how it begins."""
    raise LookupError("no such world")
    yield
