"""Chat messages in OpenAI's form, as endpoints give and take them."""

from __future__ import annotations

import json
from typing import Any, Required, TypedDict


class FunctionCall(TypedDict):
    """The function that a tool call names."""

    name: str
    arguments: str
    """As the model wrote them: the text of a JSON object, if all is well."""


class ToolCall(TypedDict, total=False):
    """One tool call in an assistant's message."""

    id: Required[str]
    type: str
    """Always `function`."""
    function: Required[FunctionCall]


class Message(TypedDict, total=False):
    """One message of a conversation. At run time a plain dict, which may hold further fields."""

    role: Required[str]
    """`system`, `user`, `assistant` or `tool`."""
    content: str | list[dict[str, Any]] | None
    """Text, or a list of content parts."""
    reasoning_content: str | None
    """The model's thoughts, where its endpoint tells them."""
    reasoning: str | None
    """The same, as some endpoints name it."""
    refusal: str | None
    tool_calls: list[ToolCall] | None
    """Of an assistant."""
    tool_call_id: str | None
    """Of a tool's result."""
    name: str
    """Of a tool's result: the tool."""


def content_text(message: Message) -> str:
    """Return the text of a message: its content, with the text of content parts joined."""
    content = message.get("content") or ""
    if isinstance(content, str):
        return content
    return "".join(str(part.get("text", "")) for part in content)


def parsed_arguments(text: str | None) -> Any:
    """Return the arguments of a call as data; as the text that they are where it is not JSON."""
    try:
        return json.loads(text or "{}")
    except (ValueError, RecursionError):
        return text
