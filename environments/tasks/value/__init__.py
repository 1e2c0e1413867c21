"""The value of a position: the fewest commands that still reach success, or that it is lost. Pure.

value = value_of(Position.start(task))
value.commands, value.exact, value.plan
"""

from __future__ import annotations

from dataclasses import dataclass

from environments.tasks.value.bounds import Bounds
from environments.tasks.value.position import Position
from environments.tasks.value.search import search
from environments.tasks.value.wording import carried_out

__all__ = ["EFFORT", "Position", "Value", "value_of"]

EFFORT = 20_000
"""States that a search takes up at most, before it is content with a bound."""
GREEDY = 3.0
"""How much more a search for any way at all weighs what is left than what was done."""


@dataclass(frozen=True)
class Value:
    """What a position is worth to who knows everything."""

    commands: int | None
    """The fewest that still reach success within the budget; None: it is lost."""
    exact: bool
    """False: `commands` are enough and fewer may be; or, with None, no way was found."""
    plan: tuple[tuple[str, ...], ...] = ()
    """The commands, by remaining stage; empty where it is lost."""


def value_of(position: Position, *, effort: int = EFFORT) -> Value:
    """Find the fewest commands from a position to success, or that there is no way to it.

    Success is that of `environments.tasks.judge`: every final goal, what was revealed in its
    stage, everything else as it was, within the budget, and the right answer. `effort` bounds
    the states that are looked at.
    """
    if position.missed or position.budget_left < 0:
        return Value(None, exact=True)
    space = Bounds(position)
    limit = position.budget_left
    found = search(space, limit, effort)
    if found.finished and found.actions is None:
        return Value(None, exact=space.complete)
    if found.actions is not None:
        plan, works = carried_out(position, found.actions)
        if works:
            return Value(sum(map(len, plan)), space.complete, plan)
    else:
        found = search(space, limit, effort, GREEDY)
        if found.actions is not None:
            plan, works = carried_out(position, found.actions)
            if works:
                return Value(sum(map(len, plan)), False, plan)
    return Value(None, exact=False)
