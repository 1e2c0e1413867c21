"""Reading JSON out of a model's text, where it may be cut off, wrong or hostile."""

from __future__ import annotations

import json
import re
from typing import Any

from environments.tool_call_parsers.base import ParsedCall

SPACE = re.compile(r"\s*")
BETWEEN = re.compile(r"[\s,;]*")
REST_IS_EMPTY = re.compile(r"\s*\Z")
WINDOW = 4096
"""Characters in which a value is looked for first."""
LONGEST_TOKEN = 16
"""More characters than an escape or a constant has that a window's end may have cut."""
MAX_DEPTH = 64
"""Values that are nested deeper are malformed: much code breaks on them."""
NESTED = re.compile(r'(?:\s*(?:\[|\{\s*"[^"\\]*"\s*:)){65}')
"""Matches MAX_DEPTH + 1 openings one in another, so that they are refused before decoding."""


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is not JSON")


# Raw line breaks within strings are let through: models write them.
_DECODER = json.JSONDecoder(strict=False, parse_constant=_refuse)


def decode(text: str, position: int) -> tuple[Any, int] | None:
    """Return the JSON value at `position` and where it ends; None where there is no whole one."""
    start = SPACE.match(text, position).end()  # type: ignore[union-attr]
    if NESTED.match(text, start):
        return None
    found = _decode_from(text, start)
    if found is None:
        return None
    value, end = found
    if text.count("{", start, end) + text.count("[", start, end) > MAX_DEPTH and _deep(value):
        return None
    return value, end


def _decode_from(text: str, start: int) -> tuple[Any, int] | None:
    """Decode a value in ever larger windows of a text.

    An error of the decoder counts the lines of all that it was given: with the whole text, a text
    that is full of errors would take the square of its length.
    """
    size = WINDOW
    while True:
        window = text[start : start + size]
        whole = start + size >= len(text)
        try:
            value, end = _DECODER.raw_decode(window)
            if whole or end < len(window):
                return value, start + end
        except json.JSONDecodeError as error:
            cut = error.msg.startswith("Unterminated") or error.pos > len(window) - LONGEST_TOKEN
            if whole or not cut:
                return None
        except (ValueError, RecursionError):  # an endless number, a million brackets
            return None
        size *= 16


def _deep(value: Any) -> bool:
    """Tell whether the value is nested deeper than MAX_DEPTH."""
    level = [value]
    for _ in range(MAX_DEPTH + 1):
        level = [
            inner
            for outer in level
            if isinstance(outer, dict | list)
            for inner in (outer.values() if isinstance(outer, dict) else outer)
        ]
    return bool(level)


def encode(value: Any) -> str:
    """Return a value as JSON with all characters as they are."""
    return json.dumps(value, ensure_ascii=False)


def arguments_text(value: Any) -> str:
    """Return arguments as a JSON text, however a model wrote them.

    None and "" are {}; a string that holds an object is that object; what is no object is
    returned as it is, for the caller of the tool to refuse.
    """
    if value is None or (isinstance(value, str) and not value.strip()):
        return "{}"
    if not isinstance(value, str):
        return encode(value)
    inner = decode(value, 0)
    if inner and isinstance(inner[0], dict) and REST_IS_EMPTY.match(value, inner[1]):
        return encode(inner[0])
    return value


def call_of(value: Any, needs_arguments: bool = False) -> ParsedCall | None:
    """Read a call from {"name": ..., "arguments" or "parameters": ...}; None where it is none."""
    if not isinstance(value, dict):
        return None
    name = value.get("name")
    key = next((k for k in ("arguments", "parameters") if k in value), None)
    if not isinstance(name, str) or not name.strip() or (needs_arguments and key is None):
        return None
    return ParsedCall(name.strip(), arguments_text(value[key] if key else None))


def calls_at(text: str, position: int, bound: int) -> tuple[list[ParsedCall], int]:
    """Return the calls at `position` and where they end: one object, several, or an array.

    A malformed one among them is passed over, but no further than `bound`.
    """
    start = SPACE.match(text, position).end()  # type: ignore[union-attr]
    if text[start : start + 1] == "[":
        whole = decode(text, start)
        if whole:
            return _calls(whole[0]), whole[1]
        return _each(text, start + 1, bound)
    return _row(text, start)


def _calls(values: list[Any]) -> list[ParsedCall]:
    return [call for call in map(call_of, values) if call]


def _row(text: str, position: int) -> tuple[list[ParsedCall], int]:
    """Read objects one after another."""
    values: list[Any] = []
    end = position
    while text[position : position + 1] == "{" and (found := decode(text, position)):
        values.append(found[0])
        end = found[1]
        position = BETWEEN.match(text, end).end()  # type: ignore[union-attr]
    return _calls(values), end


def _each(text: str, position: int, bound: int) -> tuple[list[ParsedCall], int]:
    """Read the whole objects of a broken array."""
    calls: list[ParsedCall] = []
    end = position
    position = text.find("{", position, bound)
    while position >= 0:
        found = decode(text, position)
        call = call_of(found[0]) if found else None
        if call and found:
            calls.append(call)
            end = found[1]
        position = text.find("{", found[1] if found else position + 1, bound)
    return calls, end
