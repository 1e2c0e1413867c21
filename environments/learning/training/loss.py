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
    """Return the log-probability of each token after those before it: [n - 1] of n tokens.

    `logits` is [n, vocabulary], `tokens` is [n].
    """
    own = logits[:-1].float()
    chosen = own.gather(-1, tokens[1:, None]).squeeze(-1)
    return chosen - own.logsumexp(-1)


def policy_gradient(
    logprobs: Tensor, sampled: Tensor, advantages: Tensor, trained: Tensor,
    *, below: float = 0.2, above: float = 0.28,
) -> Loss:  # fmt: skip
    """Return the clipped surrogate objective of PPO (arXiv 1707.06347), to be minimised.

    All tensors are [tokens]: log-probabilities now and when the token was sampled, its advantage,
    and whether it is trained. Ratios are clipped to 1 - `below` and 1 + `above` (bounds of their
    own for either side: DAPO, arXiv 2503.14476). At ratio 1 the gradient is that of REINFORCE:
    minus the advantage times the gradient of the log-probability.
    """
    ratio = torch.exp(torch.where(trained, logprobs - sampled, 0.0))
    bounded = ratio.clamp(1 - below, 1 + above)
    value = torch.minimum(ratio * advantages, bounded * advantages)
    with torch.no_grad():
        cut = trained & (ratio * advantages > bounded * advantages)
        difference = torch.where(trained, logprobs - sampled, 0.0).abs().sum()
        ratios = torch.where(trained, ratio, 0.0).sum()
    return Loss(-torch.where(trained, value, 0.0).sum(), int(cut.sum()), difference, ratios)
