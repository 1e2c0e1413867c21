"""Time that passes in a game: what is due is carried out at its own moment, in order."""

from __future__ import annotations

from typing import Any

from world_fixtures.foreign.inside import clock

MOST = 20_000
"""Turns of the reactor in one stretch; a game that is never quiet is left with what is due."""


def pass_time(reactor: Any, seconds: float, turn: Any = lambda: None) -> None:
    """Let `seconds` pass; calls `turn` after each moment at which something was due."""
    end = clock.now() + seconds
    for _ in range(MOST):
        wait = 0.0 if reactor.threadCallQueue else reactor.timeout()
        if wait is None or clock.now() + wait > end:
            break
        due = reactor._pendingTimedCalls
        clock.set_to(due[0].getTime() if wait and due else clock.now())
        reactor.runUntilCurrent()
        turn()
    clock.set_to(end)
