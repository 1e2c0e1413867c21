"""From scored rollouts to the groups that Atropos trains on.

A rollout can have several training sequences, while a group has one row a rollout. So the first
sequences of all rollouts make one group, the second ones another, and so on.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from environments.rollouts.advantages import Advantages, token_advantages
from environments.rollouts.messages import Message
from environments.rollouts.training_sequence import MASKED, NO_LOGPROB, TrainingSequence

if TYPE_CHECKING:
    from atroposlib.envs.base import ScoredDataGroup


@dataclass(frozen=True)
class ScoredRollout:
    """One rollout as training data."""

    sequences: Sequence[TrainingSequence]
    """One, or several where the template splits the conversation."""
    score: float
    overrides: dict[str, Any] | None = None
    """What travels with each sequence: task id, family, parts of the reward."""
    messages: Sequence[Message] = ()
    """The whole rollout's, for sequences that know only their tokens."""
    advantages: Advantages | None = None
    """The advantage of each turn; None leaves it to the trainer to compare the scores."""


def scored_groups(rollouts: Sequence[ScoredRollout], group_size: int) -> list[ScoredDataGroup]:
    """Return the groups of the rollouts of one item, the n-th made of all n-th sequences.

    The rollout server queues only groups of `group_size` rows, and keeps larger ones back for
    ever. A group that is smaller, because some rollouts have fewer sequences, says so. Where the
    rollouts have advantages, there is one for each token. Raises ValueError for a score or
    an advantage that is no finite number: it would make the trainer's `/batch` fail.
    """
    for rollout in rollouts:
        if not math.isfinite(rollout.score):
            raise ValueError(f"a rollout has the score {rollout.score}")
    most = max((len(r.sequences) for r in rollouts), default=0)
    return [_group(rollouts, n, group_size) for n in range(most)]


def _group(all_rollouts: Sequence[ScoredRollout], n: int, group_size: int) -> ScoredDataGroup:
    """Return the group of the `n`-th sequences.

    It has log-probabilities of all or of none, and advantages likewise.
    """
    places = [i for i, r in enumerate(all_rollouts) if len(r.sequences) > n]
    rollouts = [all_rollouts[i] for i in places]
    sequences = [r.sequences[n] for r in rollouts]
    logprobs = [s.logprobs for s in sequences]
    known = [list(p) for p in logprobs if p is not None]
    advantages = [
        token_advantages(s, r.advantages)
        for r, s in zip(rollouts, sequences, strict=True)
        if r.advantages is not None
    ]
    return {
        "tokens": [list(s.tokens) for s in sequences],
        "masks": [list(s.masks) for s in sequences],
        "scores": [r.score for r in rollouts],
        "advantages": advantages if len(advantages) == len(sequences) else None,
        "ref_logprobs": None,
        "messages": [
            list(s.messages or r.messages) for r, s in zip(rollouts, sequences, strict=True)
        ],
        "generation_params": None,
        "inference_logprobs": known if len(known) == len(sequences) else None,
        "group_overrides": {} if len(sequences) == group_size else {"group_size": len(sequences)},
        "overrides": [{**(all_rollouts[i].overrides or {}), "rollout": i} for i in places],
        "images": None,
        "distill_token_ids": None,
        "distill_logprobs": None,
    }


def teaches_nothing(groups: Sequence[Mapping[str, Any]]) -> bool:
    """Tell whether an item's groups hold nothing to compare.

    That is so where all rollouts have the same score, or all advantages are 0 where there are any.
    """
    if groups[0].get("advantages") is not None:
        return not any(any(row) for g in groups for row in g["advantages"] or ())
    return len(set(groups[0]["scores"])) == 1


def has_signal(group: Mapping[str, Any], part: int) -> bool:
    """Tell whether a part of an item holds anything to compare, as `teaches_nothing` does.

    All parts have the scores of the first, and each its own advantages. An item whose rows were
    left out had nothing.
    """
    if group.get("advantages") is not None:
        return not teaches_nothing([group])
    return part == 0 and bool(group.get("tokens")) and len(set(group.get("scores") or ())) > 1


def without_rows(group: Mapping[str, Any]) -> dict[str, Any]:
    """Return the group of an item whose rows are left out; what was scored stays."""
    kept = ("scores", "overrides", "group_overrides", "item")
    made = {key: group[key] if key in kept else None for key in group}
    return {**made, "tokens": [], "masks": [], "messages": [], "part": 0, "parts": 1}


def fill_groups(groups: Sequence[ScoredDataGroup], group_size: int) -> list[ScoredDataGroup]:
    """Return the groups of one item with `group_size` rows each, as the rollout server needs them.

    It keeps smaller groups back until their sizes happen to add up, and mixes them then. A
    rollout that has no sequence in a group is represented by its first one, with all of it
    masked and its advantage set to zero: nothing of it is trained again, and its score still
    counts in the group's mean.
    """
    return [
        _fill(group, groups[0]) if _lacks_rows(group, group_size) else group for group in groups
    ]


def _lacks_rows(group: ScoredDataGroup, group_size: int) -> bool:
    """Tell whether rows are missing and it is known of which rollouts they would be."""
    known = all("rollout" in about for about in group["overrides"] or [dict[str, Any]()])
    return known and len(group["tokens"]) != group_size


def _fill(group: ScoredDataGroup, first: ScoredDataGroup) -> ScoredDataGroup:
    present = {about["rollout"]: row for row, about in enumerate(group["overrides"] or ())}
    rows = [
        (group, present[n]) if n in present else (first, n) for n in range(len(first["scores"]))
    ]
    absent = [n not in present for n in range(len(rows))]
    known = group["inference_logprobs"] and first["inference_logprobs"]
    result: dict[str, Any] = {**group, "group_overrides": {}}
    for key in ("tokens", "masks", "scores", "messages", "overrides"):
        result[key] = [source[key][row] for source, row in rows]
    result["masks"] = [
        [MASKED] * len(m) if gone else m for m, gone in zip(result["masks"], absent, strict=True)
    ]
    result["overrides"] = [
        {**about, "set_advantage_to_zero": True} if gone else about
        for about, gone in zip(result["overrides"], absent, strict=True)
    ]
    if (advantages := group["advantages"]) is not None:
        result["advantages"] = [
            [0.0] * len(first["tokens"][row]) if gone else advantages[row]
            for (_, row), gone in zip(rows, absent, strict=True)
        ]
    result["inference_logprobs"] = None
    if known:
        result["inference_logprobs"] = [
            [NO_LOGPROB] * len(first["tokens"][row]) if gone else source["inference_logprobs"][row]
            for (source, row), gone in zip(rows, absent, strict=True)
        ]
    return result
