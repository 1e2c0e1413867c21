"""What a parser of tool calls is to those who use one. Imports nothing heavy."""

from __future__ import annotations

from typing import Any, Protocol


class TextParser(Protocol):
    """Finds tool calls in a model's raw text.

    `parse` may take the tools' schemas as `tools`. With a method `attempted(text) -> bool` the
    model is told of calls that were cut off or malformed, instead of taken to have finished.
    """

    def parse(self, text: str) -> tuple[str | None, list[Any] | None]:
        """Return content and calls: what of the text is no call, or None; the calls, or None."""
