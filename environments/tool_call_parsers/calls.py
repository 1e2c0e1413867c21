"""Tool calls as OpenAI's client has them. Importing this module loads that client."""

from __future__ import annotations

from openai.types.chat.chat_completion_message_function_tool_call import (
    ChatCompletionMessageFunctionToolCall as ToolCall,
)
from openai.types.chat.chat_completion_message_function_tool_call import Function

__all__ = ["ParseResult", "ToolCall", "make_call"]

ParseResult = tuple[str | None, list[ToolCall] | None]
"""Content and calls: what of the text is no call, or None; the calls, or None."""


def make_call(id: str, name: str, arguments: str) -> ToolCall:
    """Return a call with `.id`, `.type`, `.function.name` and `.function.arguments`.

    `arguments` is the JSON of an object, or what the model wrote in its place.
    """
    function = Function(name=_paired(name), arguments=_paired(arguments))
    return ToolCall(id=_paired(id), type="function", function=function)


def _paired(text: str) -> str:
    """Replace half a surrogate pair, which nothing can send or store, by U+FFFD."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
