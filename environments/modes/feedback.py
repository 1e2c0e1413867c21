"""Results handed to what draws the items, so that the same items come in every run.

An item may depend on the results of those at least `lag` items before it, and on all of them: it
is drawn when they are there, and they are handed on in the order of the items. In which order
rollouts end, how many are played at once, and whether a run was stopped meanwhile changes
nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol


class Outcome(NamedTuple):
    """What came of an item."""

    successes: Sequence[bool]
    """Of its rollouts."""
    signal: bool
    """Whether its groups hold anything to compare."""


class Learner(Protocol):
    """What draws items by the results of earlier ones."""

    def learn(self, item: Any, successes: Sequence[bool]) -> None:
        """Take account of the results of an item's rollouts."""

    def learn_signal(self, item: Any, signal: bool) -> None:
        """Take account of whether an item's groups hold anything to compare."""


class Feedback:
    """Results of items on their way to a `Learner`."""

    def __init__(self, learner: Learner, lag: int, known: Mapping[int, Outcome]) -> None:
        """Take the results that are `known` already, by the number of their item."""
        self._learner = learner
        self._lag = lag
        self._known = dict(known)
        self._items: dict[int, Any] = {}
        self._next = 0
        self._arrived = asyncio.Event()

    async def before(self, index: int) -> None:
        """Hand on what item `index` depends on; wait for it where it is not there yet."""
        while self._next <= index - self._lag:
            while self._next not in self._known:
                self._arrived.clear()
                await self._arrived.wait()
            item, outcome = self._items.pop(self._next), self._known.pop(self._next)
            self._learner.learn(item, outcome.successes)
            self._learner.learn_signal(item, outcome.signal)
            self._next += 1

    def drawn(self, index: int, item: Any) -> None:
        """Keep the item with this number until its results are handed on."""
        self._items[index] = item

    def finished(self, index: int, outcome: Outcome) -> None:
        """Take the results of an item."""
        self._known[index] = outcome
        self._arrived.set()
