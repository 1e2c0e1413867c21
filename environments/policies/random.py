"""Random commands from the words that the world has shown, then a random answer."""

from __future__ import annotations

from environments.policies.answers import fields
from environments.policies.memory import Memory, recall
from environments.policies.policy import (
    CONNECT,
    DISCONNECT,
    Move,
    View,
    command,
    submit,
)

ENDS = 0.08
"""Chance, at each turn, of handing in an answer."""
VERBS = ("examine", "read", "get", "drop", "open", "close", "unlock", "light", "look in")
ALONE = ("look", "inventory", "exits", "help")
DIRECTIONS = ("north", "east", "south", "west", "up", "down")


def wander(view: View) -> Move:
    """Connect, then give a random command, or submit a random answer at the chance ENDS."""
    memory = recall(view.exchanges)
    if memory.too_early:
        return Move(calls=(DISCONNECT,))
    if not memory.connected:
        return Move(calls=(CONNECT,))
    if view.rng.random() < ENDS:
        pool = [*memory.places, *memory.things(), *map(str, range(10))]
        return Move(calls=(submit({f: view.rng.choice(pool) for f in fields(view.prompt)}),))
    return Move(calls=(command(_any_command(view, memory)),))


def _any_command(view: View, memory: Memory) -> str:
    rng = view.rng
    place = memory.places.get(memory.here)
    ways = [w.direction for w in place.view.ways] if place else []
    things = [*place.found, *memory.carried] if place else []
    kind = rng.random()
    if kind < 0.4:
        return rng.choice(ways or DIRECTIONS)
    if kind < 0.9 and things:
        return f"{rng.choice(VERBS)} {rng.choice(things)}"
    return rng.choice(ALONE)
