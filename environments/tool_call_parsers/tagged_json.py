"""Formats that put a whole call as one JSON object between two tags."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from environments.tool_call_parsers.base import Read, ToolCallParser, Tools
from environments.tool_call_parsers.json_values import calls_at, encode

if TYPE_CHECKING:
    from environments.tool_call_parsers.calls import ToolCall


class TaggedJsonParser(ToolCallParser):
    """`OPEN{"name": ..., "arguments": {...}}CLOSE`, a call each or several in one."""

    open_tag: ClassVar[str]
    close_tag: ClassVar[str]

    def __init_subclass__(cls) -> None:
        cls.opener = cls.mark = re.compile(re.escape(cls.open_tag))

    def read(self, text: str, opened: re.Match[str], tools: Tools) -> Read | None:
        """Read one or more objects up to the closing tag, or without it."""
        ends = (text.find(tag, opened.end()) for tag in (self.close_tag, self.open_tag))
        bound = min((end for end in ends if end >= 0), default=len(text))
        found, end = calls_at(text, opened.end(), bound)
        if not found:
            return None
        # The tag after the call, not one within its strings; without it the call still counts.
        close = text.find(self.close_tag, end)
        again = text.find(self.open_tag, end)
        if close >= 0 and (again < 0 or close < again):
            end = close + len(self.close_tag)
        return Read(found, end)

    def render(self, calls: Sequence[ToolCall]) -> str:
        """Write each call as a JSON object between the tags."""
        return "\n".join(
            f'{self.open_tag}\n{{"name": {encode(c.function.name)}, '
            f'"arguments": {c.function.arguments}}}\n{self.close_tag}'
            for c in calls
        )
