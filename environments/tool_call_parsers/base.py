"""What every parser shares: finding calls in text, and the calls themselves."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar, NamedTuple

from openai.types.chat.chat_completion_message_function_tool_call import (
    ChatCompletionMessageFunctionToolCall as ToolCall,
)
from openai.types.chat.chat_completion_message_function_tool_call import Function

ParseResult = tuple[str | None, list[ToolCall] | None]
"""Content and calls: what of the text is not a call, or None; the calls, or None."""

Tools = Sequence[dict[str, Any]]
"""Schemas of tools, in OpenAI's form."""

THINK, END_THINK = "<think>", "</think>"
THOUGHT = re.compile(rf"{THINK}.*?{END_THINK}|\A(?:(?!{THINK}).)*?{END_THINK}", re.DOTALL)
"""A closed block, also one that the prompt has opened."""
SEPARATORS = re.compile(r"[\s;,\[\]]*")
"""What may stand between two calls and is not content."""


class Draft(NamedTuple):
    """A call as it was found, before it has an id."""

    name: str
    arguments: str
    """JSON of an object, or what the model wrote in its place."""
    id: str | None = None
    """Where the format has ids of its own."""


class Read(NamedTuple):
    """What was found at an opening."""

    calls: Sequence[Draft]
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
    """Where a call may begin."""
    mark: ClassVar[re.Pattern[str]] = re.compile(r"(?!)")
    """What nobody writes who does not mean to call a tool, however the call goes on."""
    noise: ClassVar[re.Pattern[str]] = re.compile(r"(?!)")
    """Markers around calls that are not content."""

    def parse(self, text: str, tools: Tools | None = None) -> ParseResult:
        """Content and calls of `text`.

        Some formats write all values as text: there the schemas in `tools` tell a number
        from a string.
        """
        drafts, pieces = self._scan(text, tools or ())
        if not drafts:
            return text, None
        parts = [p for p in (self.noise.sub("", p) for p in pieces) if not SEPARATORS.fullmatch(p)]
        return "\n".join(p.strip() for p in parts) or None, _with_ids(drafts)

    def attempted(self, text: str) -> bool:
        """Whether a call was meant in `text`, if only to be cut off or malformed."""
        return self.mark.search(THOUGHT.sub("", text)) is not None

    @abstractmethod
    def read(self, text: str, opened: re.Match[str], tools: Tools) -> Read | None:
        """The calls that begin at `opened`; None where there is no valid one."""

    @abstractmethod
    def render(self, calls: Sequence[ToolCall]) -> str:
        """The text a model would write for these calls."""

    def _scan(self, text: str, tools: Tools) -> tuple[list[Draft], list[str]]:
        """All calls, and the pieces of text around them."""
        drafts: list[Draft] = []
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
                drafts += found.calls
                kept = found.end
            position = found.end if found else opened.end()
            if -1 < thought < position:
                thought = text.find(THINK, position)
        return drafts, [*pieces, text[kept:]]


def make_call(id: str, name: str, arguments: str) -> ToolCall:
    """A call as OpenAI's client has it: `.id`, `.type`, `.function.name`, `.function.arguments`."""
    function = Function(name=_paired(name), arguments=_paired(arguments))
    return ToolCall(id=_paired(id), type="function", function=function)


def _paired(text: str) -> str:
    """Half a surrogate pair, which nothing can send or store, becomes U+FFFD."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _with_ids(drafts: list[Draft]) -> list[ToolCall]:
    """Calls with the format's own ids, or call_0, call_1, ...; no id twice."""
    calls: list[ToolCall] = []
    taken: set[str] = set()
    for index, draft in enumerate(drafts):
        id = draft.id or f"call_{index}"
        while id in taken:
            id += "_"
        taken.add(id)
        calls.append(make_call(id, draft.name, draft.arguments))
    return calls
