"""GLM 4.5 to 4.7: the name, then pairs of keys and values in tags."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from environments.tool_call_parsers.base import ParsedCall, Read, ToolCallParser, Tools
from environments.tool_call_parsers.json_values import encode
from environments.tool_call_parsers.registry import register_parser
from environments.tool_call_parsers.typed_values import items_of, properties_of, typed

if TYPE_CHECKING:
    from environments.tool_call_parsers.calls import ToolCall

KEY = re.compile(r"\s*<arg_key>(?P<key>[^<>]*)</arg_key>\s*<arg_value>")
VALUE_END = "</arg_value>"
CALL_ENDS = re.compile(r"\s*(?:</tool_call>|(?=<tool_call>))")


@register_parser("glm45")
class Glm45Parser(ToolCallParser):
    r"""`<tool_call>NAME\n<arg_key>K</arg_key>\n<arg_value>V</arg_value>\n</tool_call>`."""

    opener = re.compile(r"<tool_call>\s*(?P<name>[^\s<>{}]+)(?=\s*(?:<arg_key>|</?tool_call>))")
    mark = re.compile("<tool_call>")
    line_break: ClassVar[str] = "\n"
    """Stands between the parts of a call that is rendered; both forms are read."""

    def read(self, text: str, opened: re.Match[str], tools: Tools) -> Read | None:
        """Read a name and its pairs of keys and values, typed by the schema of the tool."""
        schemas = properties_of(opened["name"], tools)
        arguments: dict[str, Any] = {}
        position = opened.end()
        while pair := KEY.match(text, position):
            end = text.find(VALUE_END, pair.end())
            if end < 0 or self.opener.search(text, pair.end(), end):
                return None  # cut off; another call begins within the value
            key = pair["key"].strip()
            arguments[key] = typed(text[pair.end() : end], schemas.get(key))
            position = end + len(VALUE_END)
        closed = CALL_ENDS.match(text, position)
        return (
            Read([ParsedCall(opened["name"], encode(arguments))], closed.end()) if closed else None
        )

    def render(self, calls: Sequence[ToolCall]) -> str:
        """Write each call as its name and a pair of tags an argument."""
        n = self.line_break
        return n.join(
            f"<tool_call>{c.function.name}{n}"
            + "".join(
                f"<arg_key>{k}</arg_key>{n}<arg_value>{v}</arg_value>{n}"
                for k, v in items_of(c.function.arguments)
            )
            + "</tool_call>"
            for c in calls
        )


@register_parser("glm47")
class Glm47Parser(Glm45Parser):
    """The same without line breaks."""

    line_break = ""
