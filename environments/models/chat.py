"""The model of a rollout: how it is asked, and how many tokens a request has."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol

from environments.models.turn_ends import ExactTokens
from environments.rollouts.record import Message
from environments.tool_call_parsers import TextParser

AROUND_MESSAGE = 12
"""Tokens that a chat template adds to one message, at most, in the templates we know."""
MAX_KNOWN = 4096
"""Texts whose number of tokens is kept."""
MAX_KEPT = 8192
"""Characters of such a text at most: a model may write as much as it likes."""


class ChatServer(Protocol):
    """What is asked for completions: atroposlib's ServerManager or ManagedServer."""

    async def chat_completion(self, **kwargs: Any) -> Any:
        """Answer a request of OpenAI's chat completions."""


TokenCounter = Callable[[Sequence[Message], Sequence[dict[str, Any]]], int]
"""Tokens of a request: its messages and the tools' schemas."""


@dataclass(frozen=True)
class Chat:
    """The model of one rollout, how its answers are read, and what tokens came of it."""

    server: ChatServer
    parser: TextParser | None = None
    """Finds tool calls in the content where the server returns none."""
    escape: Callable[[str], str] = str
    """Escapes the tokenizer's special tokens in what tools return."""
    end_tokens: tuple[str, ...] = ()
    """Stripped from the end of the content, as raw-text endpoints leave them."""
    replay_raw: bool = False
    """Send the model's raw text back, so that the tokens of earlier turns stay as they were."""
    exact: Callable[[], ExactTokens] | None = None
    """The tokens that the managed server has recorded, where there is one."""
    count_tokens: TokenCounter | None = None
    """With a limit of tokens a conversation ends before the endpoint would refuse it."""
    model: str = ""
    """Name of the model, as records show it."""
    provider: str = ""
    """Host of the endpoint, or `embedded`."""
    names_rollout: bool = False
    """Name the rollout in OpenAI's `user` field, which embedded policies need."""


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
            self._tokens = self._length_of(tools) if tools else 0
        for message in messages[self._counted :]:
            lengths = (_length(self._tokenizer, text) for text in _texts(message))
            self._tokens += AROUND_MESSAGE + sum(lengths)
        self._counted = len(messages)
        return self._tokens

    def _length_of(self, tools: Sequence[dict[str, Any]]) -> int:
        template = str(getattr(self._tokenizer, "chat_template", None))
        return _length_of(self._tokenizer, template, json.dumps(tools))


@lru_cache(maxsize=16)
def _length_of(tokenizer: Any, template: str, tools: str) -> int:
    """Return the tokens that tools, as JSON, add to a prompt under the tokenizer's template.

    Kept for later conversations: rendering takes half a millisecond, and all have the same tools.
    """
    asked = [{"role": "user", "content": "."}]
    render = tokenizer.apply_chat_template
    try:
        told = render(asked, tools=json.loads(tools), return_dict=False)
        return len(told) - len(render(asked, return_dict=False))
    except Exception:  # no template, or one that refuses this
        return _length(tokenizer, tools)


def _length(tokenizer: Any, text: str) -> int:
    """Return the tokens of a text; kept, as the rollouts of a group see and say much alike."""
    return (_kept_length if len(text) <= MAX_KEPT else _counted_length)(tokenizer, text)


def _counted_length(tokenizer: Any, text: str) -> int:
    """Count the tokens of a text.

    The encoder behind a fast tokenizer takes a small part of the time of the tokenizer's own call.
    """
    encoder = getattr(tokenizer, "backend_tokenizer", None)
    if encoder is None or encoder.truncation or encoder.padding:
        return len(tokenizer(text, add_special_tokens=False)["input_ids"])
    return len(encoder.encode(text, add_special_tokens=False))


_kept_length = lru_cache(maxsize=MAX_KNOWN)(_counted_length)


def _texts(message: Message) -> list[str]:
    """Everything of a message that a template may show."""
    found = [message.get(key) for key in ("content", "reasoning_content", "tool_call_id")]
    if calls := message.get("tool_calls"):
        found.append(json.dumps(calls, ensure_ascii=False))
    return [t if isinstance(t, str) else json.dumps(t) for t in found if t]
