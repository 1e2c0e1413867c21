"""Connections that have yet to show the secret: few at once, and none for long."""

from __future__ import annotations

from typing import Any

from twisted.internet import reactor

SECONDS = 10.0
"""Until a connection that has not shown the secret is cut off."""


class Strangers:
    """The transports of such connections to one listener, the oldest first.

    Who knows the secret shows it at once, and so is never the oldest for long.
    """

    def __init__(self, most: int) -> None:
        """Keep `most` at once: one more, and the oldest is cut off."""
        self._most = most
        self._timers: dict[Any, Any] = {}

    def __len__(self) -> int:
        return len(self._timers)

    def admit(self, transport: Any) -> None:
        """Take in a new connection, which has `SECONDS` from now on."""
        if len(self) >= self._most:
            self.turn_away(next(iter(self._timers)))
        clock: Any = reactor
        self._timers[transport] = clock.callLater(SECONDS, self.turn_away, transport)

    def forget(self, transport: Any) -> None:
        """Let a connection be: it has shown the secret, or has ended. Idempotent."""
        timer = self._timers.pop(transport, None)
        if timer is not None and timer.active():
            timer.cancel()

    def turn_away(self, transport: Any) -> None:
        """Cut a connection off."""
        self.forget(transport)
        transport.abortConnection()
