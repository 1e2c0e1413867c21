"""Drawing the next token, and noticing answers that go round in circles."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

PERIOD = 24
"""Tokens of the longest loop that is noticed."""
REPEATS = 4
"""Times that a loop must stand at the end."""
SHORTEST = 48
"""Tokens that the loops must make up together: shorter ones occur in good answers."""


def draw(
    logits: Tensor, *, temperature: float, top_p: float, generator: torch.Generator
) -> tuple[int, float]:
    """Draw a token from logits [vocabulary]; the token, and the model's own log-probability of it.

    The log-probability is before temperature and `top_p`, as vLLM gives it. A temperature of 0
    takes the likeliest token.
    """
    own = torch.log_softmax(logits.float(), dim=-1)
    if temperature == 0:
        token = int(own.argmax())
    else:
        shares = torch.softmax(logits.float() / temperature, dim=-1)
        if top_p < 1:
            sorted_shares, order = shares.sort(descending=True)
            beyond = sorted_shares.cumsum(-1) - sorted_shares >= top_p
            shares[order[beyond]] = 0
        token = int(torch.multinomial(shares, 1, generator=generator))
    return token, float(own[token])


def loops(tokens: Sequence[int]) -> bool:
    """Tell whether an answer's end repeats the same few tokens over and over."""
    for period in range(1, PERIOD + 1):
        length = max(period * REPEATS, SHORTEST)
        if len(tokens) < length:
            continue
        end = tokens[len(tokens) - length :]
        if all(end[i] == end[i + period] for i in range(length - period)):
            return True
    return False
