"""Preference pairs: two rollouts of one task, of which one earned clearly more."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from environments.rollouts.messages import Message
from environments.rollouts.record import Rollout

MARGIN = 0.1
"""Difference of rewards from which on one of two rollouts is preferred."""


@dataclass(frozen=True)
class Pair:
    """Two continuations of the same prompt."""

    prompt: list[Message]
    chosen: list[Message]
    rejected: list[Message]
    better: Rollout
    worse: Rollout
    stage: int
    """The first whose continuations differ: until then the two rollouts were the same."""


def preference_pairs(rollouts: Sequence[Rollout], margin: float = MARGIN) -> list[Pair]:
    """Return all pairs of scored rollouts of the same task whose rewards are `margin` apart.

    Rewards of two versions of the tasks are not compared. In the order of the rollouts, so the same
    rollouts give the same pairs.
    """
    found = (_pair(better, worse) for better, worse in contrasts(rollouts, margin))
    return [pair for pair in found if pair is not None]


def contrasts(
    rollouts: Sequence[Rollout], margin: float = MARGIN
) -> Iterator[tuple[Rollout, Rollout]]:
    """Yield better and worse of every two rollouts of one task that are `margin` apart."""
    by_task: dict[str, list[Rollout]] = {}
    for rollout in rollouts:
        if rollout.verdict is not None:
            task = f"{rollout.task.id} {rollout.task.spec.hash} {rollout.task.version}"
            by_task.setdefault(task, []).append(rollout)
    for group in by_task.values():
        for one, other in itertools.combinations(group, 2):
            worse, better = sorted((one, other), key=reward)
            if reward(better) - reward(worse) >= margin:
                yield better, worse


def split(messages: Sequence[Message]) -> tuple[list[Message], list[Message]]:
    """Split a conversation before the agent's first message."""
    first = next((i for i, m in enumerate(messages) if m["role"] == "assistant"), len(messages))
    return list(messages[:first]), list(messages[first:])


def _pair(better: Rollout, worse: Rollout) -> Pair | None:
    """Return the first stage that differs; None without one, or where the prompts differ."""
    both = zip(better.conversations, worse.conversations, strict=False)
    for stage, (chosen, rejected) in enumerate(both):
        (prompt, chosen), (other, rejected) = split(chosen), split(rejected)
        if prompt != other or not chosen or not rejected:
            return None
        if _gist(chosen) != _gist(rejected):
            return Pair(prompt, chosen, rejected, better, worse, stage)
    return None


def reward(rollout: Rollout) -> float:
    """Return the reward of a scored rollout."""
    assert rollout.verdict is not None
    return rollout.verdict.reward


def _gist(messages: Sequence[Message]) -> str:
    """Return what was said and done, without the ids of calls."""
    return json.dumps(
        [
            (m["role"], m.get("content") or "", [c["function"] for c in m.get("tool_calls") or ()])
            for m in messages
        ]
    )
