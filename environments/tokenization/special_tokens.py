"""Text that spells a tokenizer's marker must not become that marker.

A world in which somebody has written `<|im_end|>` on a wall would end the turn of every
agent that reads it. Such text is broken where all can see it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Set
from functools import lru_cache
from typing import Any

Message = dict[str, Any]

TAGS = frozenset(
    f"<{slash}{tag}>"
    for tag in ("think", "tools", "tool_call", "tool_response")
    for slash in ("", "/")
)
"""Markers that a model writes and a reader finds: no end of a turn hangs on them."""
MAX_DEPTH = 64
"""Arguments that are nested deeper stay the text they are."""


def escape_special_tokens(text: str, tokenizer: Any) -> str:
    """`text` with each marker of the tokenizer broken by a space: `<|im_end|>` -> `< |im_end|>`.

    For text that comes from outside, such as observations: it must not end a turn or open
    a tool call.
    """
    return _broken(text, _markers(tokenizer)[0])


@lru_cache(maxsize=16)
def _markers(tokenizer: Any) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """Where a marker begins: of all markers, and of those that only the template may write."""
    added = tokenizer.added_tokens_decoder.values()
    control = {str(t) for t in added if t.special and str(t).strip()}
    return _begins(control | TAGS), _begins(control - TAGS)


def _begins(markers: Set[str]) -> re.Pattern[str]:
    """Matches the first character of each marker, overlapping ones too."""
    longer = sorted(m for m in markers if len(m) > 1)
    return re.compile(f"(?={'|'.join(map(re.escape, longer))})." if longer else r"(?!)", re.DOTALL)


def _broken(text: str, begins: re.Pattern[str]) -> str:
    return begins.sub(lambda found: found[0] + " ", text)


def prepared(message: Message, tokenizer: Any) -> Message:
    """The message as templates expect it: text without markers, arguments as objects."""
    every, control = _markers(tokenizer)
    begins = every if message["role"] == "tool" else control
    plain = {k: v for k, v in message.items() if v is not None}
    content = plain.get("content", "")
    if isinstance(content, list):
        content = "".join(part.get("text", "") for part in content)
    plain["content"] = _broken(content, begins)
    for key in ("reasoning", "reasoning_content"):
        if isinstance(plain.get(key), str):
            plain[key] = _broken(plain[key], every)
    if calls := plain.get("tool_calls"):
        plain["tool_calls"] = [
            {**call, "function": {**call["function"], "arguments": _arguments(call, control)}}
            for call in calls
        ]
    return plain


def _arguments(call: dict[str, Any], begins: re.Pattern[str]) -> Any:
    """The arguments as an object, or as the text they are where they hold no object."""
    arguments = call["function"].get("arguments") or {}
    try:
        parsed = json.loads(arguments) if isinstance(arguments, str) else arguments
        if isinstance(parsed, dict):
            return _deep(parsed, begins)
    except (ValueError, RecursionError):
        pass
    return _broken(str(arguments), begins)


def _deep(value: Any, begins: re.Pattern[str], depth: int = 0) -> Any:
    if depth > MAX_DEPTH:
        raise ValueError("nested too deeply")
    if isinstance(value, str):
        return _broken(value, begins)
    if isinstance(value, list):
        return [_deep(v, begins, depth + 1) for v in value]
    if isinstance(value, dict):
        return {_broken(k, begins): _deep(v, begins, depth + 1) for k, v in value.items()}
    return value
