"""The objective: clipped policy gradient with an advantage for each token."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor


class Loss(NamedTuple):
    """The loss of a row, and what it was made of."""

    total: Tensor
    """Sum over the row's trained tokens; to be divided by those of the whole batch."""
    clipped: int
    """Tokens whose ratio was outside of the bounds and that so have no gradient."""
    difference: Tensor
    """Sum of |log-probability now - when sampled| over the trained tokens."""
    ratios: Tensor
    """Sum of the importance ratios."""


def token_logprobs(logits: Tensor, tokens: Tensor) -> Tensor:
    """Return the log-probability of each of `tokens`, [n], by its `logits`, [n, vocabulary]."""
    own = logits.float()
    return own.gather(-1, tokens[:, None]).squeeze(-1) - own.logsumexp(-1)


def policy_gradient(
    logprobs: Tensor, sampled: Tensor, advantages: Tensor,
    *, below: float = 0.2, above: float = 0.28,
) -> Loss:  # fmt: skip
    """Return the clipped surrogate objective of PPO (arXiv 1707.06347), to be minimised.

    All tensors are [trained tokens]: log-probabilities now and when the token was sampled, and its
    advantage. Ratios are clipped to 1 - `below` and 1 + `above` (bounds of their own for either
    side: DAPO, arXiv 2503.14476). At ratio 1 the gradient is that of REINFORCE: minus the advantage
    times the gradient of the log-probability.
    """
    ratio = torch.exp(logprobs - sampled)
    bounded = ratio.clamp(1 - below, 1 + above)
    value = torch.minimum(ratio * advantages, bounded * advantages)
    with torch.no_grad():
        cut = ratio * advantages > bounded * advantages
        difference = (logprobs - sampled).abs().sum()
    return Loss(-value.sum(), int(cut.sum()), difference, ratio.detach().sum())
