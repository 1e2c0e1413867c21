"""How many tokens of its context a conversation has used, counted as it grows."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from environments.rollouts.messages import Message

AROUND_MESSAGE = 12
"""Tokens a chat template puts around one message, at most, in the templates we know."""


class TokenBudget:
    """Counts the tokens of a request. Each message is tokenised once.

    An estimate on the safe side: exact would be the template's rendering, whose time is
    quadratic in the length of the conversation.
    """

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer
        self._first: Message | None = None
        self._counted = 0
        self._tokens = 0

    def __call__(self, messages: Sequence[Message], tools: Sequence[dict[str, Any]]) -> int:
        """Count the tokens of a request; see the class."""
        if not messages or messages[0] is not self._first or len(messages) < self._counted:
            self._first = messages[0] if messages else None
            self._counted = 0
            self._tokens = self._length(json.dumps(tools)) if tools else 0
        for message in messages[self._counted :]:
            self._tokens += AROUND_MESSAGE + sum(self._length(t) for t in _texts(message))
        self._counted = len(messages)
        return self._tokens

    def _length(self, text: str) -> int:
        return len(self._tokenizer(text, add_special_tokens=False)["input_ids"])


def _texts(message: Message) -> list[str]:
    """Everything of a message that a template may show."""
    found = [message.get(key) for key in ("content", "reasoning_content", "tool_call_id")]
    if calls := message.get("tool_calls"):
        found.append(json.dumps(calls, ensure_ascii=False))
    return [t if isinstance(t, str) else json.dumps(t) for t in found if t]
