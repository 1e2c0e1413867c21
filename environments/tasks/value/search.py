"""The shortest way from a position to success, by A* over the states that matter."""

from __future__ import annotations

import heapq
from dataclasses import dataclass

from environments.tasks.value.bounds import Bounds
from environments.tasks.value.states import Action, State
from environments.tasks.value.tours import NEVER

END: Action = ("end", (), "")
"""The end of a stage: no command."""


@dataclass(frozen=True)
class Found:
    """What a search came to."""

    actions: tuple[Action, ...] | None
    """A way to success, the ends of stages included; None where there is none, or none found."""
    finished: bool
    """The way is the shortest, or there is none: nothing was left to try."""


def search(space: Bounds, limit: int, effort: int, weight: float = 1.0) -> Found:
    """Find a way to success of at most `limit` commands, taking up at most `effort` states.

    With `weight` 1 it is the shortest; with more it is found sooner and may be longer.
    """
    root = space.root()
    came: dict[State, tuple[State, Action] | None] = {root: None}
    costs = {root: 0}
    queue: list[tuple[float, int, int, State]] = []
    order = 0
    closed: set[State] = set()
    goals: set[State] = set()

    def reach(state: State, cost: int, back: tuple[State, Action] | None) -> None:
        nonlocal order
        if back is not None:
            if costs.get(state, NEVER) <= cost:
                return
            costs[state], came[state] = cost, back
            closed.discard(state)
        if space.is_ended(state):
            if state.stage == space.last:
                goals.add(state)
                heapq.heappush(queue, (cost, -cost, -order, state))
                order += 1
                return
            reach(space.begun(state, state.stage + 1), cost, (state, END))
        bound = space.bound(state)
        if cost + bound <= limit:
            order += 1
            heapq.heappush(queue, (cost + weight * bound, -cost, -order, state))

    reach(root, 0, None)
    taken = 0
    while queue:
        _, _, _, state = heapq.heappop(queue)
        if state in goals:
            return Found(_trace(came, state), weight == 1.0)
        if state in closed:
            continue
        closed.add(state)
        taken += 1
        if taken > effort:
            return Found(None, False)
        cost = costs[state] + 1
        for action, there in space.steps(state):
            reach(there, cost, (state, action))
    return Found(None, True)


def _trace(came: dict[State, tuple[State, Action] | None], state: State) -> tuple[Action, ...]:
    actions = []
    while (back := came[state]) is not None:
        state, action = back
        actions.append(action)
    return tuple(reversed(actions))
