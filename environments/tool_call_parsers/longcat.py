"""LongCat Flash: as Hermes, with tags of its own."""

from __future__ import annotations

from environments.tool_call_parsers.registry import register_parser
from environments.tool_call_parsers.tagged_json import TaggedJsonParser


@register_parser("longcat")
class LongcatParser(TaggedJsonParser):
    """`<longcat_tool_call>{"name": "look", "arguments": {}}</longcat_tool_call>`."""

    open_tag = "<longcat_tool_call>"
    close_tag = "</longcat_tool_call>"
