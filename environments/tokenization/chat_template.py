"""Where each turn of a conversation stands in what a chat template makes of it."""

from __future__ import annotations

import contextlib
import itertools
import json
import re
from functools import lru_cache
from typing import Any

from jinja2 import TemplateError
from transformers.utils.chat_template_utils import render_jinja_template

from environments.tokenization.special_tokens import Message
from world_fixtures.common import UserError

Span = tuple[int, int]
"""Start and end in a text, the end excluded."""
NOWHERE = "qzxvkwjq"
"""Stands in no template and no conversation."""


class Conversation:
    """A conversation and the chat template that renders it."""

    def __init__(self, messages: list[Message], tools: list[dict[str, Any]] | None, tokenizer: Any):
        self.messages = messages
        self.tools = tools or None
        self.tokenizer = tokenizer
        self.turns = [i for i, m in enumerate(messages) if m["role"] == "assistant"]
        self.template = _template(tokenizer, self.tools)
        if any(m.get("tool_calls") for m in messages):
            how = _arguments_of(self.template, tokenizer)
            if how is None:
                raise UserError(
                    f"the chat template of tokenizer {tokenizer.name_or_path!r} leaves tool calls"
                    " out, and so would the training data: choose another with"
                    " --env.tokenizer_name"
                )
            if how is str:
                self.messages = [_as_text(m) for m in messages]
        self.marked = re.search(r"\{%-?\s*generation\b", self.template) is not None
        self.rendered: dict[int, str] = {}
        """Text up to and including a turn, by the turn's index."""
        self.headers: dict[int, str] = {}

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
            text = self._finished(turn)
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
        return self._finished(turns[-1]), spans

    def _finished(self, turn: int) -> str:
        """The text that ends with a turn, in the context in which it was produced."""
        if turn not in self.rendered:
            text = self.render(turn + 1)
            if not (
                self.marked
                or text.startswith(self._header(turn))
                or text.startswith(self.render(turn).rstrip())
            ):
                # Once the turn is there, what came before it is shown otherwise than to the model.
                text = self._header(turn) + self._answer(turn)
            self.rendered[turn] = text
        return self.rendered[turn]

    def _header(self, turn: int) -> str:
        """What the model was given to answer."""
        if turn not in self.headers:
            self.headers[turn] = self.render(turn, prompt=True)
        return self.headers[turn]

    def _answer(self, turn: int) -> str:
        """A turn alone: what follows the header, found behind a word that stands nowhere else."""
        asked: Message = {**self.messages[turn - 1], "content": NOWHERE}
        messages = [*self.messages[: turn - 1], asked, self.messages[turn]]
        given = self._render(messages[:-1], add_generation_prompt=True)[0][0].partition(NOWHERE)[2]
        answer = self._render(messages, add_generation_prompt=False)[0][0].partition(NOWHERE)[2]
        if not given or not answer.startswith(given):
            raise UserError(
                f"the chat template of tokenizer {self.tokenizer.name_or_path!r} changes earlier "
                "messages when the assistant answers: choose another with --env.tokenizer_name"
            )
        return answer[len(given) :]

    def _span(self, turn: int) -> Span:
        """Where a turn stands: from the end of the header that asked for it to its own end."""
        text = self._finished(turn)
        header = self._header(turn)
        if text.startswith(header):
            return len(header), len(text.rstrip())
        # The header opens something that a finished turn does not show, such as a thought.
        before = self.render(turn).rstrip()
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


_CALL: dict[str, Any] = {
    "id": "abcdefghi", "type": "function", "function": {"name": "look", "arguments": {}},
}  # fmt: skip


@lru_cache(maxsize=16)
def _arguments_of(template: str, tokenizer: Any) -> type | None:
    """How the template wants a call's arguments: most as objects, DeepSeek's as text.

    None where it shows no calls at all. What it refuses for another reason is told later.
    """
    said: list[Message] = [
        {"role": "user", "content": "a"},
        {"role": "assistant", "content": "", "tool_calls": [_CALL]},
    ]
    for kind, messages in ((dict, said), (str, [_as_text(m) for m in said])):
        with contextlib.suppress(TemplateError, TypeError):
            text = render_jinja_template(
                [messages], chat_template=template, **tokenizer.special_tokens_map
            )[0][0]
            return kind if _CALL["function"]["name"] in text else None
    return dict


def _as_text(message: Message) -> Message:
    """The message with the arguments of its calls as JSON."""
    if not message.get("tool_calls"):
        return message
    calls = []
    for call in message["tool_calls"]:
        text = call["function"]["arguments"]
        if not isinstance(text, str):
            text = json.dumps(text, ensure_ascii=False)
        calls.append({**call, "function": {**call["function"], "arguments": text}})
    return {**message, "tool_calls": calls}


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
    try:
        probe = Conversation(_PROBE, schemas, tokenizer)
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
