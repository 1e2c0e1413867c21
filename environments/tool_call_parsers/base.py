"""What a parser of tool calls is."""

from __future__ import annotations

from typing import Literal, Protocol

from world_fixtures.spec import Frozen


class Function(Frozen):
    name: str
    arguments: str
    """JSON of one object."""


class ToolCall(Frozen):
    """A tool call in OpenAI's form."""

    id: str
    type: Literal["function"] = "function"
    function: Function


class Parser(Protocol):
    """Finds the tool calls in a model's text."""

    def parse(self, text: str) -> tuple[str | None, list[ToolCall] | None]:
        """(text around the calls or None, the calls in their order or None). Never raises."""
