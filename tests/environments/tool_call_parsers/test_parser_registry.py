"""Parsers by name: those of the project, of its users, and of vLLM."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from environments.rollouts.identity import settings_of
from environments.rollouts.options import AgentOptions
from environments.tool_call_parsers import get_parser, list_parsers, register_parser, registry
from world_fixtures.common import UserError, digest

NAMES = [
    "deepseek_v3", "deepseek_v3_1", "glm45", "glm47", "hermes", "kimi_k2", "llama3_json",
    "llama4_json", "longcat", "mistral", "pythonic", "qwen", "qwen3_coder",
]  # fmt: skip


def test_the_names_of_the_old_interface() -> None:
    assert list_parsers() == NAMES


def test_a_parser_of_ones_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_PARSERS", dict(registry._PARSERS))

    @register_parser("shouting")
    class Shouting:
        def parse(self, text: str) -> tuple[str | None, list[Any] | None]:
            return text.upper(), None

    assert get_parser("shouting").parse("a") == ("A", None)
    assert "shouting" in list_parsers()


def test_an_unknown_name_is_reported_with_those_there_are() -> None:
    with pytest.raises(
        UserError, match="unknown tool_call_parser 'hermess': choose from deepseek_v3"
    ):
        get_parser("hermess")


def test_vllms_parsers_need_vllm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "vllm", None)
    with pytest.raises(UserError, match="vllm:hermes needs vLLM"):
        get_parser("vllm:hermes", object())


def test_vllms_parsers_are_chosen_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a stand-in for vLLM that has its names and signatures."""

    class Theirs:
        def __init__(self, tokenizer: Any) -> None:
            self.tokenizer = tokenizer

        def extract_tool_calls(self, text: str, request: Any) -> Any:
            function = SimpleNamespace(name=text, arguments="{}")
            calls = [SimpleNamespace(id="random", function=function)] if request.tools else []
            return SimpleNamespace(tools_called=bool(calls), tool_calls=calls, content="")

    protocol = ModuleType("vllm.entrypoints.openai.chat_completion.protocol")
    protocol.ChatCompletionRequest = lambda **kw: SimpleNamespace(**kw)  # type: ignore[attr-defined]
    parsers = ModuleType("vllm.tool_parsers.abstract_tool_parser")
    parsers.ToolParserManager = SimpleNamespace(get_tool_parser={"theirs": Theirs}.__getitem__)  # type: ignore[attr-defined]
    for module in (protocol, parsers):
        monkeypatch.setitem(sys.modules, module.__name__, module)
        for parent in ("vllm", "vllm.entrypoints", "vllm.entrypoints.openai",
                       "vllm.entrypoints.openai.chat_completion", "vllm.tool_parsers"):  # fmt: skip
            monkeypatch.setitem(sys.modules, parent, ModuleType(parent))
    parser = get_parser("vllm:theirs", object())
    content, calls = parser.parse("look", [{"type": "function"}])
    assert (content, calls[0].id, calls[0].function.name) == (None, "call_0", "look")
    assert parser.parse("look") == ("look", None)
    with pytest.raises(UserError, match="vLLM has no tool_call_parser 'other'"):
        get_parser("vllm:other", object())
    with pytest.raises(UserError, match="needs a tokenizer"):
        get_parser("vllm:theirs")


OWN = '''
from environments.tool_call_parsers.calls import make_call

print("imported")

class Shouting:
    """Each line in capitals is a call."""

    def parse(self, text, tools=None):
        names = [t["function"]["name"] for t in tools or ()]
        calls = [make_call("", line.lower(), "") for line in text.splitlines() if line.isupper()]
        return text, [c for c in calls if c.function.name in names]

    def attempted(self, text):
        return "!" in text

def plain(text):
    found = [{"function": {"name": w, "arguments": {"n": 1}}} for w in text.split() if w == "go"]
    return None, found

def strict(text):
    return text, [{"name": "go"}]

def narrow(text):
    return text.upper()

def fragile(text):
    return None, [{"function": {"name": text[0]}}]

def late(text):
    return (text, None) if "go" not in text else 1 / 0

class Needy:
    def __init__(self, tokenizer):
        self.tokenizer = tokenizer

    parse = staticmethod(plain)

class Dumb:
    pass

number = 7
'''


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The name of a module in the working directory, which is in no other place of the path."""
    name = f"own_{tmp_path.name}".replace("-", "_")
    (tmp_path / f"{name}.py").write_text(OWN)
    monkeypatch.chdir(tmp_path)
    yield name
    sys.modules.pop(name, None)


def test_a_class_is_imported_once_and_read_as_others_are(own: str, capsys: Any) -> None:
    parsers = [get_parser(f"{own}:Shouting") for _ in range(2)]
    tools = [{"type": "function", "function": {"name": "look"}}]
    for parser in parsers:
        content, calls = parser.parse("LOOK\nSIT\nwell", tools)
        assert content == "LOOK\nSIT\nwell"
        assert [(c.id, c.function.name, c.function.arguments) for c in calls] == [
            ("call_0", "look", "{}")
        ]
        assert parser.parse("well", tools)[1] is None
        assert parser.attempted("ah!")
    assert parsers[0] is not parsers[1]
    assert capsys.readouterr().out.count("imported") == 1
    assert str(Path.cwd()) not in sys.path


def test_a_function_parses_by_itself(own: str) -> None:
    parser = get_parser(f"{own}:plain")
    _, calls = parser.parse("go go")
    assert [c.function.arguments for c in calls] == ['{"n": 1}'] * 2
    assert not parser.attempted("go")


@pytest.mark.parametrize(
    ("attribute", "told"),
    [
        ("absent", "has no absent"),
        ("number", "is no parser, but an int"),
        ("Dumb", "is no parser"),
        ("Needy", "cannot be made without arguments"),
        ("narrow", r"gave a str for a text in place of \(content, calls\)"),
        ("strict", "gave a dict as a call"),
        ("fragile", "failed on a text of 0 characters .IndexError"),
    ],
)
def test_what_is_no_parser_is_told_in_a_line(own: str, attribute: str, told: str) -> None:
    with pytest.raises(UserError, match=told) as refused:
        get_parser(f"{own}:{attribute}")
    assert f"{own}:{attribute}" in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("text", "told"),
    [("import nothing_of_this_name", "ModuleNotFoundError"), ("raise SystemExit(3)", "SystemExit")],
)
def test_a_module_that_does_not_load_is_told_in_a_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, told: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own_broken.py").write_text(text)
    with pytest.raises(UserError, match=f"cannot import own_broken .{told}"):
        get_parser("own_broken:Parser")


def test_a_parser_that_fails_on_a_later_text_is_named(own: str) -> None:
    parser = get_parser(f"{own}:late")
    with pytest.raises(UserError, match=f"{own}:late.*failed on a text of 6 char.*ZeroDivision"):
        parser.parse("now go")


def test_a_run_records_what_is_in_the_file_of_a_parser_of_ones_own(own: str) -> None:
    recorded = settings_of(AgentOptions(tool_call_parser=f"{own}:plain"), ())
    assert recorded["tool_call_parser"] == f"{own}:plain"
    assert recorded["tool_call_parser_source"] == digest(OWN).hex()
    assert "tool_call_parser_source" not in settings_of(AgentOptions(), ())
