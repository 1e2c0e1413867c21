"""Qwen3-Coder: XML-like, a tag a parameter, values as plain text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from environments.tool_call_parsers.base import ParsedCall, Read, ToolCallParser, Tools
from environments.tool_call_parsers.json_values import encode
from environments.tool_call_parsers.registry import register_parser
from environments.tool_call_parsers.typed_values import items_of, properties_of, typed

if TYPE_CHECKING:
    from environments.tool_call_parsers.calls import ToolCall

PARAMETER = re.compile(r"\s*<parameter=(?P<key>[^<>\n]+)>\n?")
VALUE_ENDS = re.compile(
    r"\n?</parameter>|(?=\n<parameter=|\n</function>|\n</tool_call>)"
    r"|(?P<cut><function=[^<>\s]+>)"
)
"""Group `cut`: a call that begins within a value shows that this one was cut off."""
CALL_ENDS = re.compile(
    r"\s*(?:</function>(?:\s*</tool_call>)?|</tool_call>|(?=<tool_call>|<function=))"
)


@register_parser("qwen3_coder")
class Qwen3CoderParser(ToolCallParser):
    """`<tool_call><function=NAME><parameter=KEY>VALUE</parameter></function></tool_call>`.

    A line break after each opening and before each closing of a parameter is not part of
    the value. The outer tag may be missing, as models forget it.
    """

    mark = re.compile("<tool_call>|<function=")
    opener = re.compile(r"(?:<tool_call>\s*)?<function=(?P<name>[^<>\s]+)>")

    def read(self, text: str, opened: re.Match[str], tools: Tools) -> Read | None:
        """Read a name and its parameters, typed by the schema of the tool."""
        schemas = properties_of(opened["name"], tools)
        arguments: dict[str, Any] = {}
        position = opened.end()
        while parameter := PARAMETER.match(text, position):
            end = VALUE_ENDS.search(text, parameter.end())
            if end is None or end["cut"]:
                return None
            key = parameter["key"].strip()
            arguments[key] = typed(text[parameter.end() : end.start()], schemas.get(key))
            position = end.end()
        closed = CALL_ENDS.match(text, position)
        return (
            Read([ParsedCall(opened["name"], encode(arguments))], closed.end()) if closed else None
        )

    def render(self, calls: Sequence[ToolCall]) -> str:
        """Write each call as a tag a parameter."""
        return "\n".join(
            f"<tool_call>\n<function={c.function.name}>\n"
            + "".join(
                f"<parameter={k}>\n{v}\n</parameter>\n" for k, v in items_of(c.function.arguments)
            )
            + "</function>\n</tool_call>"
            for c in calls
        )
