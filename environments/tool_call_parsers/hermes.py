"""Hermes 2 Pro and later, and Qwen 2.5 and 3: JSON within <tool_call></tool_call>."""

from __future__ import annotations

from environments.tool_call_parsers.registry import register_parser
from environments.tool_call_parsers.tagged_json import TaggedJsonParser


@register_parser("hermes")
@register_parser("qwen")
class HermesParser(TaggedJsonParser):
    """`<tool_call>{"name": "look", "arguments": {}}</tool_call>`, one a call."""

    open_tag = "<tool_call>"
    close_tag = "</tool_call>"
