"""Rows as a model's own tokenizer and chat template have them.

`token_rows` are whole conversations in the columns of TRL's SFTTrainer: `assistant_masks` is 1
where the model has said the token and 0 elsewhere. A dataset that has `input_ids` is trained as it
is: no template has to mark what the model says.

`rendered` is a row by turn whose messages are text, as the model is given and writes it. Trainers
take it as it is, so that it does not matter which arguments of calls their template takes: many
want objects, which a table of rows cannot hold.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from environments.export.files import Row
from environments.export.scored import Scored
from environments.export.tables import about, until_words_end
from environments.rollouts.messages import Message
from environments.tokenization.chat_template import RenderedConversation, common_prefix
from environments.tokenization.sequences import MASKED, sequences_from_messages
from environments.tokenization.special_tokens import prepare_message


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


def rendered(row: Row, tokenizer: Any) -> Row:
    """Return a row by turn with texts in place of its messages, which simply join.

    The token that begins a text is left out where the tokenizer adds it. Raises UserError where the
    tokenizer has no template that fits.
    """
    sides = [name for name in ("completion", "chosen", "rejected") if name in row]
    tools = json.loads(row["tools"])
    texts = [_render([*row["prompt"], *row[name]], tools, tokenizer) for name in sides]
    prompt = texts[0][0]
    for before, _ in texts[1:]:
        prompt = prompt[: common_prefix(prompt, before)]
    said = [(before + after)[len(prompt) :] for before, after in texts]
    if _adds_bos(tokenizer):
        prompt = prompt.removeprefix(tokenizer.bos_token)
    return {**row, "prompt": prompt, **dict(zip(sides, said, strict=True))}


def _render(
    messages: Sequence[Message], tools: list[dict[str, Any]], tokenizer: Any
) -> tuple[str, str]:
    """Return what the model was given before the last message, and that message, as text."""
    prepared = [prepare_message(m, tokenizer) for m in messages]
    conversation = RenderedConversation(prepared, tools, tokenizer)
    text, ((start, end),) = conversation.spans([len(messages) - 1])
    return text[:start], text[start:end]


def _adds_bos(tokenizer: Any) -> bool:
    """Tell whether tokenising a text puts a token before it."""
    if tokenizer.bos_token_id is None:
        return False
    return bool(tokenizer("a")["input_ids"][0] == tokenizer.bos_token_id)
