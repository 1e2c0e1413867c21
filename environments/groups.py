"""From scored rollouts to the group that Atropos trains on."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from atroposlib.envs.base import ScoredDataGroup

from environments.tokens import Sequence as TokenSequence


@dataclass(frozen=True)
class ScoredRollout:
    """One rollout as training data."""

    sequences: Sequence[TokenSequence]
    """One, or several where the template splits the conversation."""
    score: float
    messages: list[dict[str, Any]]
    overrides: dict[str, Any] | None = None
    """What travels with each sequence: task id, family, parts of the reward."""


def scored_group(rollouts: Sequence[ScoredRollout], group_size: int) -> ScoredDataGroup:
    """The group of the rollouts of one item.

    A rollout of several sequences gives its score to each of them, and the group then
    says how many sequences it has, so that Atropos does not drop it for its size.
    Log-probabilities are given for all sequences or for none.
    Raises ValueError for a score that is not a finite number: `/batch` would fail on it.
    """
    rows = [(r, s) for r in rollouts for s in r.sequences]
    for rollout, _ in rows:
        if not math.isfinite(rollout.score):
            raise ValueError(f"a rollout has the score {rollout.score}")
    logprobs = [s.logprobs for _, s in rows]
    group = ScoredDataGroup(
        tokens=[list(s.tokens) for _, s in rows],
        masks=[list(s.masks) for _, s in rows],
        scores=[r.score for r, _ in rows],
        advantages=None,
        ref_logprobs=None,
        messages=[r.messages for r, _ in rows],  # type: ignore[misc]
        generation_params=None,
        inference_logprobs=None
        if None in logprobs
        else [list(p) for p in logprobs if p is not None],
        group_overrides={} if len(rows) == group_size else {"group_size": len(rows)},
        overrides=[r.overrides or {} for r, _ in rows],
        images=None,
        distill_token_ids=None,
        distill_logprobs=None,
    )
    return group
