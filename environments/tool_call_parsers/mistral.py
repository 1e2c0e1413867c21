"""Mistral: [TOOL_CALLS] and a JSON array, or since tokenizer v11 a header a call."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from environments.tool_call_parsers.base import ParsedCall, Read, ToolCallParser, Tools
from environments.tool_call_parsers.headed_json import read_arguments
from environments.tool_call_parsers.json_values import calls_at, encode
from environments.tool_call_parsers.registry import register_parser

if TYPE_CHECKING:
    from environments.tool_call_parsers.calls import ToolCall

MARK = "[TOOL_CALLS]"
HEADER = re.compile(
    r"(?P<name>[^\s\[\]{}]+)\s*(?:\[CALL_ID\]\s*(?P<id>[^\s\[\]{}]+)\s*)?(?:\[ARGS\]|(?=\{))"
)
AFTER = re.compile(r"\s*(?=\[TOOL_CALLS\]|\Z)")


@register_parser("mistral")
class MistralParser(ToolCallParser):
    """Reads the three forms its models write.

    `[TOOL_CALLS] [{"name": "look", "arguments": {}}, ...]`
    `[TOOL_CALLS]look{}[TOOL_CALLS]...`
    `[TOOL_CALLS]look[CALL_ID]a1b2c3d4e[ARGS]{}[TOOL_CALLS]...`
    """

    opener = re.compile(re.escape(MARK) + r"\s*")
    mark = re.compile(re.escape(MARK))

    def read(self, text: str, opened: re.Match[str], tools: Tools) -> Read | None:
        """Read one call with a header, or all calls of an array."""
        header = HEADER.match(text, opened.end())
        if header:
            found = read_arguments(text, header.end(), AFTER)
            return (
                Read([ParsedCall(header["name"], found[0], header["id"])], found[1])
                if found
                else None
            )
        again = text.find(MARK, opened.end())
        calls, end = calls_at(text, opened.end(), again if again >= 0 else len(text))
        return Read(calls, end) if calls else None

    def render(self, calls: Sequence[ToolCall]) -> str:
        """Write all calls as one JSON array."""
        objects = (
            f'{{"name": {encode(c.function.name)}, "arguments": {c.function.arguments}}}'
            for c in calls
        )
        return f"{MARK} [{', '.join(objects)}]"
