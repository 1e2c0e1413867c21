"""Arguments of a tool call, as a model writes them: JSON text that may be anything. Pure."""

from __future__ import annotations

import json
from typing import Any

MAX_DEPTH = 64
"""Levels of nesting; what is deeper is refused, as much code breaks on it."""


def json_object(text: str) -> dict[str, Any]:
    """Parse the JSON object that a model wrote; nothing, or null, is an empty one.

    Raises ValueError that says what it is instead, for objects too that a record could not be
    made of: such as are nested too deeply, or hold half a surrogate pair.
    """
    if text.strip() in ("", "null"):
        return {}
    try:
        found = json.loads(text)
        json.dumps(found, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        raise ValueError(f"not valid JSON ({error})") from None
    if not isinstance(found, dict):
        raise ValueError(f"a JSON {type(found).__name__}")
    if _deeper(found, MAX_DEPTH):
        raise ValueError(f"nested deeper than {MAX_DEPTH} levels")
    return found


def _deeper(value: Any, levels: int) -> bool:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return levels < 0 or any(_deeper(v, levels - 1) for v in inner)
