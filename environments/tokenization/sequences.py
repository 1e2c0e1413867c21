"""From conversations to training sequences: which tokens, and which of them are trained.

Where the endpoint gives tokens (vllm, sglang), Atropos's ManagedServer has recorded them
and `sequences_from_nodes` takes them as they are. Where it gives only text,
`sequences_from_messages` makes them from the tokenizer's chat template. Either way each
turn of the model is trained exactly once, in the context in which it was produced, and
nothing else is trained.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from environments.tokenization.chat_template import Conversation, Span
from environments.tokenization.special_tokens import Message, escape_special_tokens, prepared

__all__ = [
    "TrainingSequence",
    "escape_special_tokens",
    "sequences_from_messages",
    "sequences_from_nodes",
]

MASKED = -100
"""Stands in `masks` for a token that is not trained, as Atropos has it."""
NO_LOGPROB = 1.0
"""Stands in `logprobs` for a token that was not sampled, as ManagedServer has it."""


@dataclass(frozen=True)
class TrainingSequence:
    """One training sequence."""

    tokens: list[int]
    masks: list[int]
    """The token where it is trained, -100 elsewhere."""
    logprobs: list[float] | None
    """Of the trained tokens, 1.0 elsewhere; None where the endpoint gave none."""
    messages: list[Message] = field(default_factory=list)
    """The conversation up to the last trained turn; empty for nodes, which hold only tokens."""


def sequences_from_nodes(nodes: Iterable[Any]) -> list[TrainingSequence]:
    """All nodes of a rollout's ManagedServer, each sampled token trained exactly once.

    A node that repeats earlier turns as its prompt has them masked already. Nodes that
    branch off the same node carry its turns unmasked in each branch: the first keeps them.
    Nodes without a sampled token are left out.
    """
    sequences: list[TrainingSequence] = []
    seen: set[tuple[int, ...]] = set()
    for node in nodes:
        masks, logprobs = list(node.masked_tokens), list(node.logprobs)
        spans = _trained(masks)
        for start, end in spans[:-1]:
            turn = tuple(node.tokens[:end])
            if turn in seen:
                masks[start:end] = [MASKED] * (end - start)
                logprobs[start:end] = [NO_LOGPROB] * (end - start)
            seen.add(turn)
        if spans:
            known = all(_is_logprob(p) for p, m in zip(logprobs, masks, strict=True) if m != MASKED)
            sequences.append(
                TrainingSequence(list(node.tokens), masks, logprobs if known else None)
            )
    return sequences


def _trained(masks: list[int]) -> list[Span]:
    """Runs of trained tokens."""
    spans: list[Span] = []
    for index, mask in enumerate(masks):
        if mask == MASKED:
            continue
        if spans and spans[-1][1] == index:
            spans[-1] = (spans[-1][0], index + 1)
        else:
            spans.append((index, index + 1))
    return spans


def _is_logprob(value: Any) -> bool:
    # ManagedServer fills what the endpoint left out with 1.0, which no log-probability is.
    return isinstance(value, int | float) and math.isfinite(value) and value != NO_LOGPROB


def sequences_from_messages(
    messages: list[Message], tools: list[dict[str, Any]] | None, tokenizer: Any
) -> list[TrainingSequence]:
    """The assistant's turns of a conversation, tokenised as the chat template renders them.

    One sequence where the template only ever appends. A template that renders a turn
    otherwise once more follows (most drop earlier reasoning) gives several, and each turn
    is trained in the one that shows it as it was produced. Text that spells a marker of
    the tokenizer does not become that marker.

    Raises UserError where the tokenizer has no chat template, or it refuses the conversation.
    """
    conversation = Conversation([prepared(m, tokenizer) for m in messages], tools, tokenizer)
    sequences = []
    for turns in conversation.chains():
        text, spans = conversation.spans(turns)
        tokens, masks = _tokenise(text, spans, tokenizer)
        sequences.append(TrainingSequence(tokens, masks, None, list(messages[: turns[-1] + 1])))
    return sequences


def _tokenise(text: str, spans: list[Span], tokenizer: Any) -> tuple[list[int], list[int]]:
    """Tokens and masks of a text whose `spans` are trained.

    Prompt and answer are tokenised apart, as they are when a model generates.
    """
    if not _joins(tokenizer):
        return _tokenise_whole(text, spans, tokenizer)
    cuts = [0, *(cut for span in spans for cut in span)]
    pieces = [text[a:b] for a, b in itertools.pairwise(cuts)]
    tokens: list[int] = []
    masks: list[int] = []
    for number, ids in enumerate(tokenizer(pieces, add_special_tokens=False)["input_ids"]):
        tokens += ids
        masks += ids if number % 2 else [MASKED] * len(ids)
    return tokens, masks


@lru_cache(maxsize=16)
def _joins(tokenizer: Any) -> bool:
    """Whether tokens of two texts make up the text: SentencePiece adds a space to each."""
    one, two, both = tokenizer(["a\n", "b", "a\nb"], add_special_tokens=False)["input_ids"]
    return one + two == both


def _tokenise_whole(text: str, spans: list[Span], tokenizer: Any) -> tuple[list[int], list[int]]:
    """Tokens of the text in one go; a token is trained where it begins within a span."""
    cut = text[: spans[-1][1]]
    encoded = tokenizer(cut, add_special_tokens=False, return_offsets_mapping=True)
    inside = [False] * (len(cut) + 1)
    for start, end in spans:
        inside[start:end] = [True] * (end - start)
    tokens = encoded["input_ids"]
    masks = [
        t if inside[start] and start < end else MASKED
        for t, (start, end) in zip(tokens, encoded["offset_mapping"], strict=True)
    ]
    return tokens, masks
