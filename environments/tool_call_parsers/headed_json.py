"""Formats that name the function in a header and give its arguments as a JSON object."""

from __future__ import annotations

import re
from typing import ClassVar

from environments.tool_call_parsers.base import ParsedCall, Read, ToolCallParser, Tools
from environments.tool_call_parsers.json_values import SPACE, decode, encode


class HeadedJsonParser(ToolCallParser):
    """The opener's group `name` is the function's name; `close` ends the call."""

    close: ClassVar[re.Pattern[str]]
    """Matches what ends a call, from the end of its arguments."""

    def read(self, text: str, opened: re.Match[str], tools: Tools) -> Read | None:
        """Read the JSON object that follows the header."""
        found = read_arguments(text, opened.end(), self.close)
        name, id = self.named(opened)
        return Read([ParsedCall(name, found[0], id)], found[1]) if found and name else None

    def named(self, opened: re.Match[str]) -> tuple[str, str | None]:
        """Return the name of the function, and the id of the call where the format has one."""
        return opened["name"], None


def read_arguments(text: str, position: int, close: re.Pattern[str]) -> tuple[str, int] | None:
    """Return the object at `position` as JSON and where the call ends; no object at all is {}.

    None where the object is not whole.
    """
    start = SPACE.match(text, position).end()  # type: ignore[union-attr]
    if text[start : start + 1] != "{":
        closed = close.match(text, position)
        return ("{}", closed.end()) if closed else None
    found = decode(text, start)
    if not found:
        return None
    closed = close.match(text, found[1])
    return encode(found[0]), closed.end() if closed else found[1]
