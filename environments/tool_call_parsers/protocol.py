"""The interface of a parser of tool calls. Imports nothing heavy."""

from __future__ import annotations

from typing import Any, Protocol


class TextParser(Protocol):
    """Finds tool calls in a model's raw text.

    `parse` may take the tools' schemas as `tools`. With a method `attempted(text) -> bool` the
    model gets an error for calls that were cut off or malformed; else the conversation ends.
    """

    def parse(self, text: str) -> tuple[str | None, list[Any] | None]:
        """Return content and calls: what of the text is no call, or None; the calls, or None."""
