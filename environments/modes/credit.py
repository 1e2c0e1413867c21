"""What each turn of a group's rollouts is credited with, and what is played to find out.

`branches` and `tree` go on from states in between: `Branch` plays one rollout that goes on from
another one after a turn, in a world of its own. It is called when the other one has given its
world back, so that however many wait for a world, none of them holds one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from functools import partial
from statistics import fmean
from typing import Any, Protocol, TypeVar

from environments.config import EvenniaWorldEnvConfig
from environments.models.chat import Chat
from environments.models.turn_ends import ExactTokens, Prefix
from environments.rollouts.advantages import (
    BRANCH_OF,
    Credit,
    Leaf,
    branch_advantages,
    drawn_node,
    evenly_spaced,
    shaped_advantages,
    tree_advantages,
)
from environments.rollouts.checkpoint import Checkpoint, checkpoint
from environments.rollouts.failures import RolloutFailed
from environments.rollouts.groups import ScoredRollout
from environments.rollouts.messages import Message
from environments.rollouts.metrics import RolloutMetrics
from environments.rollouts.record import Rollout
from environments.rollouts.training_sequence import trained_after
from environments.runner import Conditions
from environments.tasks.credit.potential import shaping
from environments.tasks.model import Task
from environments.tasks.value import Position, Value, value_of
from environments.tools.registry import Tool, check_forkable
from world_fixtures.common import UserError

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


class Crediting(Protocol):
    """What is needed of an environment."""

    config: EvenniaWorldEnvConfig
    metrics: RolloutMetrics

    @property
    def attempts(self) -> int:
        """Rollouts of an item that are begun at its start."""

    def chat(
        self, evaluation: bool = False, begun: Prefix | None = None
    ) -> AbstractAsyncContextManager[Chat]:
        """Give the model for one rollout, one that has `begun` where it is given."""

    def conditions(self) -> Conditions:
        """Return how rollouts are played."""

    def sequences(
        self, chat: Chat, conversations: list[list[Message]], schemas: list[Any]
    ) -> list[Any]:
        """Make the training sequences of a rollout's conversations."""

    async def play(
        self, task: Task, attempt: int, group: str, chat: Chat, tools: dict[str, Tool],
        conditions: Conditions, start: Checkpoint | None = None,
    ) -> Rollout:  # fmt: skip
        """Play one rollout, from `start` where it is given."""


def check_credit(config: EvenniaWorldEnvConfig, tools: Mapping[str, Tool]) -> None:
    """Raise UserError where `--env.credit` cannot work with the other options, or these tools."""
    if config.credit is Credit.TREE:
        trees_of(config)
    if config.credit in (Credit.BRANCHES, Credit.TREE):
        check_forkable(tools.values())
        if config.candidate_model is not None:
            raise UserError(
                f"--env.credit {config.credit} plays one model: leave out --env.candidate_model"
            )


def trees_of(config: EvenniaWorldEnvConfig) -> int:
    """Return how many trees make a group.

    A tree has one rollout from the start, and `branches` more in each of `branch_turns` rounds.
    Raises UserError where no whole number of trees does.
    """
    size, rounds, branches = config.group_size, config.branch_turns, config.branches
    leaves = 1 + rounds * branches
    if size % leaves:
        raise UserError(
            f"--env.group_size {size} is no multiple of the {leaves} rollouts of a tree"
            f" (1 + branch_turns {rounds} * branches {branches}): change one of the three"
        )
    return int(size // leaves)


async def credited(
    env: Crediting, done: Sequence[PlayedRollout], group: str, tools: dict[str, Tool]
) -> list[ScoredRollout]:
    """Return the rollouts of a group with the advantages that `--env.credit` wants.

    Raises RolloutFailed where a rollout of a tree fails.
    """
    config = env.config
    branch = partial(play_branch, env, group, tools)
    if config.credit is Credit.SHAPED:
        return await shaped(done)
    if config.credit is Credit.BRANCHES:
        return await branched(done, config.branch_turns, config.branches, branch)
    if config.credit is Credit.TREE:
        return await grown(done, config.branch_turns, config.branches, branch)
    return list(done)


def played_rollout(
    env: Crediting, rollout: Rollout, chat: Chat, tools: Mapping[str, Tool]
) -> PlayedRollout:
    """Make training data of a rollout that has a verdict."""
    task, verdict = rollout.task, rollout.verdict
    assert verdict is not None
    schemas = [tool.schema for tool in tools.values()]
    about = {"task": task.id, "family": task.family.value, "difficulty": task.difficulty,
             "parts": verdict.parts, "success": verdict.success}  # fmt: skip
    return PlayedRollout(
        env.sequences(chat, rollout.conversations, schemas), verdict.reward, about,
        [m for c in rollout.conversations for m in c],
        record=rollout, exact=chat.exact() if chat.exact else None,
    )  # fmt: skip


async def play_branch(
    env: Crediting,
    group: str,
    tools: dict[str, Tool],
    parent: PlayedRollout,
    turn: int,
    number: int,
) -> PlayedRollout:
    """Play a rollout that goes on from another one after a turn; in a tree the rest is trained.

    It is none of the samples that the curriculum and the training metrics are made of. Raises
    RolloutFailed where it must not be scored.
    """
    start = checkpoint(parent.record, turn)
    begun = Prefix(turn) if parent.exact is None else parent.exact.until(turn)
    async with env.chat(begun=begun) as chat:
        rollout = await env.play(
            start.task, env.attempts + number, group, chat, tools, env.conditions(), start
        )
        env.metrics.add_branch(rollout)
        if rollout.verdict is None:
            raise RolloutFailed(rollout.failure or rollout.stop.value)
        if env.config.credit is not Credit.TREE:
            return PlayedRollout((), rollout.verdict.reward, record=rollout)
        played = played_rollout(env, rollout, chat, tools)
    trained = [trained_after(sequence, turn) for sequence in played.sequences]
    kept = [sequence for sequence in trained if sequence is not None]
    if not kept:
        raise RolloutFailed("the model said nothing that could be trained")
    about = {**(played.overrides or {}), BRANCH_OF: parent.record.id, "branch_turn": turn}
    return replace(played, sequences=kept, overrides=about)


async def shaped(done: Sequence[PlayedRollout]) -> list[ScoredRollout]:
    """Credit turns with the rise of the task's potential; see `shaped_advantages`."""
    paid = [await asyncio.to_thread(shaping_of, played.record) for played in done]
    made = shaped_advantages([played.score for played in done], paid)
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
    continuations. One that fails does not count; a state without any has no value.
    """
    states = [
        (n, turn)
        for n, played in enumerate(done)
        for turn in evenly_spaced(played.record.turns, turns)
    ]
    wanted = [(n, turn) for n, turn in states for _ in range(branches)]
    rewards = await _together(
        _reward(branch(done[n], turn, number)) for number, (n, turn) in enumerate(wanted)
    )
    values: list[dict[int, float]] = [{} for _ in done]
    for n, turn in states:
        found = [
            reward
            for place, reward in zip(wanted, rewards, strict=True)
            if place == (n, turn) and reward is not None
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


async def _reward(playing: Awaitable[PlayedRollout]) -> float | None:
    try:
        return (await playing).score
    except RolloutFailed:
        return None


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
