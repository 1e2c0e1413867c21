"""Arguments that are written without their types, as in Qwen3-Coder and GLM."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from environments.tool_call_parsers.json_values import REST_IS_EMPTY, decode, encode

WORDS: dict[str, tuple[str, Any]] = {
    "true": ("boolean", True),
    "false": ("boolean", False),
    "null": ("null", None),
    "none": ("null", None),
}
"""Spellings of constants, also as Python writes them, which these models' templates do."""


def properties_of(name: str, tools: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return the schemas of the arguments of the tool `name`; empty where it is not known."""
    for tool in tools:
        function = tool.get("function", tool)
        if function.get("name") == name:
            return (function.get("parameters") or {}).get("properties") or {}
    return {}


def typed(text: str, schema: Any) -> Any:
    """Return the value that `text` means.

    With a type in the schema, that type where the text fits it. Without, JSON where it is
    JSON but not a quoted string. Else the text itself.
    """
    kinds = schema.get("type") if isinstance(schema, dict) else None
    kinds = [kinds] if isinstance(kinds, str) else kinds
    if kinds and "string" in kinds:
        return text
    word = text.strip().lower()
    if kinds and word in WORDS and WORDS[word][0] in kinds:
        return WORDS[word][1]
    found = decode(text, 0)
    if not found or isinstance(found[0], str) or not REST_IS_EMPTY.match(text, found[1]):
        return text
    return found[0]


def untyped(value: Any) -> str:
    """Write a value as these formats do: text as it is, the rest as JSON."""
    return value if isinstance(value, str) else encode(value)


def items_of(arguments: str) -> list[tuple[str, str]]:
    """Return arguments, a JSON text, as names and texts; empty where they are no object."""
    value = json.loads(arguments)
    return [(k, untyped(v)) for k, v in value.items()] if isinstance(value, dict) else []
