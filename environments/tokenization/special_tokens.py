"""Text that spells a special token is escaped, so that it does not become that token.

A world in which somebody has written `<|im_end|>` on a wall would otherwise end the turn
of every agent that reads it. The escape is a space after the first character, visible to
everyone who reads the text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Set
from functools import lru_cache
from typing import Any, NamedTuple

from environments.rollouts.record import Message

TemplateMessage = dict[str, Any]
"""A message as chat templates take it: as in OpenAI's form, but with arguments as objects."""

TAGS = frozenset(
    f"<{slash}{tag}>"
    for tag in ("think", "tools", "tool_call", "tool_response")
    for slash in ("", "/")
)
"""Tags that a model writes itself and a parser reads; none of them ends a turn."""
MAX_DEPTH = 64
"""Arguments of tool calls that are nested deeper stay the text they are."""


def escape_special_tokens(text: str, tokenizer: Any) -> str:
    """Put a space into each special token that `text` spells: `<|im_end|>` -> `< |im_end|>`.

    For text that comes from outside, such as observations: it must not end a turn or open
    a tool call. Tags count as special tokens, too. Escaping twice changes nothing more.
    """
    return _escape(text, _patterns(tokenizer).everything)


def prepare_message(message: Message, tokenizer: Any) -> TemplateMessage:
    """Return a copy of the message as chat templates expect it, with special tokens escaped.

    Content in parts becomes one text, missing content an empty one, and the arguments of
    tool calls become objects (they stay text where they hold no JSON object, or one that is
    nested deeper than MAX_DEPTH). What the model wrote keeps its tags.
    """
    patterns = _patterns(tokenizer)
    prepared: TemplateMessage = {k: v for k, v in message.items() if v is not None}
    content = prepared.get("content", "")
    if isinstance(content, list):
        content = "".join(part.get("text", "") for part in content)
    from_tool = message["role"] == "tool"
    prepared["content"] = _escape(content, patterns.everything if from_tool else patterns.control)
    for key in ("reasoning", "reasoning_content"):
        if isinstance(prepared.get(key), str):
            prepared[key] = _escape(prepared[key], patterns.everything)
    if calls := prepared.get("tool_calls"):
        prepared["tool_calls"] = [
            {
                **call,
                "function": {**call["function"], "arguments": _arguments(call, patterns.control)},
            }
            for call in calls
        ]
    return prepared


class _Patterns(NamedTuple):
    """Match the first character of each special token."""

    everything: re.Pattern[str]
    """Control tokens and tags."""
    control: re.Pattern[str]
    """Tokens that only the chat template may write."""


@lru_cache(maxsize=16)
def _patterns(tokenizer: Any) -> _Patterns:
    added = tokenizer.added_tokens_decoder.values()
    control = {str(t) for t in added if t.special and str(t).strip()}
    return _Patterns(_first_character(control | TAGS), _first_character(control - TAGS))


def _first_character(tokens: Set[str]) -> re.Pattern[str]:
    """Return a pattern for the first character of each token, overlapping tokens included."""
    longer = sorted(t for t in tokens if len(t) > 1)
    return re.compile(f"(?={'|'.join(map(re.escape, longer))})." if longer else r"(?!)", re.DOTALL)


def _escape(text: str, first_character: re.Pattern[str]) -> str:
    return first_character.sub(lambda found: found[0] + " ", text)


def _arguments(call: dict[str, Any], pattern: re.Pattern[str]) -> Any:
    """Return the arguments as an object, or as text where they hold no object."""
    arguments = call["function"].get("arguments") or {}
    try:
        parsed = json.loads(arguments) if isinstance(arguments, str) else arguments
        if isinstance(parsed, dict):
            return _escape_within(parsed, pattern)
    except (ValueError, RecursionError):
        pass
    return _escape(str(arguments), pattern)


def _escape_within(value: Any, pattern: re.Pattern[str], depth: int = 0) -> Any:
    """Escape every text of a JSON value. Raises ValueError where it is nested too deeply."""
    if depth > MAX_DEPTH:
        raise ValueError("nested too deeply")
    if isinstance(value, str):
        return _escape(value, pattern)
    if isinstance(value, list):
        return [_escape_within(v, pattern, depth + 1) for v in value]
    if isinstance(value, dict):
        return {
            _escape(k, pattern): _escape_within(v, pattern, depth + 1) for k, v in value.items()
        }
    return value
