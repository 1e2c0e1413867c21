"""DeepSeek V3, R1 and V3.1: a header and JSON arguments between special tokens."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from environments.tool_call_parsers.headed_json import HeadedJsonParser
from environments.tool_call_parsers.registry import register_parser

if TYPE_CHECKING:
    from environments.tool_call_parsers.calls import ToolCall

BEGIN, SEP, END = "<｜tool▁call▁begin｜>", "<｜tool▁sep｜>", "<｜tool▁call▁end｜>"
ALL_BEGIN, ALL_END = "<｜tool▁calls▁begin｜>", "<｜tool▁calls▁end｜>"


@register_parser("deepseek_v3")
class DeepSeekV3Parser(HeadedJsonParser):
    """The call's type, its name, and the arguments in a fence of Markdown."""

    opener = re.compile(rf"{BEGIN}\s*(?:\w+\s*)?{SEP}\s*(?P<name>[^\s<`{{]+)\s*(?:```(?:json)?)?")
    close = re.compile(rf"\s*(?:```\s*)?{END}")
    mark = re.compile(f"{BEGIN}|{ALL_BEGIN}")
    noise = re.compile(f"{ALL_BEGIN}|{ALL_END}")

    def render(self, calls: Sequence[ToolCall]) -> str:
        """Write each call as its type, its name, and its arguments in a fence."""
        texts = (
            f"{BEGIN}function{SEP}{c.function.name}\n```json\n{c.function.arguments}\n```{END}"
            for c in calls
        )
        return f"{ALL_BEGIN}{''.join(texts)}{ALL_END}"


@register_parser("deepseek_v3_1")
class DeepSeekV31Parser(HeadedJsonParser):
    """The name, and the arguments as they are."""

    opener = re.compile(rf"{BEGIN}\s*(?P<name>[^\s<`{{]+)\s*{SEP}")
    close = re.compile(rf"\s*{END}")
    mark = re.compile(f"{BEGIN}|{ALL_BEGIN}")
    noise = re.compile(f"{ALL_BEGIN}|{ALL_END}")

    def render(self, calls: Sequence[ToolCall]) -> str:
        """Write each call as its name and its arguments."""
        texts = (f"{BEGIN}{c.function.name}{SEP}{c.function.arguments}{END}" for c in calls)
        return f"{ALL_BEGIN}{''.join(texts)}{ALL_END}"
