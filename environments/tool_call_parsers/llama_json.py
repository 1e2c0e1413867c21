"""Llama 3.1 and later: bare JSON objects, anywhere in the text."""

from __future__ import annotations

import re
from collections.abc import Sequence

from environments.tool_call_parsers.base import Read, ToolCall, ToolCallParser, Tools
from environments.tool_call_parsers.json_values import decode, draft_of, encode
from environments.tool_call_parsers.registry import register_parser


@register_parser("llama3_json")
@register_parser("llama4_json")
class LlamaJsonParser(ToolCallParser):
    """`<|python_tag|>{"name": "look", "parameters": {}}; {...}`, with or without the tag.

    An object counts as a call only with both `name` and `parameters` (or `arguments`), as
    nothing else tells it from other JSON.
    """

    opener = re.compile(r'\{\s*"')
    mark = re.compile(r'<\|python_tag\|>|\{\s*"name"\s*:')
    noise = re.compile(r"<\|python_tag\|>|<\|eo[mt]_id\|>")

    def read(self, text: str, opened: re.Match[str], tools: Tools) -> Read | None:
        found = decode(text, opened.start())
        if not found:
            return None
        draft = draft_of(found[0], needs_arguments=True)
        return Read([draft] if draft else (), found[1])

    def render(self, calls: Sequence[ToolCall]) -> str:
        return "<|python_tag|>" + "; ".join(
            f'{{"name": {encode(c.function.name)}, "parameters": {c.function.arguments}}}'
            for c in calls
        )
