"""Preference pairs: two rollouts of one task, of which one earned clearly more."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from environments.export.scored import Scored
from environments.rollouts.messages import Message

MARGIN = 0.1
"""Difference of rewards from which on one of two rollouts is preferred."""


@dataclass(frozen=True)
class Pair:
    """Two continuations of the same prompt."""

    prompt: list[Message]
    chosen: list[Message]
    rejected: list[Message]
    better: Scored
    worse: Scored
    stage: int
    """The first whose continuations differ: until then the two rollouts were the same."""


def preference_pairs(rollouts: Sequence[Scored], margin: float = MARGIN) -> list[Pair]:
    """Return all pairs of scored rollouts of the same task whose rewards are `margin` apart.

    Rewards of two versions of the tasks are not compared. In the order of the rollouts, so the same
    rollouts give the same pairs.
    """
    found = (_pair(better, worse) for better, worse in contrasts(rollouts, margin))
    return [pair for pair in found if pair is not None]


def contrasts(
    rollouts: Sequence[Scored], margin: float = MARGIN
) -> Iterator[tuple[Scored, Scored]]:
    """Yield better and worse of every two rollouts of one task that are `margin` apart."""
    by_task: dict[str, list[Scored]] = {}
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


def parting(pair: Pair) -> Pair | None:
    """Return the pair of single messages with which the two rollouts part.

    What both said and were answered before is the prompt. None where the world has answered the
    same call otherwise: then the two have not parted by what they said.
    """
    for place, (one, other) in enumerate(zip(pair.chosen, pair.rejected, strict=False)):
        if _gist([one]) != _gist([other]):
            if one["role"] != "assistant" or other["role"] != "assistant":
                return None
            prompt = [*pair.prompt, *pair.chosen[:place]]
            return replace(pair, prompt=prompt, chosen=[one], rejected=[other])
    return None


def _pair(better: Scored, worse: Scored) -> Pair | None:
    """Return the first stage that differs; None without one, or where the prompts differ."""
    both = zip(better.conversations, worse.conversations, strict=False)
    for stage, (chosen, rejected) in enumerate(both):
        (prompt, chosen), (other, rejected) = split(chosen), split(rejected)
        if prompt != other or not chosen or not rejected:
            return None
        if _gist(chosen) != _gist(rejected):
            return Pair(prompt, chosen, rejected, better, worse, stage)
    return None


def reward(rollout: Scored) -> float:
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
