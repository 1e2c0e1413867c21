"""Repetition: the same tool calls with the same results, over and over."""

from __future__ import annotations

import json
from collections import Counter

from environments.rollouts.record import ToolCallRecord


class Repetition:
    """Tells when a conversation only repeats itself.

    That is so when one call has had one result `limit` times without any call in between that was
    new in the conversation, or had a new result. So a call that is made again and again counts, and
    so does a round of several calls, while going back a known way between two discoveries does not.
    """

    def __init__(self, limit: int | None) -> None:
        """Take the number of times; None means that repetition never ends anything."""
        self._limit = limit
        self._seen: set[tuple[str, str, str]] = set()
        self._since: Counter[tuple[str, str, str]] = Counter()
        """How often each call was made since the last that was new."""

    def add(self, call: ToolCallRecord) -> bool:
        """Take a call that was carried out; true when it was repeated too often."""
        if self._limit is None:
            return False
        made = call.name, json.dumps(call.arguments, sort_keys=True), call.result
        if made not in self._seen:
            self._seen.add(made)
            self._since.clear()
        self._since[made] += 1
        return self._since[made] >= self._limit
