"""Tool calls in a model's raw text, for each way of writing them.

    get_parser("hermes").parse(text) -> (content or None, calls or None)

A parser of your own: `@register_parser("mine")` on a class with such a `parse`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from environments.lazy import lazily
from environments.tool_call_parsers import (  # noqa: F401 - each registers itself
    deepseek,
    glm,
    hermes,
    kimi_k2,
    llama_json,
    longcat,
    mistral,
    pythonic,
    qwen3_coder,
)
from environments.tool_call_parsers.base import ToolCallParser
from environments.tool_call_parsers.protocol import TextParser
from environments.tool_call_parsers.registry import get_parser, list_parsers, register_parser

if TYPE_CHECKING:
    from environments.tool_call_parsers.calls import ParseResult, ToolCall
else:
    # Loads the openai client, which takes a second: only who names these types needs it.
    __getattr__ = lazily(__name__, calls="ParseResult ToolCall")

__all__ = [
    "ParseResult",
    "TextParser",
    "ToolCall",
    "ToolCallParser",
    "get_parser",
    "list_parsers",
    "register_parser",
]
