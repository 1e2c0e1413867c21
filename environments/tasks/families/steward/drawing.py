"""What is drawn of a service in a house: its rooms, its people, the orders and how they change."""

from __future__ import annotations

from collections.abc import Sequence

from environments.tasks.families.common import BuildContext, Question
from environments.tasks.families.people import dwellers_or_invented
from environments.tasks.families.persistence.notes import code
from environments.tasks.families.steward.orders import (
    FIXTURE,
    LETTERS,
    MARK,
    WAYS,
    orders_of,
)
from environments.tasks.families.vigil.absence import staying
from world_fixtures.generator.inhabitants import Inhabitant
from world_fixtures.rules import SpecIndex

WING = 4
"""Rooms that the household takes up."""
OFTEN, SELDOM = 0.4, 0.3
"""Share of the sessions with a new order: where prompts tell all of them, and where one has to go
and hear some."""


def sessions_at(level: int) -> int:
    """Return how many sessions a service of a difficulty has: 5 to 20."""
    return 5 + (level - 1) * 15 // 9


def wing(context: BuildContext, rooms: list[str]) -> list[str]:
    """Return a few rooms that lie near each other, of which one is drawn."""
    index, middle = SpecIndex(context.spec), context.rng.choice(rooms)
    ways = index.toward(middle)

    def distance(room: str) -> int:
        steps = 0
        while room != middle:
            room, steps = ways[room].target, steps + 1
        return steps

    return sorted(rooms, key=lambda room: (distance(room), room))[:WING]


def people_for(context: BuildContext, count: int, rooms: list[str]) -> list[Inhabitant]:
    """Return three who may get letters, one beside each fixture, and one who tells orders."""
    found = dwellers_or_invented(context, rooms, count)
    homes = {n: context.rng.choice(rooms) for n in (0, 1, count - 1)}
    return [staying(person, homes[n]) if n in homes else person for n, person in enumerate(found)]


def drawn_orders(
    context: BuildContext, fixtures: int, sessions: int, told: list[list[object] | None] | None
) -> Question:
    """Draw the first orders and their changes; with `told` at the same times and in its ways.

    Nothing new is told in the last session, nor in the first. Without `told`, who leaves out what
    one of the ways tells has other orders in the last session than those that stand then.
    """
    ways = WAYS[: 1 + (context.difficulty >= 3) + (context.difficulty >= 5)]
    while True:
        drawn = _drawn_once(context, fixtures, sessions, told, ways)
        if told is not None or all(_counts(drawn, way) for way in ways):
            return drawn


def _counts(drawn: Question, way: str) -> bool:
    """Tell whether the last orders depend on what is told in a way."""
    rest = [None if c is None or c[2] == way else c for c in drawn["changes"]]
    return orders_of(drawn)[-1] != orders_of(drawn | {"changes": rest})[-1]


def _drawn_once(
    context: BuildContext, fixtures: int, sessions: int, told: list[list[object] | None] | None,
    ways: Sequence[str],
) -> Question:  # fmt: skip
    rng = context.rng
    states, recipient = [rng.random() < 0.5 for _ in range(fixtures)], rng.randrange(3)
    first = [list(states), recipient, code(context)]
    changes: list[list[object] | None] = []
    often = OFTEN if len(ways) == 1 else SELDOM
    for session in range(sessions):
        if told is not None:
            known = told[session]
            way = None if known is None else known[2]
        else:
            due = 0 < session < sessions - 1 and (session == 1 or rng.random() < often)
            way = rng.choice(ways) if due else None
        if way is None:
            changes.append(None)
        elif (what := rng.choice((LETTERS, MARK, FIXTURE))) == LETTERS:
            recipient = rng.choice([n for n in range(3) if n != recipient])
            changes.append([LETTERS, recipient, way])
        elif what == MARK:
            changes.append([MARK, code(context), way])
        else:
            number = rng.randrange(fixtures)
            states[number] = not states[number]
            changes.append([number, states[number], way])
    return {"first": first, "changes": changes}
