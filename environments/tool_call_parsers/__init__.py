"""Tool calls in raw text, by model format: `get_parser("hermes").parse(text)`.

One file a format; a format is added by a class with `@register_parser(name)`.
"""

from environments.tool_call_parsers import (
    deepseek,
    glm,
    hermes,
    kimi_k2,
    llama_json,
    longcat,
    mistral,
    qwen3_coder,
)
from environments.tool_call_parsers.base import ParseResult, ToolCall, ToolCallParser
from environments.tool_call_parsers.registry import get_parser, list_parsers, register_parser

FORMATS = (deepseek, glm, hermes, kimi_k2, llama_json, longcat, mistral, qwen3_coder)

__all__ = [
    "FORMATS",
    "ParseResult",
    "ToolCall",
    "ToolCallParser",
    "get_parser",
    "list_parsers",
    "register_parser",
]
