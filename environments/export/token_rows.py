"""Conversations as tokens with their loss mask, in the columns of TRL's SFTTrainer.

`assistant_masks` is 1 where the model has said the token and 0 elsewhere. A dataset that has
`input_ids` is trained as it is: no template has to mark what the model says.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from environments.export.files import Row
from environments.export.scored import Scored
from environments.export.tables import about, until_words_end
from environments.tokenization.sequences import MASKED, sequences_from_messages


def token_rows(rollouts: Sequence[Scored], tokenizer: Any) -> list[Row]:
    """Return `input_ids` and `assistant_masks` of the successful rollouts.

    One row a conversation; more where the tokenizer's chat template shows earlier messages
    otherwise once others follow. Each message of the model is trained in one of them, as it was
    given. Raises UserError where the tokenizer has no template that fits.
    """
    return [
        {
            "input_ids": sequence.tokens,
            "assistant_masks": [int(mask != MASKED) for mask in sequence.masks],
            **about(rollout, stage),
        }
        for rollout in rollouts
        if rollout.verdict is not None and rollout.verdict.success
        for stage, messages in enumerate(rollout.conversations)
        for sequence in sequences_from_messages(
            list(until_words_end(messages)), list(rollout.tools), tokenizer
        )
    ]
