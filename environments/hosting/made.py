"""What takes a while to make, made once for all who want it, with a bound on what is kept."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Hashable
from typing import Any, Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Made = TypeVar("Made")

KEPT = 256
"""Things that were made and are kept, the last that were wanted: a group asks for one often."""


class MadeOnce(Generic[Key, Made]):
    """Things by key, each made by one call of a coroutine function, whoever asks and how often.

    What could not be made is tried again for the next who wants it. All methods belong to one
    event loop until `close`.
    """

    def __init__(self, make: Callable[[Key], Coroutine[Any, Any, Made]]) -> None:
        """Take what makes the thing of a key."""
        self._make = make
        self._making: dict[Key, asyncio.Task[Made]] = {}
        """The least recently wanted first."""

    def begin(self, key: Key) -> None:
        """Have the thing made, if it is not there, without waiting for it."""
        self._wanted(key)

    async def get(self, key: Key) -> Made:
        """Return the thing. Raises as what makes it; cancelling this does not end the making."""
        return await asyncio.shield(self._wanted(key))

    async def close(self) -> None:
        """End what is being made and forget the rest. May be called twice."""
        making = list(self._making.values())
        self._making = {}
        for task in making:
            task.cancel()
        await asyncio.gather(*making, return_exceptions=True)

    def _wanted(self, key: Key) -> asyncio.Task[Made]:
        making = self._making.pop(key, None)
        if making is None or (making.done() and (making.cancelled() or making.exception())):
            making = asyncio.ensure_future(self._make(key))
            making.add_done_callback(retrieve)
        self._making[key] = making
        for old in list(self._making)[:-KEPT]:
            if self._making[old].done():
                del self._making[old]
        return making


def retrieve(done: asyncio.Future[Any]) -> None:
    """Read the error of a future, so that asyncio reports none for which nobody waits."""
    if not done.cancelled():
        done.exception()
