"""Calls as Python has them: `[look(), go(direction="north")]`, few tokens a call."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from environments.tool_call_parsers.base import ParsedCall, Read, ToolCallParser, Tools
from environments.tool_call_parsers.json_values import decode, encode
from environments.tool_call_parsers.registry import register_parser

if TYPE_CHECKING:
    from environments.tool_call_parsers.calls import ToolCall

NAME = re.compile(r"\s*([A-Za-z_][\w.-]*)\s*\(\s*")
KEY = re.compile(r"([A-Za-z_][\w-]*)\s*=\s*")
MANY = re.compile(r"\*\*\s*")
COMMA = re.compile(r"\s*,\s*")
END_OF_CALL = re.compile(r"\s*,?\s*\)\s*")
END = re.compile(r"\s*,?\s*\]")
CONSTANT = re.compile(r"(True|False|None)\b")
CONSTANTS = {"True": True, "False": False, "None": None}
QUOTED = re.compile(r"'((?:[^'\\\n]|\\['\\])*)'")
ESCAPED = re.compile(r"\\(['\\])")


@register_parser("pythonic")
class PythonicParser(ToolCallParser):
    r"""`[weather(city="Tokyo"), weather(city="Rome", days=3)]` at the beginning of a line.

    The format of Llama 3.2 and later and of Olmo 3. A value is JSON, a string in single quotes, or
    True, False or None; arguments whose names are no Python names are given as `**{"a b": 1}`.
    """

    opener = re.compile(r"(?:^|(?<=</think>))[^\S\n]*\[(?=\s*[A-Za-z_][\w.-]*\s*\()", re.MULTILINE)
    mark = re.compile(r"^[^\S\n]*\[(?=\s*(?:[A-Za-z_][\w.-]*\s*(?:\(|\Z)|\Z))", re.MULTILINE)

    def read(self, text: str, opened: re.Match[str], tools: Tools) -> Read | None:
        """Read the list of calls at the opening; None where it is not whole."""
        calls: list[ParsedCall] = []
        position = opened.end()
        while named := NAME.match(text, position):
            arguments: dict[str, Any] = {}
            position = named.end()
            while not (end := END_OF_CALL.match(text, position)):
                if arguments:
                    comma = COMMA.match(text, position)
                    if comma is None:
                        return None
                    position = comma.end()
                found = _argument(text, position)
                if found is None:
                    return None
                arguments |= found[0]
                position = found[1]
            calls.append(ParsedCall(named[1], encode(arguments)))
            position = end.end()
            if whole := END.match(text, position):
                return Read(calls, whole.end())
            comma = COMMA.match(text, position)
            if comma is None:
                return None
            position = comma.end()
        return None

    def render(self, calls: Sequence[ToolCall]) -> str:
        """Write the calls as a list."""
        return f"[{', '.join(map(_written, calls))}]"


def _argument(text: str, position: int) -> tuple[dict[str, Any], int] | None:
    """Return the argument or, after `**`, the arguments at a position, and where they end."""
    if many := MANY.match(text, position):
        found = decode(text, many.end())
        return found if found and isinstance(found[0], dict) and found[0] else None
    key = KEY.match(text, position)
    if key is None:
        return None
    if constant := CONSTANT.match(text, key.end()):
        return {key[1]: CONSTANTS[constant[1]]}, constant.end()
    if quoted := QUOTED.match(text, key.end()):
        return {key[1]: ESCAPED.sub(r"\1", quoted[1])}, quoted.end()
    found = decode(text, key.end())
    return None if found is None else ({key[1]: found[0]}, found[1])


def _written(call: ToolCall) -> str:
    name, text = call.function.name, call.function.arguments
    given = json.loads(text)
    if not all(KEY.fullmatch(f"{key}=") for key in given):
        return f"{name}(**{text})"
    return f"{name}({', '.join(f'{key}={encode(value)}' for key, value in given.items())})"
