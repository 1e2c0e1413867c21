"""Rollouts and events with fixed times and numbers in place of the clock's and the server's.

Checked-in samples are made with these, so that making them again changes no line of them.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

from environments.rollouts.record import Rollout
from world_fixtures.protocol import Event

START = 1767225600.0
"""Unix time at which every sample begins: the first of January 2026."""
STEP = 0.01
"""Seconds from one event to the next."""
AnyEvent = TypeVar("AnyEvent", bound=Event)


def normalised_events(events: Iterable[AnyEvent], start: float = START) -> list[AnyEvent]:
    """Return the events STEP seconds apart, in instance `w1` with sessions counted from 1.

    `start` is the Unix time of the first, in seconds.
    """
    sessions: dict[str, str] = {}
    return [
        event.model_copy(
            update={
                "ts": start + STEP * event.seq,
                "ms": 1.0,
                "instance": "w1",
                "session": ""
                if event.cause is not None
                else sessions.setdefault(event.session, f"w1.{len(sessions) + 1}"),
            }
        )
        for event in events
    ]


def normalised_rollout(rollout: Rollout, number: int) -> Rollout:
    """Return the rollout as the `number`-th of a run whose rollouts begin a second apart."""
    start = START + number
    calls = [call.model_copy(update={"ms": 1.0}) for call in rollout.tool_calls]
    return rollout.model_copy(
        update={
            "events": normalised_events(rollout.events, start),
            "tool_calls": calls,
            "started": start,
            "seconds": STEP * rollout.turns,
            "model_seconds": STEP / 2 * rollout.turns,
            "world_seconds": STEP / 2 * rollout.turns,
        }
    )
