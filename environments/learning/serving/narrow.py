"""Matrix products for few tokens at a time, as when each conversation gets its next one."""

from __future__ import annotations

import torch
from torch import Tensor, nn

NARROW = 64
"""Tokens up to which it is faster so; 8 tokens take two threads about half the time."""


class NarrowLinear(nn.Linear):  # type: ignore[misc]
    """A linear layer that multiplies from the left where it is given few tokens.

    The BLAS of PyTorch lays the right factor out anew before it multiplies. That should be the few
    tokens and not the weights, which a large batch alone pays for.
    """

    def forward(self, input: Tensor) -> Tensor:
        """Return `input` [..., n] times the weights, [..., m]."""
        rows = input.reshape(-1, input.shape[-1])
        if len(rows) > NARROW or self.bias is not None:
            return super().forward(input)
        found = torch.mm(self.weight, rows.t()).t().contiguous()
        return found.view(*input.shape[:-1], -1)


def narrow(model: nn.Module) -> None:
    """Have the linear layers of a model multiply so; its weights stay where they are."""
    for module in model.modules():
        if type(module) is nn.Linear:
            module.__class__ = NarrowLinear
