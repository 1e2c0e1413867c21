"""What counts as an agent's command: one definition for verdicts, metrics and evaluation. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from world_fixtures.protocol import CONNECT, Event, ResultKind


def commands_of(events: Iterable[Event], actor: str) -> list[Event]:
    """Return the events of the commands that `actor` (a character's id) gave, in order.

    Connecting is no command, and neither is what other characters did.
    """
    return [e for e in events if e.actor == actor and e.verb != CONNECT]


def is_wasted(event: Event) -> bool:
    """Tell whether a command came to nothing: refused, ambiguous or not understood."""
    return event.kind is not ResultKind.OK
