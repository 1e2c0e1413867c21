"""The value of a position: the fewest commands that still reach success, or that it is lost. Pure.

value = value_of(Position.start(task))
value.commands, value.exact, value.plan
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from environments.tasks.value.bounds import Bounds
from environments.tasks.value.position import Position
from environments.tasks.value.search import search
from environments.tasks.value.some_way import some_way
from environments.tasks.value.wording import carried_out

__all__ = ["EFFORT", "Position", "Value", "value_of"]

EFFORT = 20_000
"""States that a search takes up at most, before it is content with a bound."""
LESS = 4
"""By how much the searches take up less that follow one that was not enough."""
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
    limit = position.budget_left
    space = Bounds(position)
    found = search(space, limit, effort)
    if found.finished and found.actions is None:
        return Value(None, exact=space.proves)
    fewest = None
    if found.actions is not None:
        plan, works = carried_out(position, found.actions)
        fewest = sum(map(len, plan))
        if works:
            return Value(fewest, space.proves, plan)
    few = _few_hands(position, limit, effort // LESS)
    if few.commands is None or fewest is None:
        return replace(few, exact=False)
    certain = space.proves and few.commands == fewest
    return replace(few, exact=certain or (few.exact and few.commands <= fewest + 1))


def _few_hands(position: Position, limit: int, effort: int) -> Value:
    """Find a way that never needs more hands than there are.

    It is told to be exact where no way is shorter but one that carries things in what the task is
    not about: each thing put there is a command more than with any number of hands.
    """
    space = Bounds(position, position.task.spec.agent.capacity)
    for weight in (GREEDY,) if space.capacity is None else (1.0, GREEDY):
        found = search(space, limit, effort, weight)
        if found.actions is not None:
            plan, works = carried_out(position, found.actions)
            if works:
                return Value(sum(map(len, plan)), found.finished and space.proves, plan)
    otherwise = some_way(position)
    if otherwise is None or sum(map(len, otherwise)) > limit:
        return Value(None, exact=False)
    return Value(sum(map(len, otherwise)), False, otherwise)
