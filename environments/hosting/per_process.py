"""What all of a program share: one of a kind in each process, until the program ends."""

from __future__ import annotations

import atexit
import os
import threading
from collections.abc import Callable, Hashable
from contextlib import AbstractContextManager
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Shared = TypeVar("Shared")


class PerProcess(Generic[Key, Shared]):
    """Context managers by key: entered where first wanted, left when that process ends.

    A process that was forked off has none yet: it lacks the threads of those of its parent.
    """

    def __init__(self, make: Callable[[Key], AbstractContextManager[Shared]]) -> None:
        """Take what makes the context manager of a key."""
        self._make = make
        self._guard = threading.Lock()
        self._shared: dict[tuple[int, Key], Shared] = {}

    def get(self, key: Key) -> Shared:
        """Return what entering the context manager of this key gave, in any thread.

        Raises as making and entering it, which the next call tries again.
        """
        owner = os.getpid()
        with self._guard:
            if (owner, key) not in self._shared:
                manager = self._make(key)
                self._shared[owner, key] = manager.__enter__()
                atexit.register(_leave, manager, owner)
            return self._shared[owner, key]


def _leave(manager: AbstractContextManager[object], owner: int) -> None:
    if os.getpid() == owner:
        manager.__exit__(None, None, None)
