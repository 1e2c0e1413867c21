"""Parsers by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from environments.tool_call_parsers.imported import OwnParser, imported, is_import_path
from environments.tool_call_parsers.protocol import TextParser
from world_fixtures.common import UserError

P = TypeVar("P", bound=Callable[..., TextParser])

_PARSERS: dict[str, Callable[..., TextParser]] = {}
VLLM = "vllm:"
"""Prefix of the names of vLLM's own parsers."""


def register_parser(name: str) -> Callable[[P], P]:
    """Register the decorated class as `name`, in the place of an earlier one."""

    def register(parser: P) -> P:
        _PARSERS[name] = parser
        return parser

    return register


def get_parser(name: str, tokenizer: Any = None) -> TextParser:
    """Return a new parser by name, or by where it is imported from (`package.module:NAME`).

    `vllm:NAME` is vLLM's, which needs vLLM and a tokenizer. Raises UserError for a name that does
    not exist, for what is no parser, and where vLLM is not installed.
    """
    if name.startswith(VLLM):
        # Needs the openai client, and vLLM, which is optional.
        from environments.tool_call_parsers.vllm_bridge import VllmParser

        return VllmParser(name.removeprefix(VLLM), tokenizer)
    if is_import_path(name):
        return OwnParser(name, imported(name).made)
    if name not in _PARSERS:
        raise UserError(
            f"unknown tool_call_parser {name!r}: choose from {', '.join(list_parsers())}, "
            "or package.module:NAME for one of your own, or vllm:NAME where vLLM is installed"
        )
    return _PARSERS[name]()


def check_parser(name: str) -> None:
    """Raise UserError where there is no such parser; those of vLLM are not looked for."""
    if not name.startswith(VLLM):
        get_parser(name)


def list_parsers() -> list[str]:
    """List the names that `get_parser` knows, sorted."""
    return sorted(_PARSERS)
