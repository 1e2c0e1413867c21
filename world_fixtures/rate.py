"""A limit on how often something may happen. Pure: the caller tells the time."""

from __future__ import annotations


class Rate:
    """At most `limit` times in each second of the caller's clock."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._second = 0
        self._count = 0

    def exceeded(self, now: float) -> bool:
        """Count one time at `now` seconds; True if it is one too many."""
        if int(now) != self._second:
            self._second, self._count = int(now), 0
        self._count += 1
        return self._count > self.limit
