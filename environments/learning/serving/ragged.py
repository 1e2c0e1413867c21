"""Attention for many conversations of different lengths in one forward pass.

The new tokens of all conversations stand one after the other in one row, so that nothing is padded.
Each conversation has a `Slot` with the keys and values of what was computed before.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import scaled_dot_product_attention
from transformers import AttentionInterface, AttentionMaskInterface

NAME = "evennia_ragged"
"""`attn_implementation` of models that attend so; each forward pass is given its `parts`."""
GROWTH = 256
"""Tokens by which a slot grows at least."""


class Slot:
    """Keys and values of one conversation, for each layer [2, heads, tokens, size of a head]."""

    def __init__(self) -> None:
        """Hold nothing yet."""
        self.tokens: list[int] = []
        """Whose keys and values are here."""
        self.used = 0
        """When it was used last: a number that grows."""
        self._layers: dict[int, Tensor] = {}

    def put(self, layer: int, at: int, key: Tensor, value: Tensor) -> Tensor:
        """Store keys and values [heads, n, size] from token `at`; all [2, heads, at + n, size]."""
        heads, count, size = key.shape
        end = at + count
        kept = self._layers.get(layer)
        if kept is None or kept.shape[2] < end:
            room = max(end + GROWTH, 2 * at)
            grown = torch.empty(2, heads, room, size, dtype=key.dtype)
            if kept is not None:
                grown[:, :, :at] = kept[:, :, :at]
            kept = self._layers[layer] = grown
        kept[0, :, at:end] = key
        kept[1, :, at:end] = value
        return kept[:, :, :end]

    def take_over(self, other: Slot, count: int) -> None:
        """Copy the first `count` tokens of another slot in the place of what is here."""
        for layer, kept in other._layers.items():
            self.put(layer, 0, kept[0, :, :count], kept[1, :, :count])
        self.tokens = other.tokens[:count]

    def clear(self) -> None:
        """Forget everything, and give the memory back."""
        self.tokens = []
        self._layers.clear()


@dataclass(frozen=True)
class Part:
    """The new tokens of one conversation in a forward pass."""

    slot: Slot
    at: int
    """Tokens before the new ones."""
    begin: int
    """Place of the first new token in the row."""
    end: int


def attend(
    module: Any, query: Tensor, key: Tensor, value: Tensor, attention_mask: None,
    scaling: float | None = None, dropout: float = 0.0, *, parts: list[Part], **_: Any,
) -> tuple[Tensor, None]:  # fmt: skip
    """Attend within each conversation; an attention function of transformers.

    `query` is [1, heads, tokens, size], `key` and `value` have the heads of keys. Returns
    [1, tokens, heads, size].
    """
    heads, size = query.shape[1], query.shape[3]
    groups = key.shape[1]
    found = []
    for part in parts:
        new = slice(part.begin, part.end)
        count = part.end - part.begin
        keys, values = part.slot.put(module.layer_idx, part.at, key[0, :, new], value[0, :, new])
        asked = query[0, :, new]
        if count == 1:
            # heads that share keys are queries of one and the same: nothing has to be repeated
            shared = asked.reshape(groups, heads // groups, size)
            one = scaled_dot_product_attention(shared, keys, values, scale=scaling)
            found.append(one.reshape(1, heads, size))
            continue
        mask = None
        if part.at:
            mask = torch.ones(count, part.at + count, dtype=torch.bool).tril(part.at)
        whole = scaled_dot_product_attention(
            asked[None], keys[None], values[None], attn_mask=mask, is_causal=mask is None,
            scale=scaling, enable_gqa=True,
        )  # fmt: skip
        found.append(whole[0].transpose(0, 1))
    return torch.cat(found)[None], None


def _no_mask(*_: Any, **__: Any) -> None:
    """Make no mask: each conversation has its own."""


AttentionInterface.register(NAME, attend)
AttentionMaskInterface.register(NAME, _no_mask)
