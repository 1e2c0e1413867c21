"""What is trained, and what never is."""

# ruff: noqa: E501
from __future__ import annotations

import copy
import json
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import AutoTokenizer, PreTrainedTokenizerFast

from environments.tokenization import sequences
from environments.tokenization.sequences import (
    MASKED,
    TrainingSequence,
    sequences_from_messages,
    sequences_from_nodes,
)
from environments.tokenization.special_tokens import escape_special_tokens
from environments.tokenizer import PATH
from environments.tokenizer.train import train
from world_fixtures.common import UserError

TOKENIZER: Any = AutoTokenizer.from_pretrained(PATH)
PARAMETERS = {"type": "object", "properties": {"command": {"type": "string"}}}
TOOLS = [
    {
        "type": "function",
        "function": {"name": "act", "description": "Acts.", "parameters": PARAMETERS},
    }
]


def call(command: str) -> dict[str, Any]:
    function = {"name": "act", "arguments": json.dumps({"command": command})}
    return {"id": "call_0", "type": "function", "function": function}


TALK: list[dict[str, Any]] = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": "Fetch the lamp."},
    {"role": "assistant", "content": "", "reasoning_content": "I see.", "tool_calls": [call("look")]},
    {"role": "tool", "tool_call_id": "call_0", "name": "act", "content": "A hall. ✨ A lamp."},
    {"role": "assistant", "content": "Two at once.", "tool_calls": [call("get it"), call("höhle 洞")]},
    {"role": "tool", "tool_call_id": "call_0", "name": "act", "content": "Taken."},
    {"role": "tool", "tool_call_id": "call_1", "name": "act", "content": "You see no cave."},
    {"role": "user", "content": "And now?"},
    {"role": "assistant", "content": "Done.", "reasoning_content": "That was it."},
    {"role": "user", "content": "Thanks."},
]  # fmt: skip


def with_template(edit: Any) -> Any:
    tokenizer = copy.deepcopy(TOKENIZER)
    tokenizer.chat_template = edit(tokenizer.chat_template)
    return tokenizer


def without_generation_tags(template: str) -> str:
    return re.sub(r"\{%-? (end)?generation %\}", "{%- if true %}{%- endif %}", template)


def forgets(template: str) -> str:
    """As Qwen3 has it: only turns after the last user message keep their reasoning."""
    last = "{%- set ns = namespace(last=0) %}{%- for m in messages %}{%- if m.role == 'user' %}"
    last += "{%- set ns.last = loop.index0 %}{%- endif %}{%- endfor %}"
    return last + template.replace(
        "if message.reasoning_content", "if message.reasoning_content and loop.index0 > ns.last"
    )


def trained(sequence: TrainingSequence, tokenizer: Any = TOKENIZER) -> list[str]:
    """Texts of the trained runs."""
    runs: list[list[int]] = [[]]
    for token, mask in zip(sequence.tokens, sequence.masks, strict=True):
        assert mask in (MASKED, token)
        if mask == MASKED:
            runs.append([])
        else:
            runs[-1].append(token)
    return [tokenizer.decode(run) for run in runs if run]


TURNS = [
    '<think>\nI see.\n</think>\n<tool_call>\n{"name": "act", "arguments": {"command": "look"}}\n'
    "</tool_call><|im_end|>",
    'Two at once.\n<tool_call>\n{"name": "act", "arguments": {"command": "get it"}}\n</tool_call>'
    '\n<tool_call>\n{"name": "act", "arguments": {"command": "höhle 洞"}}\n</tool_call><|im_end|>',
    "<think>\nThat was it.\n</think>\n\nDone.<|im_end|>",
]


def test_the_tokenizer_is_small_and_the_same_text_gives_the_same_bytes() -> None:
    assert (Path(PATH) / "tokenizer.json").stat().st_size < 120_000
    texts = [Path(PATH, "chat_template.jinja").read_text(), "brass key " * 9, "lämp " * 9] * 5
    assert train(iter(texts), 400).to_str() == train(iter(texts), 400).to_str()


@given(st.text())
def test_every_text_round_trips(text: str) -> None:
    assert TOKENIZER.decode(TOKENIZER.encode(text)) == text


@pytest.mark.parametrize("tools", [TOOLS, None])
def test_a_further_message_leaves_the_rendering_as_it_is(tools: Any) -> None:
    texts = [
        TOKENIZER.apply_chat_template(TALK[:n], tools=tools, tokenize=False) for n in range(1, 11)
    ]
    assert all(texts[-1].startswith(t) for t in texts)


TEXT_WITH_SPECIAL_TOKENS = st.lists(
    st.sampled_from(
        ["<|im_end|>", "<|im_start|>", "<tool_call>", "</tool_response>", "<", "|im_", "end|>"]
    )
    | st.text(max_size=3)
).map("".join)


@given(TEXT_WITH_SPECIAL_TOKENS)
def test_no_special_token_survives_escaping(text: str) -> None:
    safe = escape_special_tokens(text, TOKENIZER)
    assert not set(TOKENIZER.encode(safe)) & set(TOKENIZER.added_tokens_decoder)
    assert escape_special_tokens(safe, TOKENIZER) == safe
    assert safe.replace(" ", "") == text.replace(" ", "")


def test_escaping_is_visible_and_leaves_other_text_alone() -> None:
    assert escape_special_tokens("say <|im_end|>", TOKENIZER) == "say < |im_end|>"
    assert escape_special_tokens("a < b, <i>c</i>", TOKENIZER) == "a < b, <i>c</i>"


def test_only_the_assistants_turns_are_trained() -> None:
    (sequence,) = sequences_from_messages(TALK, TOOLS, TOKENIZER)
    assert trained(sequence) == TURNS
    assert sequence.logprobs is None
    assert sequence.messages == TALK[:9]
    whole = TOKENIZER.apply_chat_template(objects(TALK[:9]), tools=TOOLS, tokenize=False)
    assert TOKENIZER.decode(sequence.tokens) == whole.rstrip("\n")


@pytest.mark.parametrize("edit", [lambda t: t, forgets, without_generation_tags])
def test_each_trained_token_knows_the_models_turn(edit: Any) -> None:
    """Also where the template splits the conversation, and in a conversation that comes later."""
    sequences = sequences_from_messages(TALK, TOOLS, with_template(edit), first_turn=5)
    said: dict[int, list[int]] = {}
    for sequence in sequences:
        assert len(sequence.turns) == len(sequence.tokens)
        for token, mask, turn in zip(sequence.tokens, sequence.masks, sequence.turns, strict=True):
            assert (mask == MASKED) == (turn == 0)
            if turn:
                said.setdefault(turn, []).append(token)
    assert {turn: TOKENIZER.decode(tokens) for turn, tokens in said.items()} == {
        5: TURNS[0], 6: TURNS[1], 7: TURNS[2],
    }  # fmt: skip


def test_the_mask_is_the_templates_own() -> None:
    (sequence,) = sequences_from_messages(TALK, TOOLS, TOKENIZER)
    own = TOKENIZER.apply_chat_template(
        objects(TALK), tools=TOOLS, return_dict=True, return_assistant_tokens_mask=True
    )
    length = len(sequence.tokens)
    assert own["input_ids"][:length] == sequence.tokens
    assert [int(m != MASKED) for m in sequence.masks] == own["assistant_masks"][:length]
    assert not any(own["assistant_masks"][length:])


def objects(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    plain = copy.deepcopy(messages)
    for c in (c for m in plain for c in m.get("tool_calls", [])):
        c["function"]["arguments"] = json.loads(c["function"]["arguments"])
    return plain


def test_a_template_without_generation_tags_gives_the_same() -> None:
    tokenizer = with_template(without_generation_tags)
    assert "generation %" not in tokenizer.chat_template
    assert sequences_from_messages(TALK, TOOLS, tokenizer) == sequences_from_messages(
        TALK, TOOLS, TOKENIZER
    )


@pytest.mark.parametrize("edit", [forgets, lambda t: without_generation_tags(forgets(t))])
def test_a_template_that_forgets_reasoning_gives_several_sequences(edit: Any) -> None:
    tokenizer = with_template(edit)
    first, second = sequences_from_messages(TALK, TOOLS, tokenizer)
    assert trained(first) == TURNS[:2]
    assert trained(second) == TURNS[2:]
    text = tokenizer.decode(second.tokens)
    assert "I see." not in text
    assert "Two at once." in text


def test_a_header_that_opens_a_thought_is_not_part_of_the_turn() -> None:
    def opens(template: str) -> str:
        head, tail = template.rsplit("assistant\\n", 1)
        return without_generation_tags(head + "assistant\\n<think>\\n" + tail)

    sequences = sequences_from_messages(TALK, TOOLS, with_template(opens))
    texts = [text for s in sequences for text in trained(s)]
    assert texts == [
        TURNS[0].removeprefix("<think>\n"),
        TURNS[1],
        TURNS[2].removeprefix("<think>\n"),
    ]


def test_a_turn_that_begins_as_the_header_ends_is_trained_whole() -> None:
    tokenizer = with_template(
        lambda t: (
            without_generation_tags(t)
            + "{%- if add_generation_prompt %}{{- '<think>\n' }}{%- endif %}"
        )
    )
    talk = [{"role": "user", "content": "x"}, {"role": "assistant", "content": "<b>y</b>"}]
    (sequence,) = sequences_from_messages(talk, None, tokenizer)
    assert trained(sequence) == ["<b>y</b><|im_end|>"]


def test_special_tokens_in_the_conversation_stay_text() -> None:
    end = "x<|im_end|>\n<|im_start|>assistant\n"
    talk: list[dict[str, Any]] = [
        {"role": "user", "content": end},
        {"role": "assistant", "content": end, "reasoning_content": end, "tool_calls": [call(end)]},
        {"role": "tool", "content": end + "</tool_response>"},
        {"role": "assistant", "content": "ok"},
    ]
    (sequence,) = sequences_from_messages(talk, TOOLS, TOKENIZER)
    assert sequence.tokens.count(TOKENIZER.eos_token_id) == 5  # one a message, and the tools
    assert len(trained(sequence)) == 2
    responses = TOKENIZER.convert_tokens_to_ids("</tool_response>")
    assert sequence.tokens.count(responses) == 1


def test_arguments_that_are_no_object_stay_text() -> None:
    deep = '{"a":' * 100 + "1" + "}" * 100
    for arguments in ("{broken", "[1]", deep, "[" * 100_000):
        talk: list[dict[str, Any]] = [
            {"role": "user", "content": "x"},
            {"role": "assistant", "content": None, "tool_calls": [
                {"id": "a", "type": "function", "function": {"name": "act", "arguments": arguments}}
            ]},
        ]  # fmt: skip
        (sequence,) = sequences_from_messages(talk, TOOLS, TOKENIZER)
        assert arguments in trained(sequence)[0]


def test_an_unusable_template_is_reported_in_one_line() -> None:
    tokenizer = with_template(lambda t: "{{ raise_exception('roles must alternate') }}")
    with pytest.raises(UserError, match=r"roles must alternate.*tokenizer_name"):
        sequences_from_messages(TALK, TOOLS, tokenizer)
    tokenizer = with_template(lambda t: None)
    with pytest.raises(UserError, match="no chat template"):
        sequences_from_messages(TALK, TOOLS, tokenizer)


def test_a_conversation_without_a_turn_gives_nothing() -> None:
    assert sequences_from_messages(TALK[:2], TOOLS, TOKENIZER) == []


def test_a_tokenizer_that_adds_spaces_is_tokenised_in_one_go() -> None:
    backend = Tokenizer(models.BPE(byte_fallback=False))
    backend.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first", split=False)
    backend.decoder = decoders.Metaspace(prepend_scheme="first", split=False)
    texts = [m["content"] + TOKENIZER.chat_template for m in TALK] + ["\n"]
    backend.train_from_iterator(texts, trainers.BpeTrainer(special_tokens=["<|im_end|>"]))
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=backend, eos_token="<|im_end|>")
    tokenizer.chat_template = without_generation_tags(TOKENIZER.chat_template)
    talk = [{"role": "user", "content": "Be brief."}, {"role": "assistant", "content": "Taken."}]
    (sequence,) = sequences_from_messages(talk, None, tokenizer)
    assert trained(sequence, tokenizer) == ["Taken.<|im_end|>"]
    assert [t == 0 for t in sequence.turns] == [m == MASKED for m in sequence.masks]
    whole = str(tokenizer.apply_chat_template(talk, tokenize=False)).rstrip()
    assert sequence.tokens == tokenizer.encode(whole, add_special_tokens=False)


def node(tokens: list[int], masks: list[int], logprobs: list[float]) -> Any:
    return SimpleNamespace(tokens=tokens, masked_tokens=masks, logprobs=logprobs)


def test_branches_of_one_node_train_its_turn_once() -> None:
    one = node([1, 2, 3, 4], [-100, 2, -100, 4], [1.0, -0.5, 1.0, -0.25])
    two = node([1, 2, 3, 5], [-100, 2, -100, 5], [1.0, -0.5, 1.0, -0.75])
    first, second = sequences_from_nodes([one, two])
    assert (first.masks, first.logprobs) == (one.masked_tokens, one.logprobs)
    assert (second.masks, second.logprobs) == ([-100, -100, -100, 5], [1.0, 1.0, 1.0, -0.75])
    assert two.masked_tokens == [-100, 2, -100, 5]  # the node is left as it was


def test_nodes_without_log_probabilities_or_without_a_sampled_token() -> None:
    filled = node([1, 2], [-100, 2], [1.0, 1.0])
    broken = node([1, 2], [-100, 2], [1.0, float("nan")])
    empty = node([1, 2], [-100, -100], [1.0, 1.0])
    sequences = sequences_from_nodes([filled, broken, empty])
    assert [s.logprobs for s in sequences] == [None, None]


def test_tokens_of_pieces_that_are_kept_are_the_tokenizers_own(monkeypatch: Any) -> None:
    monkeypatch.setattr(sequences, "MAX_KNOWN", 3)
    tokenizer = copy.deepcopy(TOKENIZER)
    for pieces in (["a room", "a lamp", "a room"], ["a lamp", "a key"], ["a door", "a room", "a"]):
        wanted = tokenizer(pieces, add_special_tokens=False)["input_ids"]
        assert sequences._ids_of(pieces, tokenizer) == wanted
