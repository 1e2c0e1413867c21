"""What a host is, seen from who gives it work: something that starts, answers orders, and ends."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol

Answer = Callable[[Any], Awaitable[Any]]
"""`await answer(order)` -> its result, within a host."""
Program = Callable[[], AbstractAsyncContextManager[Answer]]
"""What a host runs: entered when it begins, left when it ends. Can be pickled."""


class HostLost(Exception):
    """A host is gone, with all that it was playing; the message says how that was found."""


class HostFailed(Exception):
    """A host's program raised what it does not raise by design; the message holds the details."""


class Host(Protocol):
    """One host."""

    name: str
    """Tells it from the others of a run, in messages and in the names of files."""

    async def start(self) -> None:
        """Start it and wait until its program has begun.

        Raises HostLost, HostFailed, and what the user can correct as UserError.
        """

    async def ask(self, order: Any) -> Any:
        """Give it an order and wait for the result.

        Raises HostLost, HostFailed, and what the user can correct as UserError.
        """

    async def lost(self) -> None:
        """Return when it is gone."""

    async def end(self) -> None:
        """Have its program end in order, and end it. Safe where it is gone."""


class Source(Protocol):
    """Where hosts come from; an asynchronous context manager.

    Entering it raises UserError where they cannot be had.
    """

    async def wanted(self) -> int:
        """Return how many hosts there should be now."""

    def make(self, number: int) -> Host:
        """Make the host with this number, counted from 0 over the whole run; nothing starts yet."""

    async def __aenter__(self) -> Any: ...
    async def __aexit__(self, *exc: object) -> None: ...
