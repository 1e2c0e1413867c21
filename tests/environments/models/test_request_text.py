"""Requests of a conversation, written piece by piece, are those that `json.dumps` would write."""

from __future__ import annotations

import json
from typing import Any

from environments.models.request_text import RequestText

OPENING = [{"role": "system", "content": "Straße"}, {"role": "user", "content": 'say "so"\n'}]
TOOLS = [{"type": "function", "function": {"name": "look", "parameters": {}}}]


def read(text: RequestText, request: dict[str, Any]) -> dict[str, Any]:
    """What an endpoint reads."""
    found: dict[str, Any] = json.loads(text.of(request))
    return found


def test_a_conversation_that_goes_on_is_sent_whole() -> None:
    text, messages = RequestText(), list(OPENING)
    for turn in range(4):
        request = {"messages": messages, "tools": TOOLS, "n": 1, "stop": None}
        assert read(text, request) == request
        messages.append({"role": "assistant", "content": f"turn {turn}"})


def test_another_conversation_is_not_taken_for_a_continuation() -> None:
    text = RequestText()
    text.of({"messages": OPENING, "tools": TOOLS})
    shorter = {"messages": OPENING[:1], "model": "m"}
    assert read(text, shorter) == shorter
    another = {"messages": [*OPENING[:1], {"role": "user", "content": "else"}, OPENING[1]]}
    assert read(text, another) == another
    fewer = {"messages": OPENING, "tools": TOOLS[:0]}
    assert read(text, fewer) == fewer


def test_a_request_without_messages() -> None:
    assert read(RequestText(), {}) == {}
    assert read(RequestText(), {"prompt": "p"}) == {"prompt": "p"}
