"""What holds for every parser and every text."""

from __future__ import annotations

import json
import random
import re
import string
from functools import cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from environments.tool_call_parsers import ToolCall, ToolCallParser, get_parser, list_parsers
from environments.tool_call_parsers.base import without_thoughts
from environments.tool_call_parsers.calls import make_call
from environments.tool_call_parsers.json_values import WINDOW, decode

pytestmark = pytest.mark.once
PARSERS = sorted({type(get_parser(name)): name for name in list_parsers()}.values())
"""One name for each parser."""
UNTYPED = ("qwen3_coder", "glm45", "glm47")
"""Formats in which a string cannot hold the tag that ends it."""
MARKERS = [
    "<tool_call>", "</tool_call>", "<longcat_tool_call>", "</longcat_tool_call>", "[TOOL_CALLS]",
    "[ARGS]", "[CALL_ID]", "<|python_tag|>", "; ", "<function=", "<function=a>", "<parameter=a>",
    "</parameter>", "</function>", "<｜tool▁calls▁begin｜>", "<｜tool▁call▁begin｜>", "function",
    "<｜tool▁sep｜>", "```json\n", "```", "<｜tool▁call▁end｜>", "<｜tool▁calls▁end｜>",
    "<|tool_calls_section_begin|>", "<|tool_call_begin|>", "functions.a:0",
    "<|tool_call_argument_begin|>", "<|tool_call_end|>", "<|tool_calls_section_end|>", "<arg_key>",
    "</arg_key>", "<arg_value>", "</arg_value>", "<think>", '{"name": "a", ', '"arguments": {',
    '"parameters": {"x": ', '"', "\\", "{", "}", "[", "]", ",", ":", "1e999", "NaN", "null", "\n",
    " ", "look", "\ud800", '"\\ud800"', "[" * 1500, '{"a":' * 1500, "9" * 5000, "é✨",
]  # fmt: skip

LETTERS = string.ascii_letters + "_"
names = st.builds(
    str.__add__, st.sampled_from(LETTERS), st.text(f"{LETTERS}{string.digits}-", max_size=20)
)
plain = st.text(st.characters(codec="utf-8", exclude_characters="<>"), max_size=12)
marked = st.lists(plain | st.sampled_from([m for m in MARKERS if m.isprintable() and len(m) < 40]))
scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
)


def values(texts: st.SearchStrategy[str]) -> st.SearchStrategy[Any]:
    return st.recursive(
        scalars | texts,
        lambda v: st.lists(v, max_size=3) | st.dictionaries(texts, v, max_size=3),
        max_leaves=6,
    )


@pytest.mark.parametrize("name", PARSERS)
def test_a_call_that_is_cut_off_was_attempted(name):
    parser = get_parser(name)
    call = make_call("functions.look:0", "look", '{"at": "the lamp"}')
    text = parser.render([call])
    begun = text.index("look")  # whatever comes before it is the mark
    for end in range(begun, len(text) + 1):
        cut = text[:end]
        assert parser.attempted(cut), cut
        assert not parser.attempted(f"<think>{cut}</think>I need no tool.")
        assert not parser.attempted(f"Should I write {cut}?</think>I need no tool.")
    assert parser.attempted(f"<think>So.</think>{text}")
    assert not parser.attempted("I have looked at the {lamp} [at last] <there>.")


@cache
def calls_of(name: str, most: int = 3) -> st.SearchStrategy[list[ToolCall]]:
    texts = plain if name in UNTYPED else plain | marked.map("".join)
    keys = names if name in UNTYPED else texts
    pairs = st.tuples(names, st.dictionaries(keys, values(texts), max_size=3))
    return st.lists(pairs, min_size=1, max_size=most).map(
        lambda found: [
            make_call(f"functions.{n}:{i}" if name == "kimi_k2" else f"call_{i}", n, json.dumps(a))
            for i, (n, a) in enumerate(found)
        ]
    )


def schemas(calls: list[ToolCall]) -> list[dict[str, Any]]:
    """Schemas under which the calls' strings are strings."""
    kinds: dict[str, dict[str, Any]] = {}
    for call in calls:
        for key, value in json.loads(call.function.arguments).items():
            kind = {"type": "string"} if isinstance(value, str) else {}
            kinds.setdefault(call.function.name, {})[key] = kind
    return [
        {"type": "function", "function": {"name": n, "parameters": {"properties": p}}}
        for n, p in kinds.items()
    ]


def same(one: list[ToolCall] | None, other: list[ToolCall]) -> bool:
    return [(c.id, c.function.name, json.loads(c.function.arguments)) for c in one or []] == [
        (c.id, c.function.name, json.loads(c.function.arguments)) for c in other
    ]


def distinct(calls: list[ToolCall]) -> bool:
    return len({c.function.name for c in calls}) == len(calls)


@pytest.mark.parametrize("name", PARSERS)
@given(data=st.data())
def test_what_is_rendered_is_parsed(name: str, data: st.DataObject) -> None:
    parser: ToolCallParser = get_parser(name)
    calls = data.draw(calls_of(name).filter(distinct))
    content, found = parser.parse(parser.render(calls), schemas(calls))
    assert content is None
    assert same(found, calls)


def ends_no_other(calls: list[ToolCall]) -> bool:
    """Whether no string that was cut off before can be read as ended by a key's opening quote."""
    keys = json.loads(calls[0].function.arguments)
    return not any(key.lstrip().startswith((",", "}", "]", ":")) for key in keys)


@pytest.mark.parametrize("name", PARSERS)
@given(data=st.data())
def test_a_whole_call_survives_one_that_is_cut_off(name: str, data: st.DataObject) -> None:
    parser: ToolCallParser = get_parser(name)
    bad, good = data.draw(calls_of(name, 1)), data.draw(calls_of(name, 1).filter(ends_no_other))
    text = parser.render(bad)
    cut = text[: data.draw(st.integers(0, len(text)))]
    _, found = parser.parse(f"{cut}\n{parser.render(good)}", schemas(good))
    assert found
    assert same(
        found[-1:], [make_call(found[-1].id, good[0].function.name, good[0].function.arguments)]
    )
    assert len(found) <= 2


FUZZED = pytest.mark.parametrize("texts", [150, pytest.param(1000, marks=pytest.mark.slow)])
"""How many texts are tried."""


@FUZZED
@pytest.mark.parametrize("name", PARSERS)
def test_fuzzed_texts_raise_nothing(name: str, texts: int) -> None:
    parser: ToolCallParser = get_parser(name)
    draw = random.Random(name)
    rendered = parser.render([make_call("call_0", "look", '{"at": "the lamp"}')])
    for _ in range(texts):
        parts = [
            *draw.choices(MARKERS, k=draw.randint(1, 12)),
            rendered[: draw.randint(0, len(rendered))],
        ]
        draw.shuffle(parts)
        _, calls = parser.parse("".join(parts))
        assert calls is None or all(c.function.name for c in calls)
        assert calls is None or len({c.id for c in calls}) == len(calls)
        json.dumps([c.model_dump() for c in calls or []]).encode()


JUNK = [m for m in MARKERS if m not in ("<think>", "\\", '"')]


@FUZZED
@pytest.mark.parametrize("name", PARSERS)
def test_a_whole_call_is_found_in_any_junk(name: str, texts: int) -> None:
    parser: ToolCallParser = get_parser(name)
    draw = random.Random(name)
    whole = parser.render([make_call("call_0", "look", '{"at": "the lamp"}')])
    for _ in range(texts):
        before, after = (draw.choices(JUNK, k=draw.randint(0, 8)) for _ in range(2))
        _, calls = parser.parse(f"{''.join(before)}\n{whole}\n{''.join(after)}")
        found = [(c.function.name, c.function.arguments) for c in calls or []]
        assert ("look", '{"at": "the lamp"}') in found, (before, after)


THOUGHT = re.compile(r"<think>.*?</think>|\A(?:(?!<think>).)*?</think>", re.DOTALL)


@given(st.lists(st.sampled_from(["<think>", "</think>", "a", "\n"]), max_size=12).map("".join))
def test_what_was_only_thought_is_left_out(text):
    assert without_thoughts(text) == THOUGHT.sub("", text)


@pytest.mark.parametrize("length", [WINDOW - 20, WINDOW, 17 * WINDOW])
@given(st.data())
def test_a_value_may_be_longer_than_a_window(length, data):
    padding = length + data.draw(st.integers(-20, 20))
    value = [" " * padding, True, None, -1.5e10, '\u00e9\n"', {"a": [12345678]}]
    text = json.dumps(value) + data.draw(st.sampled_from(["", "}", "x", "1", '"']))
    assert decode(text, 0) == (value, len(json.dumps(value)))
    assert decode(text[: len(json.dumps(value)) - data.draw(st.integers(1, 60))], 0) is None
