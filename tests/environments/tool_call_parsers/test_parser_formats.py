"""Each format as its models and their documentation write it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from environments.tool_call_parsers import get_parser, list_parsers

CITIES = [("weather", {"city": "Tokyo"}), ("weather", {"city": "Zürich", "days": 3})]

HERMES = """\
<tool_call>
{"name": "weather", "arguments": {"city": "Tokyo"}}
</tool_call>
<tool_call>
{"arguments": {"city": "Zürich", "days": 3}, "name": "weather"}
</tool_call>"""

MISTRAL_7B = (
    '[TOOL_CALLS] [{"name": "weather", "arguments": {"city": "Tokyo"}}, '
    '{"name": "weather", "arguments": {"city": "Zürich", "days": 3}}]'
)
MISTRAL_SMALL = (
    '[TOOL_CALLS]weather{"city": "Tokyo"}[TOOL_CALLS]weather{"city": "Zürich", "days": 3}'
)
MAGISTRAL = (
    '[TOOL_CALLS]weather[ARGS]{"city": "Tokyo"}'
    '[TOOL_CALLS]weather[ARGS]{"city": "Zürich", "days": 3}'
)

LLAMA = (
    '<|python_tag|>{"name": "weather", "parameters": {"city": "Tokyo"}}; '
    '{"type": "function", "name": "weather", "parameters": {"city": "Zürich", "days": 3}}<|eom_id|>'
)

QWEN3_CODER = """\
<tool_call>
<function=weather>
<parameter=city>
Tokyo
</parameter>
</function>
</tool_call>
<tool_call>
<function=weather>
<parameter=city>
Zürich
</parameter>
<parameter=days>
3
</parameter>
</function>
</tool_call>"""

DEEPSEEK_V3 = """\
<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>weather
```json
{"city": "Tokyo"}
```<｜tool▁call▁end｜>
<｜tool▁call▁begin｜>function<｜tool▁sep｜>weather
```json
{"city": "Zürich", "days": 3}
```<｜tool▁call▁end｜><｜tool▁calls▁end｜>"""

DEEPSEEK_V31 = (
    '<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>weather<｜tool▁sep｜>{"city": "Tokyo"}'
    "<｜tool▁call▁end｜><｜tool▁call▁begin｜>weather<｜tool▁sep｜>"
    '{"city": "Zürich", "days": 3}<｜tool▁call▁end｜><｜tool▁calls▁end｜>'
)

KIMI = (
    "<|tool_calls_section_begin|><|tool_call_begin|>functions.weather:0"
    '<|tool_call_argument_begin|>{"city": "Tokyo"}<|tool_call_end|>'
    "<|tool_call_begin|>functions.weather:1 "
    '<|tool_call_argument_begin|> {"city": "Zürich", "days": 3} <|tool_call_end|>'
    "<|tool_calls_section_end|>"
)

LONGCAT = HERMES.replace("tool_call>", "longcat_tool_call>")

GLM45 = """\
<tool_call>weather
<arg_key>city</arg_key>
<arg_value>Tokyo</arg_value>
</tool_call>
<tool_call>weather
<arg_key>city</arg_key>
<arg_value>Zürich</arg_value>
<arg_key>days</arg_key>
<arg_value>3</arg_value>
</tool_call>"""

GLM47 = GLM45.replace("\n", "")

PYTHONIC = """[weather(city="Tokyo"), weather(city='Zürich', days=3)]"""

EXAMPLES = [
    ("hermes", HERMES), ("qwen", HERMES), ("longcat", LONGCAT),
    ("mistral", MISTRAL_7B), ("mistral", MISTRAL_SMALL), ("mistral", MAGISTRAL),
    ("llama3_json", LLAMA), ("llama4_json", LLAMA), ("qwen3_coder", QWEN3_CODER),
    ("deepseek_v3", DEEPSEEK_V3), ("deepseek_v3_1", DEEPSEEK_V31), ("kimi_k2", KIMI),
    ("glm45", GLM45), ("glm47", GLM47), ("glm45", GLM47), ("glm47", GLM45),
    ("pythonic", PYTHONIC),
]  # fmt: skip


def found(name: str, text: str, tools: Any = None) -> tuple[str | None, list[tuple[str, Any]]]:
    content, calls = get_parser(name).parse(text, tools)
    return content, [(c.function.name, json.loads(c.function.arguments)) for c in calls or []]


def test_every_format_has_an_example() -> None:
    assert {name for name, _ in EXAMPLES} == set(list_parsers())


@pytest.mark.parametrize(("name", "text"), EXAMPLES)
def test_parallel_calls_of_one_tool(name: str, text: str) -> None:
    assert found(name, text) == (None, CITIES)


@pytest.mark.parametrize(("name", "text"), EXAMPLES)
def test_text_around_calls_is_content(name: str, text: str) -> None:
    content, calls = found(name, f"I ask {{twice}}.\n{text}")
    assert (content, calls) == ("I ask {twice}.", CITIES)
    content, calls = found(name, f"One.\n\n{text}\nTwo.")
    assert (content, calls) == ("One.\nTwo.", CITIES)


@pytest.mark.parametrize(("name", "text"), EXAMPLES)
def test_ids_are_the_same_each_time(name: str, text: str) -> None:
    ids = [[c.id for c in get_parser(name).parse(text)[1]] for _ in range(2)]
    expected = ["functions.weather:0", "functions.weather:1"] if name == "kimi_k2" else None
    assert ids[0] == ids[1] == (expected or ["call_0", "call_1"])


@pytest.mark.parametrize("name", list_parsers())
@pytest.mark.parametrize("text", ["", "No call here.", "{}", "<tool_call>", "a < b > c [1] {x}"])
def test_text_without_calls_is_content_as_it_is(name: str, text: str) -> None:
    assert get_parser(name).parse(text) == (text, None)


@pytest.mark.parametrize(("name", "text"), EXAMPLES)
def test_a_call_is_what_openais_client_has(name: str, text: str) -> None:
    call = get_parser(name).parse(text)[1][0]
    assert (call.type, call.function.name) == ("function", "weather")
    assert json.loads(call.model_dump_json())["function"]["arguments"] == '{"city": "Tokyo"}'


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("hermes", '<tool_call>{"name": "look", "arguments": ""}</tool_call>'),
        ("hermes", '<tool_call>{"name": "look", "arguments": null}</tool_call>'),
        ("hermes", '<tool_call>{"name": "look"}</tool_call>'),
        ("hermes", '<tool_call>{"name": "look", "arguments": {}}'),
        ("longcat", '<longcat_tool_call>{"name": "look", "arguments": " "}</longcat_tool_call>'),
        ("mistral", '[TOOL_CALLS][{"name": "look", "arguments": ""}]'),
        ("mistral", "[TOOL_CALLS]look[ARGS]"),
        ("mistral", "[TOOL_CALLS]look{}"),
        ("llama3_json", '{"name": "look", "parameters": ""}'),
        ("qwen3_coder", "<tool_call>\n<function=look>\n</function>\n</tool_call>"),
        ("deepseek_v3",
         "<｜tool▁call▁begin｜>function<｜tool▁sep｜>look\n```json\n```<｜tool▁call▁end｜>"),
        ("deepseek_v3_1", "<｜tool▁call▁begin｜>look<｜tool▁sep｜><｜tool▁call▁end｜>"),
        ("kimi_k2", "<|tool_call_begin|>look:0<|tool_call_argument_begin|><|tool_call_end|>"),
        ("glm45", "<tool_call>look\n</tool_call>"),
        ("glm47", "<tool_call>look</tool_call>"),
        ("pythonic", "[look()]"),
        ("pythonic", "[ look( ) , ]"),
    ],
)  # fmt: skip
def test_no_arguments_are_an_empty_object(name: str, text: str) -> None:
    assert found(name, text) == (None, [("look", {})])


def test_calls_share_a_tag_or_an_array() -> None:
    one, two = '{"name": "a", "arguments": {}}', '{"name": "b", "arguments": {"x": [1]}}'
    both = [("a", {}), ("b", {"x": [1]})]
    assert found("hermes", f"<tool_call>{one}\n{two}</tool_call>") == (None, both)
    assert found("hermes", f"<tool_call>[{one}, {two}]</tool_call>") == (None, both)
    assert found("llama3_json", f"[{one}, {two}]") == (None, both)
    broken = '{"name": "c", "arguments": {x}}'
    assert found("mistral", f"[TOOL_CALLS] [{one}, {broken}, {two}]")[1] == both
    assert found("mistral", f"[TOOL_CALLS] [{one}, {two}, {broken[:18]}")[1] == both


def test_arguments_given_as_text() -> None:
    text = '<tool_call>{"name": "a", "arguments": "{\\"x\\": {\\"y\\": \\"}\\"}}"}</tool_call>'
    assert found("hermes", text) == (None, [("a", {"x": {"y": "}"}})])
    _, calls = get_parser("hermes").parse(
        '<tool_call>{"name": "a", "arguments": "look"}</tool_call>'
    )
    assert calls[0].function.arguments == "look"  # whoever calls the tool complains


def test_tags_and_line_breaks_within_strings() -> None:
    value = "</tool_call> <tool_call> ]}\n[TOOL_CALLS]"
    text = json.dumps({"name": "say", "arguments": {"text": value}})
    expected = [("say", {"text": value})]
    assert found("hermes", f"<tool_call>{text}</tool_call>")[1] == expected
    assert (
        found("hermes", f"<tool_call>{text.replace(chr(92) + 'n', chr(10))}</tool_call>")[1]
        == expected
    )
    assert found("mistral", f"[TOOL_CALLS][{text}]")[1] == expected


def test_a_call_within_a_thought_is_not_made() -> None:
    call = '<tool_call>{"name": "%s", "arguments": {}}</tool_call>'
    text = f"<think>Should I {call % 'a'}?</think>{call % 'b'}<think>done</think>{call % 'c'}"
    content, calls = found("hermes", text)
    assert [name for name, _ in calls] == ["b", "c"]
    assert content is not None
    assert "Should I" in content
    assert found("hermes", f"<think>never closed {call % 'a'}")[1] == [("a", {})]


def test_python_tag_is_not_needed_and_other_json_is_content() -> None:
    text = 'Result: {"name": "a", "parameters": {}} from {"query": "x"} and {"name": "b"}'
    content, calls = found("llama3_json", text)
    assert calls == [("a", {})]
    assert content == 'Result:\nfrom {"query": "x"} and {"name": "b"}'


def test_mistrals_own_ids() -> None:
    text = "[TOOL_CALLS]look[CALL_ID]a1b2c3d4e[ARGS]{}[TOOL_CALLS]look[CALL_ID]a1b2c3d4e[ARGS]{}"
    ids = [c.id for c in get_parser("mistral").parse(text)[1]]
    assert ids == ["a1b2c3d4e", "a1b2c3d4e_"]


def test_a_kimi_call_without_a_name_is_none() -> None:
    text = "<|tool_call_begin|>{}<|tool_call_argument_begin|>{{}}<|tool_call_end|>"
    for id in ("0", "functions.:0", ":0", "{}"):
        assert found("kimi_k2", text.format(id))[1] in ([], [("{}", {})])
    assert found("kimi_k2", text.format("look"))[1] == [("look", {})]


SCHEMA = {
    "count": {"type": "integer"}, "exact": {"type": "boolean"}, "note": {"type": "string"},
    "rooms": {"type": "array"}, "rest": {}, "maybe": {"type": ["integer", "null"]},
}  # fmt: skip
TOOLS = [{"type": "function", "function": {"name": "act", "parameters": {"properties": SCHEMA}}}]
VALUES = {
    "count": "7", "exact": "True", "note": "42", "rooms": '["hall", {"a": 1}]', "rest": "two words",
    "maybe": "None",
}  # fmt: skip
EXPECTED = {
    "count": 7, "exact": True, "note": "42", "rooms": ["hall", {"a": 1}], "rest": "two words",
    "maybe": None,
}  # fmt: skip


@pytest.mark.parametrize("name", ["qwen3_coder", "glm45", "glm47"])
def test_the_schema_gives_untyped_values_their_type(name: str) -> None:
    parser = get_parser(name)
    call = parser.parse("<tool_call>look</tool_call><tool_call><function=look></function>")[1][0]
    call.function.name, call.function.arguments = "act", json.dumps(VALUES)
    text = parser.render([call])
    assert found(name, text, TOOLS) == (None, [("act", EXPECTED)])
    assert found(name, text)[1] == [
        ("act", EXPECTED | {"note": 42, "exact": "True", "maybe": "None"})
    ]


@pytest.mark.parametrize(("name", "text"), [("qwen3_coder", QWEN3_CODER), ("glm45", GLM45)])
def test_a_value_that_is_cut_off_does_not_swallow_the_next_call(name: str, text: str) -> None:
    cut = text[: text.index("Tokyo") + 3]
    assert found(name, f"{cut}\n{text}") == (cut, CITIES)


def test_half_a_surrogate_pair_can_be_sent() -> None:
    text = '{"name": "say\\ud800", "parameters": {"x": "\\ud83d\\ude00 \\udc00"}}'
    call = get_parser("llama3_json").parse(text)[1][0]
    assert (call.function.name, call.function.arguments) == ("say\ufffd", '{"x": "😀 \ufffd"}')


def test_a_call_that_is_nested_without_end_is_none() -> None:
    text = '<tool_call>{"name": "a", "arguments": {"x": 1, "y": %s}}</tool_call>'
    assert found("hermes", text % ("[" * 50 + "]" * 50))[1] != []
    assert found("hermes", text % ("[" * 80 + "]" * 80))[1] == []


def test_qwen3_coder_keeps_lines_and_forgives_forgotten_tags() -> None:
    text = (
        "<function=write>\n<parameter=text>\n\nif a < b:\n    return\n\n</parameter>\n"
        "<parameter=on>\nwall\n</function>"
    )
    assert found("qwen3_coder", text)[1] == [
        ("write", {"text": "\nif a < b:\n    return\n", "on": "wall"})
    ]


@pytest.mark.parametrize(
    ("name", "tag"), [("hermes", "tool_call"), ("longcat", "longcat_tool_call")]
)
def test_a_broken_array_is_searched_no_further_than_the_next_call(name, tag):
    broken, whole = f"<{tag}>[{{", f'<{tag}>{{"name": "look"}}</{tag}>'
    content, calls = get_parser(name).parse(broken + whole)
    assert content == broken
    assert [call.function.name for call in calls] == ["look"]


def test_values_of_python_and_names_that_are_none() -> None:
    text = """[a(x='it\\'s', y=None, z=[True]), b(n=-1.5, ok=True, **{"two words": {"k": "'"}},)]"""
    assert found("pythonic", text)[1] == []  # [True] is neither JSON nor a constant
    expected = [
        ("a", {"x": "it's", "y": None}),
        ("b", {"n": -1.5, "ok": True, "two words": {"k": "'"}}),
    ]
    assert found("pythonic", text.replace(", z=[True]", "")) == (None, expected)
    assert get_parser("pythonic").attempted(text)
    assert found("pythonic", "<think>[a()]</think>[b(x={})]")[1] == [("b", {"x": {}})]


@pytest.mark.parametrize(
    "text", ["[a(1)]", "[a(x=1 y=2)]", "[a(x=1)", "[a() b()]", "say [a()]", "[a]"]
)
def test_what_is_no_list_of_calls_is_content(text: str) -> None:
    assert found("pythonic", text) == (text, [])
