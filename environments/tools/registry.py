"""Tools by toolset: what a model may call, and what carries it out.

A toolset is registered once, when its module is imported; looking tools up makes new
dicts, so groups that run at the same time share nothing they could change.
"""

from __future__ import annotations

import importlib
import json
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from environments.tokenization.special_tokens import MAX_DEPTH
from world_fixtures.common import UserError

Handler = Callable[[dict[str, Any], str], Awaitable[str]]
"""`await handler(arguments, task_id)` -> the observation."""


class Effect(StrEnum):
    """What a call can do to whatever lies behind the tool."""

    READ_ONLY = "read-only"
    REVERSIBLE = "reversible"
    DESTRUCTIVE = "destructive"
    OUTWARD = "outward"
    """Reaches outside the sandbox: network, messages, files of the host."""


@dataclass(frozen=True)
class Tool:
    """One function a model can call."""

    name: str
    description: str
    parameters: dict[str, Any]
    """JSON Schema of the arguments."""
    handler: Handler
    effect: Effect | Callable[[dict[str, Any]], Effect] = Effect.OUTWARD
    """Class of all calls, or a function of a call's arguments."""
    timeout: float = 120.0
    """Seconds."""

    @property
    def schema(self) -> dict[str, Any]:
        """In OpenAI's form."""
        return {
            "type": "function",
            "function": {
                "name": self.name,
                "description": self.description,
                "parameters": self.parameters,
            },
        }


_TOOLSETS: dict[str, dict[str, Tool]] = {}
_BUILT_IN = {"evennia": "environments.tools.evennia"}
"""Toolsets that register themselves when their module is imported."""


def register(toolset: str, *tools: Tool) -> None:
    """Add tools to a toolset.

    A tool may be in several toolsets; a name means one tool in all of them. Raises UserError,
    and adds nothing, where it would mean two.
    """
    for tool in tools:
        for other, known in _TOOLSETS.items():
            if other != toolset and tool.name in known and known[tool.name].schema != tool.schema:
                raise UserError(
                    f"tool {tool.name!r} of {toolset!r} is another one in toolset {other!r}:"
                    " rename one of them"
                )
    _TOOLSETS.setdefault(toolset, {}).update({tool.name: tool for tool in tools})


def known_toolsets() -> list[str]:
    """Names that `tools_of` takes."""
    return sorted({*_TOOLSETS, *_BUILT_IN})


def tools_of(
    enabled: Sequence[str] | None, disabled: Sequence[str] | None = None
) -> dict[str, Tool]:
    """Tools by name of the enabled toolsets (None: all known) without the disabled ones.

    Raises UserError for a toolset that does not exist.
    """
    names = known_toolsets() if enabled is None else list(enabled)
    found: dict[str, Tool] = {}
    for name in names:
        if name not in (disabled or ()):
            found |= _toolset(name)
    return found


def find_tools(names: Iterable[str]) -> dict[str, Tool]:
    """Registered tools among `names`, whatever their toolset."""
    wanted = set(names)
    for toolset in _BUILT_IN:
        _toolset(toolset)
    return {n: t for known in _TOOLSETS.values() for n, t in known.items() if n in wanted}


def _toolset(name: str) -> dict[str, Tool]:
    if name not in _TOOLSETS and name in _BUILT_IN:
        importlib.import_module(_BUILT_IN[name])
    if name not in _TOOLSETS:
        from environments.tools import hermes_agent as hermes_tools

        hermes_tools.register_toolset(name)
    return _TOOLSETS[name]


def json_object(text: str) -> dict[str, Any]:
    """The object that a model wrote; nothing, or null, is an empty one.

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
