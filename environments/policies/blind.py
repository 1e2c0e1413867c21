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
        here = [c for c in dict.fromkeys(_handling(memory, place)) if c not in place.tried]
        if found := here or _onward(memory):
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


def _onward(memory: Memory) -> list[str]:
    """Walk through an unknown way, or towards the nearest room that has one."""
    if fresh := _unknown(memory.place):
        return fresh[:1]
    return memory.route(n for n, p in memory.places.items() if _unknown(p)) or []


def _unknown(place: Place) -> list[str]:
    return [
        way.direction
        for way in place.view.ways
        if not way.closed and way.direction not in place.ways and way.direction not in place.tried
    ]
