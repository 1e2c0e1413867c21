"""Hosts that are actors of a Ray cluster: they come with its nodes, and are lost with them.

The cluster is somebody else's: it is joined, and left. Only the actors are ours, and end with us.
What Ray carries in the clear (its runtime environment) holds no more than where our code is.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import traceback
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path
from typing import Any

from environments.extras import needs
from environments.scaling.host import Answer, HostFailed, HostLost, Program
from environments.scaling.local import DONE, END_SECONDS, FAILED, REFUSED
from world_fixtures.common import UserError

ROOT = Path(__file__).resolve().parents[2]
AT_ONCE = 10_000
"""Orders that an actor can have: more than any run gives to one."""
EXTRA = "ray"
AUTO = "auto"
"""The address that stands for the cluster of this machine."""
REACH_SECONDS = 10.0
"""Until nobody is at an address."""


class Actor:
    """A host within an actor of Ray, with whose loop its program runs."""

    def __init__(self, program: Program) -> None:
        """Start nothing yet."""
        self._program = program
        self._running = AsyncExitStack()
        self._answer: Answer

    async def begin(self) -> tuple[str, Any]:
        """Begin the program; as `ask`, without a result."""
        try:
            self._answer = await self._running.enter_async_context(self._program())
        except Exception as error:
            return _told(error)
        return DONE, None

    async def ask(self, order: Any) -> tuple[str, Any]:
        """Return how an order ended, and its result or what to tell of it."""
        try:
            return DONE, await self._answer(order)
        except Exception as error:
            return _told(error)

    async def stay(self) -> None:
        """Never return: who waits for it learns that the actor is gone."""
        await asyncio.Event().wait()

    async def end(self) -> None:
        """End the program."""
        await self._running.aclose()


class RayCluster:
    """Actors on the nodes of a cluster: as many as are asked for, or as its processors hold."""

    def __init__(
        self, program: Program, address: str, *, number: int | None = None, cpus: float = 1.0
    ) -> None:
        """Join nothing yet.

        `address` is the cluster's, or `auto` for the one of this machine; `cpus` are the
        processors that each actor takes of its node; without a `number` there are as many actors
        as that allows, more when nodes join.
        """
        self._program = program
        self._address = address
        self._number = number
        self._cpus = cpus
        self._joined = False
        self._ray: Any = None

    async def wanted(self) -> int:
        """Return how many actors there should be."""
        if self._number is not None:
            return self._number
        nodes = [node for node in self._ray.nodes() if node["Alive"]]
        held = (int(node["Resources"].get("CPU", 0.0) / self._cpus) for node in nodes)
        return max(1, sum(held))

    def make(self, number: int) -> RayHost:
        """Make a host."""
        return RayHost(self._ray, self._program, self._cpus, f"actor-{number}")

    async def __aenter__(self) -> RayCluster:
        with needs(EXTRA):
            import ray  # half a second, for those who want it
        self._ray = ray
        if not ray.is_initialized():
            self._join()
            self._joined = True
        return self

    async def __aexit__(self, *exc: object) -> None:
        if self._joined:
            with signals_kept():
                await asyncio.to_thread(self._ray.shutdown)

    def _join(self) -> None:
        """Join the cluster. Raises UserError where it cannot be had."""
        try:
            self._reach()
            with signals_kept():
                self._ray.init(
                    self._address, log_to_driver=False, logging_level="error",
                    runtime_env={"env_vars": {"PYTHONPATH": python_path()}},
                )  # fmt: skip
        except (ConnectionError, ValueError, OSError, RuntimeError) as error:
            first = " ".join(str(error).split())[:300]
            raise UserError(
                f"no Ray cluster at --ray {self._address} ({type(error).__name__}: {first}): start"
                " one with `ray start --head`, or give the address of one and, where it asks for a"
                " token, RAY_AUTH_TOKEN or RAY_AUTH_TOKEN_PATH"
            ) from None

    def _reach(self) -> None:
        """Raise OSError where nothing listens at the address: Ray would try it for minutes."""
        if self._address != AUTO:
            socket.create_connection(_host_and_port(self._address), REACH_SECONDS).close()


class RayHost:
    """An actor that plays what it is asked to."""

    def __init__(self, ray: Any, program: Program, cpus: float, name: str) -> None:
        """Start nothing yet."""
        self.name = name
        self._ray = ray
        self._program = program
        self._cpus = cpus
        self._actor: Any = None
        self._begun = False

    async def start(self) -> None:
        """Start the actor, when a node has room for it, and wait until its program has begun."""
        made = self._ray.remote(Actor).options(
            num_cpus=self._cpus, max_concurrency=AT_ONCE, max_restarts=0, max_task_retries=0,
            scheduling_strategy="SPREAD",
        )  # fmt: skip
        self._actor = made.remote(self._program)
        await self._told(self._actor.begin)
        self._begun = True

    async def ask(self, order: Any) -> Any:
        """Give it an order and wait for the result."""
        return await self._told(self._actor.ask, order)

    async def lost(self) -> None:
        """Return when it is gone."""
        with contextlib.suppress(self._ray.exceptions.RayError):
            await self._actor.stay.remote()

    async def end(self) -> None:
        """Have its program end in order, and end the actor; at once where it has not begun."""
        if self._actor is None:
            return
        if self._begun:  # another may wait for a node that has room, and would not answer
            with contextlib.suppress(self._ray.exceptions.RayError, TimeoutError):
                async with asyncio.timeout(END_SECONDS):
                    await self._actor.end.remote()
        self._ray.kill(self._actor)
        self._actor = None

    async def _told(self, method: Any, *order: Any) -> Any:
        try:
            kind, value = await method.remote(*order)
        except self._ray.exceptions.RayError as error:
            first = " ".join(str(error).split())[:200]
            raise HostLost(f"{self.name}: {type(error).__name__}: {first}") from None
        if kind == REFUSED:
            raise UserError(value)
        if kind == FAILED:
            raise HostFailed(value)
        return value


def check_address(address: str) -> None:
    """Raise UserError where this can be no address of a cluster."""
    if address != AUTO:
        _host_and_port(address)


def _host_and_port(address: str) -> tuple[str, int]:
    host, _, port = address.rpartition(":")
    if not host or "/" in host or not port.isdecimal() or not 0 < int(port) < 1 << 16:
        raise UserError(
            f"--ray {address!r}: give the address of the cluster's head, HOST:6379, or {AUTO}"
        )
    return host, int(port)


def python_path() -> str:
    """Return where the actors find our code, besides what is installed with their Python."""
    given = os.environ.get("PYTHONPATH", "")
    return os.pathsep.join(filter(None, [str(ROOT), given]))


@contextmanager
def signals_kept() -> Iterator[None]:
    """Put back what a library sets for the signals that end a program."""
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.getsignal(number) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _told(error: Exception) -> tuple[str, str]:
    if isinstance(error, UserError):
        return REFUSED, str(error)
    return FAILED, "".join(traceback.format_exception(error))
