"""Where each turn of a conversation stands in what a chat template makes of it."""

from __future__ import annotations

import itertools
import re
from functools import lru_cache
from typing import Any

from jinja2 import TemplateError
from transformers.utils.chat_template_utils import render_jinja_template

from environments.markers import Message
from world_fixtures.errors import UserError

Span = tuple[int, int]
"""Start and end in a text, the end excluded."""


class Conversation:
    """A conversation and the chat template that renders it."""

    def __init__(self, messages: list[Message], tools: list[dict[str, Any]] | None, tokenizer: Any):
        self.messages = messages
        self.tools = tools or None
        self.tokenizer = tokenizer
        self.turns = [i for i, m in enumerate(messages) if m["role"] == "assistant"]
        self.template = _template(tokenizer, self.tools)
        self.marked = re.search(r"\{%-?\s*generation\b", self.template) is not None
        self.rendered: dict[int, str] = {}
        """Text up to and including a turn, by the turn's index."""

    def render(self, count: int, prompt: bool = False) -> str:
        """Text of the first `count` messages, with the header of the next turn if `prompt`."""
        return self._render(self.messages[:count], add_generation_prompt=prompt)[0][0]

    def _render(self, messages: list[Message], **options: Any) -> tuple[list[str], list[Any]]:
        try:
            return render_jinja_template(  # type: ignore[return-value]
                [messages],
                tools=self.tools,  # type: ignore[arg-type]
                chat_template=self.template,
                **{**self.tokenizer.special_tokens_map, **options},
            )
        except (TemplateError, TypeError) as error:
            name = getattr(self.tokenizer, "name_or_path", "")
            raise UserError(
                f"the chat template of tokenizer {name!r} refuses the conversation ({error}): "
                "choose another with --env.tokenizer_name"
            ) from error

    def chains(self) -> list[list[int]]:
        """Turns grouped so that each chain's last rendering shows all its turns unchanged."""
        if not self.turns:
            return []
        if self.marked and _only_appends(self.template, bool(self.tools), self.tokenizer):
            return [self.turns]
        chains: list[list[int]] = []
        for turn in self.turns:
            text = self.rendered[turn] = self.render(turn + 1)
            if chains and text.startswith(self.rendered[chains[-1][-1]].rstrip()):
                chains[-1].append(turn)
            else:
                chains.append([turn])
        return chains

    def spans(self, turns: list[int]) -> tuple[str, list[Span]]:
        """The text that ends with the last of `turns`, and where each of them stands in it."""
        if self.marked:
            texts, marks = self._render(
                self.messages[: turns[-1] + 1],
                add_generation_prompt=False,
                return_assistant_tokens_mask=True,
            )
            until = [t for t in self.turns if t <= turns[-1]]
            if len(marks[0]) == len(until):
                of_turn = dict(zip(until, marks[0], strict=True))
                return texts[0], [of_turn[t] for t in turns]
        spans = [self._span(turn) for turn in turns]
        return self.rendered.get(turns[-1]) or self.render(turns[-1] + 1), spans

    def _span(self, turn: int) -> Span:
        """Where a turn stands: from the end of the header that asked for it to its own end."""
        text = self.rendered.get(turn) or self.render(turn + 1)
        header = self.render(turn, prompt=True)
        if text.startswith(header):
            return len(header), len(text.rstrip())
        # The header opens something that a finished turn does not show, such as a thought.
        before = self.render(turn).rstrip()
        if not text.startswith(before):
            raise UserError(
                f"the chat template of tokenizer {self.tokenizer.name_or_path!r} changes earlier "
                "messages when the assistant answers: choose another with --env.tokenizer_name"
            )
        start = _common(text, header)
        content = text.find(self.messages[turn]["content"].strip(), len(before))
        return min(start, content) if content >= 0 else start, len(text.rstrip())


def _template(tokenizer: Any, tools: list[dict[str, Any]] | None) -> str:
    try:
        return tokenizer.get_chat_template(None, tools)
    except ValueError as error:
        raise UserError(
            f"tokenizer {tokenizer.name_or_path!r} has no chat template: "
            "choose another with --env.tokenizer_name"
        ) from error


_CALL = {"id": "abcdefghi", "type": "function", "function": {"name": "look", "arguments": {}}}
_PROBE: list[Message] = [
    {"role": "system", "content": "a"},
    {"role": "user", "content": "b"},
    {"role": "assistant", "content": "c", "reasoning_content": "d", "tool_calls": [_CALL, _CALL]},
    {"role": "tool", "content": "e", "name": "look", "tool_call_id": "abcdefghi"},
    {"role": "tool", "content": "f", "name": "look", "tool_call_id": "abcdefghi"},
    {"role": "assistant", "content": "<think>\ng\n</think>\n\nh"},
    {"role": "user", "content": "i"},
    {"role": "assistant", "content": "j", "reasoning_content": "k"},
    {"role": "user", "content": "l"},
    {"role": "assistant", "content": "m"},
]
"""Everything that templates are known to render otherwise later: reasoning, tools, last user."""


@lru_cache(maxsize=16)
def _only_appends(template: str, tools: bool, tokenizer: Any) -> bool:
    """Whether the template leaves all turns of the probe as they are when more follows.

    Saves rendering a conversation once a turn, which takes a time quadratic in its length.
    """
    schema = {"name": "look", "description": "n", "parameters": {"type": "object"}}
    schemas = [{"type": "function", "function": schema}] if tools else None
    probe = Conversation(_PROBE, schemas, tokenizer)
    try:
        texts = [probe.render(t + 1) for t in probe.turns]
    except UserError:
        return False
    return all(after.startswith(before) for before, after in itertools.pairwise(texts))


def _common(one: str, other: str) -> int:
    """Length of the longest common prefix."""
    for index, (a, b) in enumerate(zip(one, other, strict=False)):
        if a != b:
            return index
    return min(len(one), len(other))
