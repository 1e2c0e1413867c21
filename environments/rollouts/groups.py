"""From scored rollouts to the group that Atropos trains on."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from atroposlib.envs.base import ScoredDataGroup

from environments.tokenization.sequences import MASKED, NO_LOGPROB, TrainingSequence


@dataclass(frozen=True)
class ScoredRollout:
    """One rollout as training data."""

    sequences: Sequence[TrainingSequence]
    """One, or several where the template splits the conversation."""
    score: float
    overrides: dict[str, Any] | None = None
    """What travels with each sequence: task id, family, parts of the reward."""
    messages: Sequence[dict[str, Any]] = ()
    """The whole rollout's, for sequences that know only their tokens."""


def scored_groups(rollouts: Sequence[ScoredRollout], group_size: int) -> list[ScoredDataGroup]:
    """The groups of the rollouts of one item.

    Where rollouts have several sequences, the first ones of all make one group, the second
    ones another: the rollout server queues only groups of the size it was told, and keeps
    larger ones back for ever. A group that is smaller, because some rollouts have fewer
    sequences, says so. Raises ValueError for a score that is not a finite number: it would
    make the trainer's `/batch` fail.
    """
    for rollout in rollouts:
        if not math.isfinite(rollout.score):
            raise ValueError(f"a rollout has the score {rollout.score}")
    layers = max((len(r.sequences) for r in rollouts), default=0)
    return [_layer(rollouts, n, group_size) for n in range(layers)]


def _layer(all_rollouts: Sequence[ScoredRollout], n: int, group_size: int) -> ScoredDataGroup:
    """The `n`-th sequences of rollouts. Log-probabilities are given for all or for none."""
    places = [i for i, r in enumerate(all_rollouts) if len(r.sequences) > n]
    rollouts = [all_rollouts[i] for i in places]
    sequences = [r.sequences[n] for r in rollouts]
    logprobs = [s.logprobs for s in sequences]
    known = [list(p) for p in logprobs if p is not None]
    return ScoredDataGroup(
        tokens=[list(s.tokens) for s in sequences],
        masks=[list(s.masks) for s in sequences],
        scores=[r.score for r in rollouts],
        advantages=None,
        ref_logprobs=None,
        messages=[list(s.messages or r.messages) for r, s in zip(rollouts, sequences, strict=True)],
        generation_params=None,
        inference_logprobs=known if len(known) == len(sequences) else None,
        group_overrides={} if len(sequences) == group_size else {"group_size": len(sequences)},
        overrides=[{**(all_rollouts[i].overrides or {}), "rollout": i} for i in places],
        images=None,
        distill_token_ids=None,
        distill_logprobs=None,
    )


def filled(layers: Sequence[ScoredDataGroup], group_size: int) -> list[ScoredDataGroup]:
    """Layers of one item as the rollout server delivers them: each of `group_size` rows.

    It keeps smaller groups back until their sizes happen to add up, and mixes them then. In
    place of a rollout that has no sequence in a layer stands its first one, with all of it
    masked and its advantage set to zero: nothing of it is trained again, and its score still
    counts in the group's mean.
    """
    return [_filled(layer, layers[0]) if _ragged(layer, group_size) else layer for layer in layers]


def _ragged(layer: ScoredDataGroup, group_size: int) -> bool:
    known = all("rollout" in about for about in layer["overrides"] or [dict[str, Any]()])
    return known and len(layer["tokens"]) != group_size


def _filled(layer: ScoredDataGroup, first: ScoredDataGroup) -> ScoredDataGroup:
    present = {about["rollout"]: row for row, about in enumerate(layer["overrides"] or ())}
    rows = [
        (layer, present[n]) if n in present else (first, n) for n in range(len(first["scores"]))
    ]
    absent = [n not in present for n in range(len(rows))]
    known = layer["inference_logprobs"] and first["inference_logprobs"]
    result: dict[str, Any] = {**layer, "group_overrides": {}}
    for key in ("tokens", "masks", "scores", "messages", "overrides"):
        result[key] = [source[key][row] for source, row in rows]
    result["masks"] = [
        [MASKED] * len(m) if gone else m for m, gone in zip(result["masks"], absent, strict=True)
    ]
    result["overrides"] = [
        {**about, "set_advantage_to_zero": True} if gone else about
        for about, gone in zip(result["overrides"], absent, strict=True)
    ]
    result["inference_logprobs"] = None
    if known:
        result["inference_logprobs"] = [
            [NO_LOGPROB] * len(first["tokens"][row]) if gone else source["inference_logprobs"][row]
            for (source, row), gone in zip(rows, absent, strict=True)
        ]
    return ScoredDataGroup(**result)
