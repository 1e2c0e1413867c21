"""A policy that never reads its prompt: walks everywhere, takes and opens all, answers all fields.

What it earns shows how much of a task is told by its form alone.
"""

from __future__ import annotations

from collections.abc import Iterator

from environments.policies.answers import fields, guess
from environments.policies.memory import Memory, Place, recall
from environments.policies.policy import CONNECT, DISCONNECT, Move, View, command, submit

BATCH = 8
"""Calls in one turn."""


def blind(view: View) -> Move:
    """Do what can be done where it is, walk on, and answer when nothing is left or all is spent."""
    memory = recall(view.exchanges)
    if memory.too_early:
        return Move(calls=(DISCONNECT,))
    if not memory.connected:
        return Move(calls=(CONNECT,)) if view.turn < 3 else Move()
    spent = any("BudgetSpent" in e.result for e in view.exchanges[-BATCH:])
    if not spent:
        place = memory.place
        if found := place.untried(_handling(memory, place)) or memory.nearest(_unknown):
            return Move(calls=tuple(map(command, found[:BATCH])))
    return Move(calls=(submit({field: guess(field, memory, "") for field in fields(view.prompt)}),))


def _handling(memory: Memory, place: Place) -> Iterator[str]:
    for way in place.view.ways:
        if way.door and way.closed:
            yield f"open {way.door}"
    for name, seen in place.found.items():
        if seen.note == "closed":
            yield f"open {name}"
        if name not in memory.carried:
            yield f"get {name}"
        yield f"read {name}"


def _unknown(place: Place) -> list[str]:
    """Return the first way that was not taken; none where there is none."""
    open_ways = [w.direction for w in place.view.ways if not w.closed]
    return place.untried(d for d in open_ways if d not in place.ways)[:1]
