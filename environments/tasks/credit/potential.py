"""Potential-based shaping by turn (Ng, Harada and Russell 1999).

The potential of a position is

    Phi = 1 - V / budget        V the fewest commands that still reach success
    Phi = 0                     where success is lost, the budget included, and at every end

so it lies in [0, 1] and rises as success comes nearer. A turn from one position to the next is paid
`gamma * Phi(next) - Phi(position)` besides its reward. As the potential of every end is 0,
truncation included, these payments sum to `-Phi(start)` for gamma 1, whatever was done: which
policies are best stays as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

from environments.tasks.model import Task
from environments.tasks.value import Position, Value, value_of


def potential(
    task: Task, position: Position, *, value: Callable[[Position], Value] = value_of
) -> float:
    """Return the potential of a position in which the rollout goes on, in [0, 1]."""
    return scaled(value(position).commands, task.budget)


def scaled(commands: int | None, budget: int) -> float:
    """Return the potential where so many commands are left to success; None: it is lost."""
    return 0.0 if commands is None else 1.0 - commands / budget


def shaping(
    task: Task,
    positions: Sequence[Position],
    gamma: float = 1.0,
    *,
    value: Callable[[Position], Value] = value_of,
) -> list[float]:
    """Return what each turn is paid for the potential, to be added to its reward.

    `positions` are those before each turn, in order, and at last the one in which the rollout
    ended, however it ended: one more than there are turns. Its potential is 0.
    """
    before = [potential(task, position, value=value) for position in positions[:-1]]
    return [gamma * later - now for now, later in pairwise([*before, 0.0])]
