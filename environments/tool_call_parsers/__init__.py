"""Tool calls in raw text, by model format: `get_parser("hermes").parse(text)`."""

from __future__ import annotations

from environments.tool_call_parsers.base import Parser, ToolCall
from environments.tool_call_parsers.hermes import HermesParser
from world_fixtures.errors import UserError

__all__ = ["Parser", "ToolCall", "get_parser", "list_parsers", "register_parser"]

_PARSERS: dict[str, type[Parser]] = {}


def register_parser(name: str, parser: type[Parser]) -> None:
    """Make a format known under `name`."""
    _PARSERS[name] = parser


def get_parser(name: str) -> Parser:
    """A parser for the format `name`. Raises UserError if there is none."""
    if name not in _PARSERS:
        raise UserError(f"unknown tool-call format {name!r}: choose from {', '.join(_PARSERS)}")
    return _PARSERS[name]()


def list_parsers() -> list[str]:
    """Names that `get_parser` takes."""
    return sorted(_PARSERS)


register_parser("hermes", HermesParser)
