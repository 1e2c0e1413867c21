"""One training sequence: tokens, and which of them are trained."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from environments.rollouts.messages import Message

MASKED = -100
"""Value in `masks` of a token that is not trained, as in Atropos."""
NO_LOGPROB = 1.0
"""Value in `logprobs` of a token that was not sampled, as in atroposlib's ManagedServer."""
NO_TURN = 0
"""Value in `turns` of a token that the model did not say."""


@dataclass(frozen=True)
class TrainingSequence:
    """One training sequence; its three lists have one entry a token."""

    tokens: list[int]
    masks: list[int]
    """The token where it is trained, MASKED elsewhere."""
    logprobs: list[float] | None
    """Of the trained tokens, NO_LOGPROB elsewhere; None where the endpoint gave none."""
    messages: list[Message] = field(default_factory=list)
    """The conversation up to the last trained turn; empty where only tokens are known."""
    turns: list[int] = field(default_factory=list)
    """Which of the rollout's model calls (from 1) sampled the token, NO_TURN where none did; one
    entry a token, and none at all where that is not known."""


def trained_after(sequence: TrainingSequence, turn: int) -> TrainingSequence | None:
    """Return the sequence with only the turns after `turn` trained; None where none is left."""
    kept = [
        mask != MASKED and number > turn
        for mask, number in zip(sequence.masks, sequence.turns, strict=True)
    ]
    if not any(kept):
        return None
    logprobs = sequence.logprobs and [
        p if keep else NO_LOGPROB for p, keep in zip(sequence.logprobs, kept, strict=True)
    ]
    masks = [m if keep else MASKED for m, keep in zip(sequence.masks, kept, strict=True)]
    return replace(sequence, masks=masks, logprobs=logprobs)
