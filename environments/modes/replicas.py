"""`serve --replicas N`: several environments for one trainer, kept alive, told of in one line.

Each is a process with an event loop and world servers of its own, and registers with the rollout
server by itself, which gives it a sequence of tasks of its own.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Sequence
from typing import Any, NamedTuple

from environments.modes.account import EVERY, Account, duration, tell_line
from environments.scaling.host import Answer, HostFailed, HostLost, Program
from environments.scaling.local import LocalHost, Workers

SERVE, STATUS = "serve", "status"
"""What a replica is asked: to serve until the trainer has had enough; how it goes."""
WAITS = (0.0, 1.0, 5.0, 30.0)
"""Seconds before a replica is started again, by how often it died in a row without delivering."""

logger = logging.getLogger(__name__)


class Status(NamedTuple):
    """What a replica has done since it was asked before."""

    groups: Sequence[tuple[Sequence[float], str]]
    """Scores and kind of each."""
    failures: Sequence[Sequence[str]]
    trainer: str
    """Where the trainer is; empty before it has begun."""


class Recorded(Account):
    """An account that is also handed on."""

    def __init__(self) -> None:
        super().__init__()
        self._groups: list[tuple[Sequence[float], str]] = []
        self._failures: list[Sequence[str]] = []

    def add(self, scores: Sequence[float], kind: str = "") -> None:
        """Count a group."""
        super().add(scores, kind)
        self._groups.append((list(scores), kind))

    def fail(self, reasons: Sequence[str]) -> None:
        """Count failed rollouts."""
        super().fail(reasons)
        if reasons:
            self._failures.append(list(reasons))

    def take(self, trainer: str) -> Status:
        """Return what was counted since the last call."""
        taken = Status(self._groups, self._failures, trainer)
        self._groups, self._failures = [], []
        return taken


def replica(env: Any) -> Answer:
    """Return what an environment answers as a replica."""
    account = env.account = Recorded()
    env.replica = True

    async def answer(order: str) -> Status | None:
        if order == STATUS:
            return account.take(env.trainer_told())
        await env.env_manager()
        return None

    return answer


class Replicas:
    """So many environments, started again when they die."""

    def __init__(self, program: Program, number: int) -> None:
        """Start nothing yet."""
        self._workers = Workers(program, number)
        self._number = number
        self._up: dict[int, LocalHost] = {}
        self._account = Account()
        self._trainer = ""
        self._restarts = 0

    async def serve(self) -> None:
        """Serve until each has ended by itself. Raises what one of them cannot begin for."""
        telling = asyncio.create_task(self._tell())
        try:
            async with asyncio.TaskGroup() as running:
                for place in range(self._number):
                    running.create_task(self._keep(place))
        except BaseExceptionGroup as failures:
            raise failures.exceptions[0] from None
        finally:
            telling.cancel()
            await asyncio.gather(telling, return_exceptions=True)
            said = [self._account.equal_by_kind(), self._account.advice()]
            tell_line("\n".join(filter(None, [f"served in all: {self._account.summary()}", *said])))

    async def _keep(self, place: int) -> None:
        """Have one environment serve; another takes its place where it dies."""
        in_row = 0
        while True:
            await asyncio.sleep(WAITS[min(in_row, len(WAITS) - 1)])
            host, groups = self._workers.make(place), self._account.groups
            try:
                await host.start()
                self._up[place] = host
                await host.ask(SERVE)
                return
            except (HostLost, HostFailed) as error:
                how = "died"
                if isinstance(error, HostFailed):
                    if place not in self._up:  # it would not begin the next time either
                        raise
                    logger.debug("environment %d failed:\n%s", place + 1, error)
                    how = f"failed ({str(error).strip().splitlines()[-1]})"
                self._restarts += 1
                in_row = in_row + 1 if self._account.groups == groups else 0
                wait = duration(WAITS[min(in_row, len(WAITS) - 1)])
                tell_line(f"environment {place + 1} of {self._number} {how}: again in {wait}")
            finally:
                if self._up.pop(place, None) is not None:
                    await self._ask(host)  # what it delivered since the last line counts, too
                await host.end()

    async def _tell(self) -> None:
        """Say now and then how all of them do, in one line."""
        while True:
            await asyncio.sleep(EVERY)
            await asyncio.gather(*map(self._ask, list(self._up.values())))
            tell_line(self.line())

    async def _ask(self, host: LocalHost) -> None:
        with contextlib.suppress(HostLost, TimeoutError):
            async with asyncio.timeout(EVERY / 2):
                status: Status = await host.ask(STATUS)
            for scores, kind in status.groups:
                self._account.add(scores, kind)
            for reasons in status.failures:
                self._account.fail(reasons)
            self._trainer = status.trainer or self._trainer

    def line(self) -> str:
        """Say how it goes: environments that are up, what was delivered, where the trainer is."""
        again = f", {self._restarts} started again" if self._restarts else ""
        there = f"{len(self._up)} of {self._number} environments{again}"
        return f"serve: {there}; {self._account.line()}{self._trainer}"
