"""Kimi K2: calls with ids of their own, `functions.NAME:INDEX`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from environments.tool_call_parsers.headed_json import HeadedJsonParser
from environments.tool_call_parsers.registry import register_parser

if TYPE_CHECKING:
    from environments.tool_call_parsers.calls import ToolCall

ID = re.compile(r"(?:functions\.)?(?P<name>.*?)(?P<index>:\d+)?", re.DOTALL)


@register_parser("kimi_k2")
class KimiK2Parser(HeadedJsonParser):
    """`<|tool_call_begin|>functions.look:0<|tool_call_argument_begin|>{}<|tool_call_end|>`."""

    opener = re.compile(r"<\|tool_call_begin\|>\s*(?P<id>[^<\s]+)\s*<\|tool_call_argument_begin\|>")
    close = re.compile(r"\s*<\|tool_call_end\|>")
    mark = re.compile(r"<\|tool_calls?(?:_section)?_begin\|>")
    noise = re.compile(r"<\|tool_calls_section_(?:begin|end)\|>")

    def named(self, opened: re.Match[str]) -> tuple[str, str | None]:
        """Take the name out of the id; a bare index names no function."""
        parts = ID.fullmatch(opened["id"])
        if parts is None or parts["name"].isdigit():
            return "", None
        return parts["name"], opened["id"] if parts["index"] else None

    def render(self, calls: Sequence[ToolCall]) -> str:
        """Write each call as its id and its arguments."""
        texts = (
            f"<|tool_call_begin|>functions.{c.function.name}:{index}"
            f"<|tool_call_argument_begin|>{c.function.arguments}<|tool_call_end|>"
            for index, c in enumerate(calls)
        )
        return f"<|tool_calls_section_begin|>{''.join(texts)}<|tool_calls_section_end|>"
