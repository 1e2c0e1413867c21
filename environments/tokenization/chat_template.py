"""Conversations as a chat template renders them, and the span of each turn in the text."""

from __future__ import annotations

import contextlib
import itertools
import json
import re
from functools import lru_cache
from typing import Any

from jinja2 import TemplateError

from environments.tokenization.special_tokens import TemplateMessage
from world_fixtures.common import UserError

Span = tuple[int, int]
"""Start and end in a text, the end excluded."""
PLACEHOLDER = "qzxvkwjq"
"""A word that is in no template and no conversation."""


class RenderedConversation:
    """A conversation, and the text that the tokenizer's chat template makes of it.

    `messages` are as `prepare_message` returns them. Raises UserError where the tokenizer
    has no chat template, or one that leaves out the tool calls of this conversation.
    """

    def __init__(
        self, messages: list[TemplateMessage], tools: list[dict[str, Any]] | None, tokenizer: Any
    ):
        self.messages = messages
        self.tools = tools or None
        self.tokenizer = tokenizer
        self.turns = [i for i, m in enumerate(messages) if m["role"] == "assistant"]
        """Indices of the assistant's messages."""
        self.template = _template(tokenizer, self.tools)
        if any(m.get("tool_calls") for m in messages):
            wanted = _argument_type(self.template, tokenizer)
            if wanted is None:
                raise UserError(
                    f"the chat template of tokenizer {tokenizer.name_or_path!r} leaves tool calls"
                    " out, and so would the training data: choose another with"
                    " --env.tokenizer_name"
                )
            if wanted is str:
                self.messages = [_with_text_arguments(m) for m in messages]
        self.has_generation_tags = re.search(r"\{%-?\s*generation\b", self.template) is not None
        """Whether the template itself says which text is generated, as transformers lets it."""
        self._ends: dict[int, str] = {}
        self._prompts: dict[int, str] = {}

    def render(self, count: int, prompt: bool = False) -> str:
        """Return the text of the first `count` messages.

        With `prompt` the generation prompt follows: the header of the assistant's next turn.
        Raises UserError where the template refuses the messages.
        """
        return self._render(self.messages[:count], add_generation_prompt=prompt)[0][0]

    def sequences(self) -> list[list[int]]:
        """Group the turns so that the rendering of each group's last turn shows all its turns.

        A template that only appends gives one group. One that shows a turn otherwise once
        more follows, such as without its reasoning, gives several.
        """
        if not self.turns:
            return []
        if self.has_generation_tags and _only_appends(
            self.template, bool(self.tools), self.tokenizer
        ):
            return [self.turns]
        groups: list[list[int]] = []
        for turn in self.turns:
            text = self._until_end_of(turn)
            if groups and text.startswith(self._until_end_of(groups[-1][-1]).rstrip()):
                groups[-1].append(turn)
            else:
                groups.append([turn])
        return groups

    def spans(self, turns: list[int]) -> tuple[str, list[Span]]:
        """Return the text that ends with the last of `turns`, and the span of each in it."""
        if self.has_generation_tags:
            texts, generated = self._render(
                self.messages[: turns[-1] + 1],
                add_generation_prompt=False,
                return_assistant_tokens_mask=True,
            )
            until = [t for t in self.turns if t <= turns[-1]]
            if len(generated[0]) == len(until):
                of_turn = dict(zip(until, generated[0], strict=True))
                return texts[0], [of_turn[t] for t in turns]
        spans = [self._span(turn) for turn in turns]
        return self._until_end_of(turns[-1]), spans

    def _render(
        self, messages: list[TemplateMessage], **options: Any
    ) -> tuple[list[str], list[Any]]:
        try:
            return _render_template(
                messages,
                self.template,
                tools=self.tools,
                **{**self.tokenizer.special_tokens_map, **options},
            )
        except (TemplateError, TypeError) as error:
            name = getattr(self.tokenizer, "name_or_path", "")
            raise UserError(
                f"the chat template of tokenizer {name!r} refuses the conversation ({error}): "
                "choose another with --env.tokenizer_name"
            ) from error

    def _until_end_of(self, turn: int) -> str:
        """Return the text that ends with a turn, in the context in which it was produced."""
        if turn not in self._ends:
            text = self.render(turn + 1)
            if not (
                self.has_generation_tags
                or text.startswith(self._prompt_of(turn))
                or text.startswith(self.render(turn).rstrip())
            ):
                # Once the turn is there, what came before it is shown otherwise than to the model.
                text = self._prompt_of(turn) + self._turn_alone(turn)
            self._ends[turn] = text
        return self._ends[turn]

    def _prompt_of(self, turn: int) -> str:
        """Return what the model was given to answer with the turn."""
        if turn not in self._prompts:
            self._prompts[turn] = self.render(turn, prompt=True)
        return self._prompts[turn]

    def _turn_alone(self, turn: int) -> str:
        """Return the text of a turn without its prompt.

        The message before it is replaced by a placeholder, so that the end of the prompt can
        be found also where the template changes what precedes it.
        """
        asked: TemplateMessage = {**self.messages[turn - 1], "content": PLACEHOLDER}
        messages = [*self.messages[: turn - 1], asked, self.messages[turn]]
        prompt = self._render(messages[:-1], add_generation_prompt=True)[0][0]
        whole = self._render(messages, add_generation_prompt=False)[0][0]
        header = prompt.partition(PLACEHOLDER)[2]
        answer = whole.partition(PLACEHOLDER)[2]
        if not header or not answer.startswith(header):
            raise UserError(
                f"the chat template of tokenizer {self.tokenizer.name_or_path!r} changes earlier "
                "messages when the assistant answers: choose another with --env.tokenizer_name"
            )
        return answer[len(header) :]

    def _span(self, turn: int) -> Span:
        """Return the span of a turn: from the end of its prompt to its own end."""
        text = self._until_end_of(turn)
        prompt = self._prompt_of(turn)
        if text.startswith(prompt):
            return len(prompt), len(text.rstrip())
        # The prompt opens something that a finished turn does not show, such as its reasoning.
        before = self.render(turn).rstrip()
        start = common_prefix(text, prompt)
        content = text.find(self.messages[turn]["content"].strip(), len(before))
        return min(start, content) if content >= 0 else start, len(text.rstrip())


def _render_template(
    messages: list[TemplateMessage], template: str, **options: Any
) -> tuple[list[str], list[Any]]:
    """Render with transformers: the texts, and the generated spans of each (if asked for)."""
    # transformers takes a second to load, and is needed only where training data are made.
    from transformers.utils.chat_template_utils import render_jinja_template

    return render_jinja_template(  # type: ignore[return-value]
        [messages], chat_template=template, **options
    )


def _template(tokenizer: Any, tools: list[dict[str, Any]] | None) -> str:
    try:
        template: str = tokenizer.get_chat_template(None, tools)
    except ValueError as error:
        raise UserError(
            f"tokenizer {tokenizer.name_or_path!r} has no chat template: "
            "choose another with --env.tokenizer_name"
        ) from error
    return template


_CALL: dict[str, Any] = {
    "id": "abcdefghi", "type": "function", "function": {"name": "look", "arguments": {}},
}  # fmt: skip


@lru_cache(maxsize=16)
def _argument_type(template: str, tokenizer: Any) -> type | None:
    """Return how the template wants a call's arguments: as dict (most) or str (DeepSeek's).

    None where it shows no calls at all. dict where it refuses both ways: the conversation's
    own rendering then tells why.
    """
    messages: list[TemplateMessage] = [
        {"role": "user", "content": "a"},
        {"role": "assistant", "content": "", "tool_calls": [_CALL]},
    ]
    with_text = [_with_text_arguments(m) for m in messages]
    for kind, tried in ((dict, messages), (str, with_text)):
        with contextlib.suppress(TemplateError, TypeError):
            text = _render_template(tried, template, **tokenizer.special_tokens_map)[0][0]
            return kind if _CALL["function"]["name"] in text else None
    return dict


def _with_text_arguments(message: TemplateMessage) -> TemplateMessage:
    """Return the message with the arguments of its calls as JSON text."""
    if not message.get("tool_calls"):
        return message
    calls = []
    for call in message["tool_calls"]:
        text = call["function"]["arguments"]
        if not isinstance(text, str):
            text = json.dumps(text, ensure_ascii=False)
        calls.append({**call, "function": {**call["function"], "arguments": text}})
    return {**message, "tool_calls": calls}


_PROBE: list[TemplateMessage] = [
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
"""Holds all that templates are known to render otherwise later: reasoning, tools, last user."""


@lru_cache(maxsize=16)
def _only_appends(template: str, tools: bool, tokenizer: Any) -> bool:
    """Whether the template leaves all turns of the probe as they are when more follows.

    Such a template needs one rendering for a whole conversation instead of one for each turn.
    `template` is there for the cache: a tokenizer's template may be replaced.
    """
    schema = {"name": "look", "description": "n", "parameters": {"type": "object"}}
    schemas = [{"type": "function", "function": schema}] if tools else None
    try:
        probe = RenderedConversation(_PROBE, schemas, tokenizer)
        texts = [probe.render(t + 1) for t in probe.turns]
    except UserError:
        return False
    return all(after.startswith(before) for before, after in itertools.pairwise(texts))


def common_prefix(one: str, other: str) -> int:
    """Return the length of the longest common prefix."""
    for index, (a, b) in enumerate(zip(one, other, strict=False)):
        if a != b:
            return index
    return min(len(one), len(other))
