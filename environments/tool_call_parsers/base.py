"""What all parsers of tool calls share: the search for calls and the text around them."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar, NamedTuple

from openai.types.chat import ChatCompletionMessageFunctionToolCall as ToolCall

ParseResult = tuple[str | None, list[ToolCall] | None]
"""(text around the calls, the calls in their order); None for what there is none of."""


class Draft(NamedTuple):
    """A call as it was read."""

    name: str
    arguments: str
    """JSON of an object, or what the model wrote in its place."""
    id: str | None = None
    """Where the format has ids of its own."""


class Read(NamedTuple):
    """What was read from an opener on."""

    drafts: Sequence[Draft]
    """None of them where it was no call after all."""
    end: int
    """Position behind it."""


class ToolCallParser(ABC):
    """Reads one format. Keeps nothing between calls."""

    opener: ClassVar[re.Pattern[str]]
    """Where a call may begin."""
    noise: ClassVar[re.Pattern[str] | None] = None
    """Markers around calls that are no content."""

    @abstractmethod
    def read(
        self, text: str, opened: re.Match[str], tools: Sequence[dict[str, Any]]
    ) -> Read | None:
        """The call that begins with `opened`; None where it is malformed or cut off."""

    @abstractmethod
    def render(self, calls: Sequence[ToolCall]) -> str:
        """`calls` as a model writes them: the inverse of `parse`."""

    def parse(self, text: str, tools: Sequence[dict[str, Any]] | None = None) -> ParseResult:
        """Content and calls of `text`. Never raises; what cannot be read stays content.

        `tools` are the schemas the model was given: some formats write all values as text,
        and only the schema tells a number from a string.
        """
        drafts: list[Draft] = []
        content: list[str] = []
        position = searched = 0
        while opened := self.opener.search(text, searched):
            found = self.read(text, opened, tools or ())
            if found is None:
                searched = max(opened.end(), searched + 1)
            elif found.drafts:
                content.append(text[position : opened.start()])
                drafts += found.drafts
                position = searched = max(found.end, opened.end())
            else:
                searched = max(found.end, opened.end(), searched + 1)
        if not drafts:
            return text or None, None
        rest = "".join([*content, text[position:]])
        if self.noise is not None:
            rest = self.noise.sub("", rest)
        return rest.strip() or None, _with_ids(drafts)


def make_call(id: str, name: str, arguments: str) -> ToolCall:
    """A call in OpenAI's form."""
    return ToolCall.model_validate(
        {"id": id, "type": "function", "function": {"name": name, "arguments": arguments}}
    )


def _with_ids(drafts: Sequence[Draft]) -> list[ToolCall]:
    """Calls with the format's ids, or with call_0, call_1, ...; each id once."""
    taken: set[str] = set()
    calls = []
    for index, draft in enumerate(drafts):
        id_ = draft.id if draft.id and draft.id not in taken else f"call_{index}"
        taken.add(id_)
        calls.append(make_call(id_, draft.name, draft.arguments))
    return calls
