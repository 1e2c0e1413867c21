"""Advantages: what each turn of a rollout is credited with, and from that each trained token.

A turn is a model call of the rollout, counted from 1. `state t` is what there is after turn t:
state 0 is the start, which all rollouts of a task share, and the last state is the end. R is the
reward of the whole rollout, which comes at its end, and nothing is discounted. Every function
here is pure.
"""

from __future__ import annotations

import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import accumulate
from statistics import fmean, pstdev

from environments.rollouts.training_sequence import MASKED, TrainingSequence

Advantages = Mapping[int, float]
"""The advantage of each turn."""


class Credit(StrEnum):
    """What the advantages of a group are made of."""

    GROUP = "group"
    """Nothing: the trainer compares the rewards of the group."""
    SHAPED = "shaped"
    """The reward, less what a potential of the task's states promised before the turn."""
    TURNS = "turns"
    """What each turn alone raised that potential by."""
    BRANCHES = "branches"
    """Values of states in between, from continuations that are not trained."""
    TREE = "tree"
    """Rewards compared within trees of rollouts that share their first turns."""


BRANCH_OF = "branch_of"
"""Names, among what travels with a rollout that goes on from another one, that other one's id."""
DIGITS = 6
"""Decimal places of a token's advantage: there is one for each token of a group."""


def token_advantages(sequence: TrainingSequence, advantages: Advantages) -> list[float]:
    """Return the advantage of each token: that of its turn where it is trained, 0 elsewhere.

    A trained token of a turn that `advantages` does not name has 0, too. Raises ValueError where
    the sequence does not know its turns, or an advantage is no finite number: the trainer's
    `/batch` would fail.
    """
    if len(sequence.turns) != len(sequence.tokens):
        raise ValueError("the sequence does not say which token is of which turn")
    for turn, value in advantages.items():
        if not math.isfinite(value):
            raise ValueError(f"turn {turn} has the advantage {value}")
    known = {turn: round(value, DIGITS) for turn, value in advantages.items()}
    return [
        0.0 if mask == MASKED else known.get(turn, 0.0)
        for mask, turn in zip(sequence.masks, sequence.turns, strict=True)
    ]


def shaped_advantages(
    rewards: Sequence[float], paid: Sequence[Sequence[float]]
) -> list[Advantages]:
    """Return the advantages of a group's rollouts under potential-based shaping.

    `paid` is what each turn of each rollout is paid besides the reward: Φ(state t) - Φ(state t-1),
    with Φ 0 at the end (Ng, Harada, Russell 1999). The advantage of a turn is the sum of what is
    paid from it to the end and R, less the mean of that sum over the group's whole rollouts, so it
    is (R - mean R) - (Φ(state t-1) - Φ(state 0)). A rollout that failed is blamed most for what it
    did after its best state.
    """
    returns = [
        [reward + to_go for to_go in list(accumulate(reversed(of_turns)))[::-1]]
        for reward, of_turns in zip(rewards, paid, strict=True)
    ]
    baseline = fmean(found[0] for found in returns)
    return [
        {turn: value - baseline for turn, value in enumerate(found, start=1)} for found in returns
    ]


def turn_advantages(rewards: Sequence[float], paid: Sequence[Sequence[float]]) -> list[Advantages]:
    """Return the advantages of a group's rollouts when each turn has its own shaped payment alone.

    `paid` is as in `shaped_advantages`; the last turn is paid R besides. It is the temporal
    difference with the potential for a critic. A command moves the potential by a small part of
    the budget, so the payments are given in units of their root mean square over the group, that
    the trainer's learning rate means what it does with other advantages.
    """
    made = [
        [*of_turns[:-1], of_turns[-1] + reward] if of_turns else []
        for reward, of_turns in zip(rewards, paid, strict=True)
    ]
    squares = [payment**2 for of_turns in made for payment in of_turns]
    unit = math.sqrt(fmean(squares)) if squares else 0.0
    return [
        {turn: payment / unit if unit else 0.0 for turn, payment in enumerate(of_turns, start=1)}
        for of_turns in made
    ]


def evenly_spaced(turns: int, number: int) -> tuple[int, ...]:
    """Choose up to `number` turns of a rollout after which branches go, evenly spaced.

    Neither the start nor the end is among them: the first has the group's rollouts for branches,
    and from the other nothing can go on.
    """
    found = {round(turns * n / (number + 1)) for n in range(1, number + 1)}
    return tuple(sorted(found & set(range(1, turns))))


def branch_advantages(
    reward: float, turns: int, start: float, values: Mapping[int, float]
) -> Advantages:
    """Return the advantages of a rollout by the values of some of its states (VinePPO, 2410.01679).

    The value of a state is the mean reward of continuations from it that are not trained. `values`
    has those of states in between, by turn; `start` is that of state 0, for which the group's own
    rollouts are the continuations; that of the end is the reward, since nothing follows. The
    advantage of a turn is V(next) - V(this); turns between two states with a value share theirs.
    """
    known = {0: start, **values, turns: reward}
    found: dict[int, float] = {}
    for before, after in zip(sorted(known)[:-1], sorted(known)[1:], strict=True):
        share = known[after] - known[before]
        found.update(dict.fromkeys(range(before + 1, after + 1), share))
    return found


@dataclass(frozen=True)
class Leaf:
    """One rollout of a tree: it begins at the start, or goes off from another after a turn."""

    reward: float
    turns: int
    """Model calls, those that it shares included."""
    parent: int | None = None
    """Place of the rollout that it goes off from; None for the first of a tree."""
    shared: int = 0
    """Turns that it shares with its parent."""


def drawn_node(leaves: Sequence[Leaf], seed: str) -> tuple[int, int] | None:
    """Draw a state of a tree from which to go on: a leaf's place, and the turn after which.

    Every state between the start and the ends of the tree is drawn alike, and counts once however
    many leaves share it. None where there is no such state.
    """
    nodes = [
        (place, turn)
        for place, leaf in enumerate(leaves)
        for turn in range(leaf.shared + 1, leaf.turns)
    ]
    return random.Random(seed).choice(nodes) if nodes else None


def tree_advantages(trees: Sequence[Sequence[Leaf]]) -> list[list[Advantages]]:
    """Return the advantages of the rollouts of a group grown as trees (2509.21240).

    A rollout is compared with those of its tree and with those of all trees of the group, both
    times as GRPO does, by mean and (population) standard deviation; where all rewards are equal
    the comparison gives 0:

        A(leaf) = (R - mean R of its tree) / std of its tree + (R - mean R of all) / std of all

    The paper trains every rollout whole with its own advantage, so a shared turn is trained once
    in each rollout that holds it. Here a turn is trained once, in the rollout that played it, with
    the sum of the advantages of all rollouts that hold it: the gradient is the same, up to what a
    trainer does with the lengths of sequences. A turn after which the tree branches is thereby
    compared by the mean reward below it.
    """
    everywhere = _compared([leaf.reward for tree in trees for leaf in tree])
    found: list[list[Advantages]] = []
    for tree in trees:
        of_all, everywhere = everywhere[: len(tree)], everywhere[len(tree) :]
        within = _compared([leaf.reward for leaf in tree])
        summed = [inner + outer for inner, outer in zip(within, of_all, strict=True)]
        made: list[dict[int, float]] = [
            dict.fromkeys(range(leaf.shared + 1, leaf.turns + 1), advantage)
            for leaf, advantage in zip(tree, summed, strict=True)
        ]
        for leaf, advantage in zip(tree, summed, strict=True):
            shared, parent = leaf.shared, leaf.parent
            while parent is not None:  # its turns up to here were played by rollouts before it
                for turn in range(tree[parent].shared + 1, shared + 1):
                    made[parent][turn] += advantage
                shared, parent = min(shared, tree[parent].shared), tree[parent].parent
        found.append(list(made))
    return found


def _compared(rewards: Sequence[float]) -> list[float]:
    """Return the rewards less their mean, in units of their standard deviation."""
    spread = pstdev(rewards) if rewards else 0.0
    mean = fmean(rewards) if rewards else 0.0
    return [(reward - mean) / spread if spread else 0.0 for reward in rewards]
