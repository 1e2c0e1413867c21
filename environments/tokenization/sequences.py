"""Training sequences made from conversations: tokens, and which of them are trained.

Where the endpoint gives tokens (vllm, sglang), Atropos's ManagedServer has recorded them
and `sequences_from_nodes` uses them as they are. Where it gives only text,
`sequences_from_messages` makes them with the tokenizer's chat template. Either way each
turn of the model is trained exactly once, in the context in which it was produced, and
nothing else is trained.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from environments.rollouts.messages import Message
from environments.rollouts.training_sequence import (
    MASKED,
    NO_LOGPROB,
    NO_TURN,
    TrainingSequence,
)
from environments.tokenization.chat_template import RenderedConversation, Span
from environments.tokenization.special_tokens import prepare_message

__all__ = [
    "MASKED",
    "NO_LOGPROB",
    "NO_TURN",
    "TrainingSequence",
    "sequences_from_messages",
    "sequences_from_nodes",
]

MAX_KNOWN = 4096
"""Pieces of text whose tokens are kept."""


def sequences_from_nodes(
    nodes: Iterable[Any], turns: Mapping[tuple[int, int], int] | None = None
) -> list[TrainingSequence]:
    """Return the nodes of a rollout's ManagedServer, each sampled token trained exactly once.

    `turns` are the rollout's model calls, by the node that each has ended and the node's tokens
    then. An answer that is none of them was not played and is not trained. Without `turns` the
    sequences do not say which token is of which turn.

    A node that repeats earlier turns as its prompt has them masked already. Nodes that
    branch off the same node carry its turns unmasked in each branch: the first keeps them.
    Nodes without a trained token are left out, the nodes themselves left as they are.
    """
    sequences: list[TrainingSequence] = []
    seen: set[tuple[int, ...]] = set()
    for number, node in enumerate(nodes):
        masks, logprobs = list(node.masked_tokens), list(node.logprobs)
        of_turns = [] if turns is None else [NO_TURN] * len(masks)
        spans = _trained_spans(masks)
        for start, end in spans:
            turn = tuple(node.tokens[:end]) if (start, end) != spans[-1] else ()
            if turn in seen or (turns is not None and (number, end) not in turns):
                masks[start:end] = [MASKED] * (end - start)
                logprobs[start:end] = [NO_LOGPROB] * (end - start)
            elif turns is not None:
                of_turns[start:end] = [turns[number, end]] * (end - start)
            if turn:
                seen.add(turn)
        if any(mask != MASKED for mask in masks):
            known = all(_is_logprob(p) for p, m in zip(logprobs, masks, strict=True) if m != MASKED)
            sequences.append(
                TrainingSequence(
                    list(node.tokens), masks, logprobs if known else None, turns=of_turns
                )
            )
    return sequences


def _trained_spans(masks: list[int]) -> list[Span]:
    """Return the runs of trained tokens."""
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
    messages: list[Message], tools: list[dict[str, Any]] | None, tokenizer: Any, first_turn: int = 1
) -> list[TrainingSequence]:
    """Tokenise a conversation as the chat template renders it; the assistant's turns are trained.

    One sequence where the template only ever appends. A template that renders a turn
    otherwise once more follows (most drop earlier reasoning) gives several, and each turn
    is trained in the one that shows it as it was produced. Text that spells a special token
    of the tokenizer does not become that token. A conversation without an assistant's turn
    gives none. The assistant's first message is model call `first_turn` of the rollout.

    Raises UserError where the tokenizer has no chat template, or one that refuses the
    conversation or leaves its tool calls out.
    """
    prepared = [prepare_message(m, tokenizer) for m in messages]
    conversation = RenderedConversation(prepared, tools, tokenizer)
    sequences = []
    for turns in conversation.sequences():
        text, spans = conversation.spans(turns)
        numbers = [first_turn + conversation.turns.index(turn) for turn in turns]
        tokens, masks, of_turns = _tokenise(text, spans, numbers, tokenizer)
        until = list(messages[: turns[-1] + 1])
        sequences.append(TrainingSequence(tokens, masks, None, until, of_turns))
    return sequences


def _tokenise(
    text: str, spans: list[Span], numbers: list[int], tokenizer: Any
) -> tuple[list[int], list[int], list[int]]:
    """Return tokens, masks and turns, of equal length, of a text whose `spans` are trained.

    `numbers` are the turns of the spans. Prompts and turns are tokenised apart, as they are when
    a model generates. What follows the last span is left out.
    """
    if not _concatenates(tokenizer):
        return _tokenise_whole(text, spans, numbers, tokenizer)
    cuts = [0, *(cut for span in spans for cut in span)]
    pieces = [text[a:b] for a, b in itertools.pairwise(cuts)]
    tokens: list[int] = []
    masks: list[int] = []
    turns: list[int] = []
    for number, ids in enumerate(_ids_of(pieces, tokenizer)):
        tokens += ids
        masks += ids if number % 2 else [MASKED] * len(ids)
        turns += [numbers[number // 2] if number % 2 else NO_TURN] * len(ids)
    return tokens, masks, turns


def _ids_of(pieces: Sequence[str], tokenizer: Any) -> list[list[int]]:
    """Return the tokens of each piece; the rollouts of a group share many, first the prompt."""
    known = _known_pieces(tokenizer)
    if new := list(dict.fromkeys(piece for piece in pieces if piece not in known)):
        if len(known) + len(new) > MAX_KNOWN:
            known.clear()
            new = list(dict.fromkeys(pieces))
        known.update(zip(new, tokenizer(new, add_special_tokens=False)["input_ids"], strict=True))
    return [known[piece] for piece in pieces]


@lru_cache(maxsize=4)
def _known_pieces(tokenizer: Any) -> dict[str, list[int]]:
    """Return the dict that keeps tokens by text."""
    return {}


@lru_cache(maxsize=16)
def _concatenates(tokenizer: Any) -> bool:
    """Whether the tokens of two texts are those of the joined text.

    SentencePiece tokenizers put a space before each text, so theirs are not.
    """
    one, two, both = tokenizer(["a\n", "b", "a\nb"], add_special_tokens=False)["input_ids"]
    return bool(one + two == both)


def _tokenise_whole(
    text: str, spans: list[Span], numbers: list[int], tokenizer: Any
) -> tuple[list[int], list[int], list[int]]:
    """Return tokens, masks and turns of the text in one go.

    A token is trained where it begins within a span.
    """
    cut = text[: spans[-1][1]]
    encoded = tokenizer(cut, add_special_tokens=False, return_offsets_mapping=True)
    inside = [NO_TURN] * (len(cut) + 1)
    for (start, end), number in zip(spans, numbers, strict=True):
        inside[start:end] = [number] * (end - start)
    tokens = encoded["input_ids"]
    turns = [inside[start] if start < end else NO_TURN for start, end in encoded["offset_mapping"]]
    masks = [
        MASKED if turn == NO_TURN else token for token, turn in zip(tokens, turns, strict=True)
    ]
    return tokens, masks, turns
