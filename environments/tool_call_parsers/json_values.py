"""Reading JSON out of a model's text, where it may be cut off, wrong or hostile."""

from __future__ import annotations

import json
import re
from typing import Any

from environments.tool_call_parsers.base import Draft

SPACE = re.compile(r"\s*")
BETWEEN = re.compile(r"[\s,;]*")
REST_IS_EMPTY = re.compile(r"\s*\Z")


class Truncated(Exception):
    """The text ends within the value: all that follows its beginning belongs to it."""


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is not JSON")


# Raw line breaks within strings are let through: models write them.
_DECODER = json.JSONDecoder(strict=False, parse_constant=_refuse)


def decode(text: str, position: int) -> tuple[Any, int] | None:
    """The JSON value at `position` and where it ends; None where there is none.

    Raises Truncated.
    """
    try:
        return _DECODER.raw_decode(text, SPACE.match(text, position).end())  # type: ignore[union-attr]
    except json.JSONDecodeError as error:
        if error.msg.startswith("Unterminated") or REST_IS_EMPTY.match(text, error.pos):
            raise Truncated from None
        return None
    except (ValueError, RecursionError):  # an endless number, or a million brackets
        return None


def encode(value: Any) -> str:
    """JSON with text as it is; half a surrogate pair becomes the replacement character."""
    text = json.dumps(value, ensure_ascii=False)
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def arguments_text(value: Any) -> str:
    """Arguments as a JSON text, however a model wrote them.

    None and "" are {}; a string that holds an object is that object; what is no object is
    given as it is, for whoever calls the tool to complain.
    """
    if value is None or (isinstance(value, str) and not value.strip()):
        return "{}"
    if not isinstance(value, str):
        return encode(value)
    try:
        inner = decode(value, 0)
    except Truncated:
        inner = None
    if inner and isinstance(inner[0], dict) and REST_IS_EMPTY.match(value, inner[1]):
        return encode(inner[0])
    return value


def draft_of(value: Any, needs_arguments: bool = False) -> Draft | None:
    """A call from {"name": ..., "arguments" or "parameters": ...}; None where it is none."""
    if not isinstance(value, dict):
        return None
    name = value.get("name")
    key = next((k for k in ("arguments", "parameters") if k in value), None)
    if not isinstance(name, str) or not name.strip() or (needs_arguments and key is None):
        return None
    try:
        return Draft(name.strip(), arguments_text(value[key] if key else None))
    except RecursionError:
        return None


def drafts_at(text: str, position: int, bound: int) -> tuple[list[Draft], int]:
    """Calls from `position`: one object, several in a row, or an array of them.

    A malformed one among them is passed over, no further than `bound`.
    """
    drafts: list[Draft] = []
    start = end = SPACE.match(text, position).end()  # type: ignore[union-attr]
    if text[start : start + 1] not in ("{", "["):
        return [], position
    inside = text[start] == "["
    here = start + 1 if inside else start
    try:
        while here < bound:
            here = BETWEEN.match(text, here).end()  # type: ignore[union-attr]
            if text[here : here + 1] == "]" and inside:
                return drafts, here + 1
            found = decode(text, here) if text[here : here + 1] == "{" else None
            if found:
                draft = draft_of(found[0])
                drafts += [draft] if draft else []
                here = end = found[1]
            elif inside:
                here = text.find("{", here + 1)
                if here < 0:
                    break
            else:
                break
    except Truncated:
        pass
    return drafts, end
