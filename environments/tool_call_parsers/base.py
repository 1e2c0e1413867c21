"""What every parser shares: finding calls in text, and the calls themselves."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

if TYPE_CHECKING:
    from environments.tool_call_parsers.calls import ParseResult, ToolCall

Tools = Sequence[dict[str, Any]]
"""Schemas of tools, in OpenAI's form."""

THINK, END_THINK = "<think>", "</think>"
SEPARATORS = re.compile(r"[\s;,\[\]]*")
"""What may separate two calls and is not content."""


class ParsedCall(NamedTuple):
    """A call as it was found in the text, before it has an id for certain."""

    name: str
    arguments: str
    """JSON of an object, or what the model wrote in its place."""
    id: str | None = None
    """Where the format has ids of its own."""


class Read(NamedTuple):
    """What was found at an opening."""

    calls: Sequence[ParsedCall]
    """Empty where it was no call after all."""
    end: int
    """Where reading goes on."""


class ToolCallParser(ABC):
    """Finds tool calls in a model's raw text.

    A parser raises nothing, whatever the text. A call counts when it is whole: what is cut
    off or malformed stays content, and calls around it are found all the same. A call
    within a closed <think> block is only thought of, not made. Ids depend on nothing but
    the text.
    """

    opener: ClassVar[re.Pattern[str]]
    """Matches where a call may begin."""
    mark: ClassVar[re.Pattern[str]] = re.compile(r"(?!)")
    """Matches what only a text that means to call a tool contains, however the call goes on."""
    noise: ClassVar[re.Pattern[str]] = re.compile(r"(?!)")
    """Matches special tokens around calls, which are not content."""

    def parse(self, text: str, tools: Tools | None = None) -> ParseResult:
        """Return the content and the calls of `text`.

        Some formats write all values as text: there the schemas in `tools` tell a number
        from a string.
        """
        found, pieces = self._scan(text, tools or ())
        if not found:
            return text, None
        parts = [p for p in (self.noise.sub("", p) for p in pieces) if not SEPARATORS.fullmatch(p)]
        return "\n".join(p.strip() for p in parts) or None, _with_ids(found)

    def attempted(self, text: str) -> bool:
        """Tell whether a call was meant in `text`, even if it is cut off or malformed."""
        return self.mark.search(without_thoughts(text)) is not None

    @abstractmethod
    def read(self, text: str, opened: re.Match[str], tools: Tools) -> Read | None:
        """Return the calls at `opened`, a match of `opener`; None where there is no valid one."""

    @abstractmethod
    def render(self, calls: Sequence[ToolCall]) -> str:
        """Return the text that a model would write for these calls."""

    def _scan(self, text: str, tools: Tools) -> tuple[list[ParsedCall], list[str]]:
        """Return all calls, and the pieces of text around them."""
        calls: list[ParsedCall] = []
        pieces: list[str] = []
        position = kept = 0
        thought = text.find(THINK)
        while opened := self.opener.search(text, position):
            if -1 < thought < opened.start():
                closed = text.find(END_THINK, thought)
                if closed > opened.start():
                    position = closed + len(END_THINK)
                thought = -1 if closed < 0 else text.find(THINK, closed)
                continue
            found = self.read(text, opened, tools)
            if found and found.calls:
                pieces.append(text[kept : opened.start()])
                calls += found.calls
                kept = found.end
            position = found.end if found else opened.end()
            if -1 < thought < position:
                thought = text.find(THINK, position)
        return calls, [*pieces, text[kept:]]


def without_thoughts(text: str) -> str:
    """Return a text without its closed <think> blocks, also one that the prompt has opened."""
    position = 0
    closed, opened = text.find(END_THINK), text.find(THINK)
    if closed >= 0 and not 0 <= opened < closed:
        position = closed + len(END_THINK)
    pieces = []
    while (opened := text.find(THINK, position)) >= 0:
        closed = text.find(END_THINK, opened)
        if closed < 0:
            break
        pieces.append(text[position:opened])
        position = closed + len(END_THINK)
    return "".join([*pieces, text[position:]])


def _with_ids(found: Sequence[ParsedCall]) -> list[ToolCall]:
    """Return calls with the format's own ids, or call_0, call_1, ...; no id twice."""
    # Loads the openai client, which takes a second: only a call that was found needs it.
    from environments.tool_call_parsers.calls import make_call

    calls: list[ToolCall] = []
    taken: set[str] = set()
    for index, call in enumerate(found):
        id = call.id or f"call_{index}"
        while id in taken:
            id += "_"
        taken.add(id)
        calls.append(make_call(id, call.name, call.arguments))
    return calls
