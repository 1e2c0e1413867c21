"""Four estimates of what each turn of a group's rollouts was worth.

Two of them go on from states in between: `Branch` plays one rollout that goes on from another one
after a turn, in a world of its own. It is called when the other one has given its world back, so
that however many wait for a world, none of them holds one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from statistics import fmean
from typing import TypeVar

from environments.models.turn_ends import ExactTokens
from environments.rollouts.advantages import (
    Leaf,
    branch_advantages,
    drawn_node,
    evenly_spaced,
    shaped_advantages,
    tree_advantages,
    turn_advantages,
)
from environments.rollouts.checkpoint import checkpoint
from environments.rollouts.failures import RolloutFailed
from environments.rollouts.groups import ScoredRollout
from environments.rollouts.record import Rollout
from environments.tasks.credit.potential import shaping
from environments.tasks.value import Position, Value, value_of

Result = TypeVar("Result")


@dataclass(frozen=True, kw_only=True)
class PlayedRollout(ScoredRollout):
    """One rollout as training data, with what another one needs to go on from it."""

    record: Rollout
    exact: ExactTokens | None = None
    """Its tokens, where the model's server gives them."""


Branch = Callable[[PlayedRollout, int, int], Awaitable[PlayedRollout]]
"""`await branch(rollout, turn, number)` -> a rollout that goes on after this turn.

`number` tells the branches of a group apart. Raises RolloutFailed where it must not be scored.
"""


async def shaped(done: Sequence[PlayedRollout], *, alone: bool = False) -> list[ScoredRollout]:
    """Credit turns by the task's potential; see `shaped_advantages`, `alone` `turn_advantages`."""
    paid = [await asyncio.to_thread(shaping_of, played.record) for played in done]
    made = (turn_advantages if alone else shaped_advantages)([p.score for p in done], paid)
    return [replace(p, advantages=a) for p, a in zip(done, made, strict=True)]


def shaping_of(rollout: Rollout) -> list[float]:
    """Return what each turn of a rollout is paid for the potential of the task's states."""
    states = [checkpoint(rollout, turn).events_by_stage for turn in range(rollout.turns)]
    positions: list[Position] = []
    for before, events in zip([None, *states], states, strict=False):
        same = before is not None and list(map(len, before)) == list(map(len, events))
        positions.append(positions[-1] if same else Position.of(rollout.task, events))
    values: dict[int, Value] = {}

    def value(position: Position) -> Value:
        """Find the value of a position once, however many turns are made in it."""
        if id(position) not in values:
            values[id(position)] = value_of(position)
        return values[id(position)]

    end = positions[-1]  # whatever it is: its potential is 0
    return shaping(rollout.task, [*positions, end], value=value)


async def branched(
    done: Sequence[PlayedRollout], turns: int, branches: int, branch: Branch
) -> list[ScoredRollout]:
    """Credit turns with the change of the state's value; see `branch_advantages`.

    The values are those of `turns` states of each rollout, evenly spaced, each from `branches`
    continuations, as many at once as the group has rollouts. One that fails does not count; a
    state without any has no value.
    """
    states = [
        (n, turn)
        for n, played in enumerate(done)
        for turn in evenly_spaced(played.record.turns, turns)
    ]
    wanted = [(n, turn) for n, turn in states for _ in range(branches)]
    room = asyncio.Semaphore(len(done))  # each finds a copy of the world that another gave back

    async def reward(n: int, turn: int, number: int) -> float | None:
        async with room:
            try:
                return (await branch(done[n], turn, number)).score
            except RolloutFailed:
                return None

    rewards = await _together(reward(*place, number) for number, place in enumerate(wanted))
    values: list[dict[int, float]] = [{} for _ in done]
    for n, turn in states:
        found = [
            given
            for place, given in zip(wanted, rewards, strict=True)
            if place == (n, turn) and given is not None
        ]
        if found:
            values[n][turn] = fmean(found)
    start = fmean(played.score for played in done)
    return [
        replace(
            played, advantages=branch_advantages(played.score, played.record.turns, start, known)
        )
        for played, known in zip(done, values, strict=True)
    ]


async def grown(
    done: Sequence[PlayedRollout], rounds: int, branches: int, branch: Branch
) -> list[ScoredRollout]:
    """Grow a tree from each rollout and compare within and between them; see `tree_advantages`.

    In each round a state of the tree is drawn, and `branches` rollouts go on from it. Returns the
    rollouts of one tree after those of the other. Raises RolloutFailed where one fails.
    """
    trees = await _together(
        _tree(played, rounds, branches, branch, n * rounds * branches)
        for n, played in enumerate(done)
    )
    made = tree_advantages([[leaf for leaf, _ in tree] for tree in trees])
    return [
        replace(played, advantages=advantages)
        for tree, of_tree in zip(trees, made, strict=True)
        for (_, played), advantages in zip(tree, of_tree, strict=True)
    ]


async def _tree(
    first: PlayedRollout, rounds: int, branches: int, branch: Branch, number: int
) -> list[tuple[Leaf, PlayedRollout]]:
    tree = [(Leaf(first.score, first.record.turns), first)]
    for round in range(rounds):
        seed = f"{first.record.task.id}/{first.record.attempt}/{round}"
        # a tree of single turns has no state in between: it goes on from the start
        parent, turn = drawn_node([leaf for leaf, _ in tree], seed) or (0, 0)
        begin = number + round * branches
        further = await _together(
            branch(tree[parent][1], turn, n) for n in range(begin, begin + branches)
        )
        tree += [(Leaf(p.score, p.record.turns, parent, turn), p) for p in further]
    return tree


async def _together(work: Iterable[Awaitable[Result]]) -> list[Result]:
    """Return all results in their order. The first failure ends the others and is raised."""

    async def one(awaited: Awaitable[Result]) -> Result:
        return await awaited

    try:
        async with asyncio.TaskGroup() as running:
            tasks = [running.create_task(one(awaited)) for awaited in work]
    except BaseExceptionGroup as failures:
        raise failures.exceptions[0] from None
    return [task.result() for task in tasks]
