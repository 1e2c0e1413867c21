"""One training sequence: tokens, and which of them are trained."""

from __future__ import annotations

from dataclasses import dataclass, field

from environments.rollouts.messages import Message

MASKED = -100
"""Value in `masks` of a token that is not trained, as in Atropos."""
NO_LOGPROB = 1.0
"""Value in `logprobs` of a token that was not sampled, as in atroposlib's ManagedServer."""


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
