"""Parsers by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from world_fixtures.common import UserError


class Parser(Protocol):
    """What `register_parser` takes: a class whose objects find tool calls in text."""

    def parse(self, text: str) -> tuple[str | None, list[Any] | None]: ...


P = TypeVar("P", bound=Callable[..., Parser])

_PARSERS: dict[str, Callable[..., Parser]] = {}
VLLM = "vllm:"
"""Prefix of the names of vLLM's own parsers."""


def register_parser(name: str) -> Callable[[P], P]:
    """Class decorator: the class becomes known as `name`, in the place of an earlier one."""

    def register(parser: P) -> P:
        _PARSERS[name] = parser
        return parser

    return register


def get_parser(name: str, tokenizer: Any = None) -> Any:
    """A parser by name; `vllm:NAME` is vLLM's, which needs vLLM and a tokenizer.

    Raises UserError for a name that does not exist.
    """
    if name.startswith(VLLM):
        from environments.tool_call_parsers.vllm_bridge import VllmParser

        return VllmParser(name.removeprefix(VLLM), tokenizer)
    if name not in _PARSERS:
        raise UserError(
            f"unknown tool_call_parser {name!r}: choose from {', '.join(list_parsers())}, "
            "or vllm:NAME where vLLM is installed"
        )
    return _PARSERS[name]()


def list_parsers() -> list[str]:
    """Names that `get_parser` takes, sorted."""
    return sorted(_PARSERS)
