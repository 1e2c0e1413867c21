"""Llama 3.1 and later: bare JSON objects, anywhere in the text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from environments.tool_call_parsers.base import Read, ToolCallParser, Tools
from environments.tool_call_parsers.json_values import call_of, decode, encode
from environments.tool_call_parsers.registry import register_parser

if TYPE_CHECKING:
    from environments.tool_call_parsers.calls import ToolCall


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
        """Read the JSON object at the opening; one that is no call is content."""
        found = decode(text, opened.start())
        if not found:
            return None
        call = call_of(found[0], needs_arguments=True)
        return Read([call] if call else (), found[1])

    def render(self, calls: Sequence[ToolCall]) -> str:
        """Write each call as a JSON object with `parameters`."""
        return "<|python_tag|>" + "; ".join(
            f'{{"name": {encode(c.function.name)}, "parameters": {c.function.arguments}}}'
            for c in calls
        )
