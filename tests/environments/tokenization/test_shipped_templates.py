"""The chat templates for small models: what they write is read back, and is never written anew."""

from __future__ import annotations

import json
from typing import Any

import pytest
from transformers import AutoTokenizer

from environments.tokenization.choice import use_template
from environments.tokenizer import PATH
from environments.tool_call_parsers import get_parser

PARSERS = {"compact": "hermes", "pythonic": "pythonic"}
CALLS: list[tuple[str, dict[str, Any]]] = [
    ("evennia_connect", {}),
    ("evennia_command", {"command": 'say "[look()]" </tool_call>\n'}),
    ("evennia_submit", {"answer": {"things": ["a beaker", "b"], "n": None, "ok": True}}),
]
TOOLS = [
    {"type": "function", "function": {"name": name, "parameters": {"properties": dict.fromkeys(a)}}}
    for name, a in CALLS
]


def call(number: int, *, as_text: bool) -> dict[str, Any]:
    name, given = CALLS[number]
    arguments = json.dumps(given) if as_text else given
    return {
        "id": f"call_{number}",
        "type": "function",
        "function": {"name": name, "arguments": arguments},
    }


@pytest.fixture(params=PARSERS)
def shipped(request: pytest.FixtureRequest) -> tuple[Any, Any]:
    tokenizer = AutoTokenizer.from_pretrained(PATH)
    use_template(tokenizer, request.param)
    return tokenizer, get_parser(PARSERS[request.param])


@pytest.mark.parametrize("as_text", [True, False])
@pytest.mark.parametrize("content", [None, "I look.", "<think>So.</think>I look."])
def test_calls_are_read_as_they_were_written(
    shipped: tuple[Any, Any], content: str | None, as_text: bool
) -> None:
    tokenizer, parser = shipped
    calls = [call(n, as_text=as_text) for n in range(len(CALLS))]
    messages = [
        {"role": "system", "content": "Act."},
        {"role": "user", "content": "Go."},
        {"role": "assistant", "content": content, "tool_calls": calls},
    ]
    prompt = tokenizer.apply_chat_template(
        messages[:2], tools=TOOLS, tokenize=False, add_generation_prompt=True
    )
    whole = tokenizer.apply_chat_template(messages, tools=TOOLS, tokenize=False)
    assert whole.startswith(prompt)
    said = whole.removeprefix(prompt).removesuffix("<|im_end|>\n")
    told, found = parser.parse(said, TOOLS)
    assert told == content
    assert [(c.function.name, json.loads(c.function.arguments)) for c in found] == CALLS


def test_a_message_more_changes_nothing_before_it(shipped: tuple[Any, Any]) -> None:
    tokenizer, _ = shipped
    messages: list[dict[str, Any]] = [{"role": "user", "content": "Go."}]
    for n in range(len(CALLS)):
        messages += [
            {"role": "assistant", "content": "", "tool_calls": [call(n, as_text=True)]},
            {"role": "tool", "content": "Done.", "tool_call_id": f"call_{n}"},
        ]
    before = ""
    for n in range(1, len(messages) + 1):
        text = tokenizer.apply_chat_template(messages[:n], tools=TOOLS, tokenize=False)
        assert text.startswith(before)
        before = text


def test_what_the_agent_says_is_marked_for_training(shipped: tuple[Any, Any]) -> None:
    tokenizer, _ = shipped
    messages = [
        {"role": "user", "content": "Go."},
        {"role": "assistant", "content": "", "tool_calls": [call(1, as_text=True)]},
        {"role": "tool", "content": "Done.", "tool_call_id": "call_1"},
    ]
    found = tokenizer.apply_chat_template(
        messages, tools=TOOLS, return_dict=True, return_assistant_tokens_mask=True
    )
    marked = [t for t, own in zip(found["input_ids"], found["assistant_masks"], strict=True) if own]
    said = tokenizer.decode(marked)
    assert "evennia_command" in said
    assert said.endswith("<|im_end|>")
    assert "Go." not in said
    assert "Done." not in said
