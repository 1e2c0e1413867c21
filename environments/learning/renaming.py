"""Other names in the play that a model is tuned on, so that it learns to copy them.

The worlds of a split take their names from a few hundred words. A small model learns these by
heart, and writes one of them where it is to copy a name that it has not met. And it copies letter
by letter, with slips, what its tokenizer cuts otherwise where it is answered than where it was
shown, as after a quotation mark and after a space.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Mapping, Sequence
from typing import Any

from environments.rollouts.record import Rollout

SHARE = 0.8
"""Of the words of names that are replaced."""
DOUBLE = 0.3
"""Of the new words those that are made of two, such as `cart-shed`."""
_WORD = re.compile("[Ġ▁]([a-z]{4,12})")
"""A token that begins a word, as the tokenizers of GPT-2 and of SentencePiece mark it."""


def common_words(vocabulary: Mapping[str, int]) -> list[str]:
    """Return the words of 4 to 12 letters that are a token of their own, sorted."""
    return sorted(found[1] for token in vocabulary if (found := _WORD.fullmatch(token)))


def renamed(rollout: Rollout, words: Sequence[str], rng: random.Random) -> Rollout:
    """Replace words of the names of rooms and things wherever a conversation has them.

    All else is as it was, the verdict too: what is now called otherwise is called so everywhere.
    """
    spec = rollout.task.spec
    names = [room.name for room in spec.rooms] + [thing.name for thing in spec.things]
    old = sorted({word for name in names for word in name.lower().split()})
    taken = set(old)
    new = {}
    for word in old:
        if rng.random() < SHARE:
            new[word] = _new_word(words, rng, taken)
            taken.add(new[word])
    if not new:
        return rollout
    either = "|".join(map(re.escape, sorted(new, key=len, reverse=True)))
    pattern = re.compile(rf"(?<![\w-])(?:{either})(?![\w-])", re.IGNORECASE)

    def put(found: re.Match[str]) -> str:
        word = new[found[0].lower()]
        return word.title() if found[0][0].isupper() else word

    return rollout.model_copy(
        update={
            "conversations": [
                [_changed(message, pattern, put) for message in messages]
                for messages in rollout.conversations
            ]
        }
    )


def spaced(rollout: Rollout) -> Rollout:
    """Begin each text of the submitted answer with a space, which no check of an answer counts.

    The tokenizer then cuts a name as it does in the middle of the text that showed it.
    """
    return rollout.model_copy(
        update={
            "conversations": [
                [_with_spaced_answer(message) for message in messages]
                for messages in rollout.conversations
            ]
        }
    )


def _with_spaced_answer(message: Mapping[str, Any]) -> Mapping[str, Any]:
    if not message.get("tool_calls"):
        return message
    calls = []
    for call in message["tool_calls"]:
        function = call["function"]
        if function["name"] == "evennia_submit":
            arguments = json.dumps(_spaced(json.loads(function["arguments"])), ensure_ascii=False)
            call = {**call, "function": {**function, "arguments": arguments}}
        calls.append(call)
    return {**message, "tool_calls": calls}


def _spaced(value: Any) -> Any:
    """Return a value whose texts begin with a space."""
    if isinstance(value, str):
        return f" {value.lstrip()}"
    if isinstance(value, list):
        return [_spaced(one) for one in value]
    if isinstance(value, dict):
        return {key: _spaced(one) for key, one in value.items()}
    return value


def _new_word(words: Sequence[str], rng: random.Random, taken: set[str]) -> str:
    while True:
        count = 2 if rng.random() < DOUBLE else 1
        word = "-".join(rng.choice(words) for _ in range(count))
        if word not in taken:
            return word


def _changed(value: Any, pattern: re.Pattern[str], put: Any) -> Any:
    """Return a message with other words in its text and its calls; fields keep their names."""
    if isinstance(value, str):
        return pattern.sub(put, value)
    if isinstance(value, list):
        return [_changed(one, pattern, put) for one in value]
    if isinstance(value, dict):
        return {
            key: one if key in ("role", "type", "id", "tool_call_id") else
            _changed(one, pattern, put)
            for key, one in value.items()
        }  # fmt: skip
    return value
