"""Parsers by name: those of the project, of its users, and of vLLM."""

from __future__ import annotations

import sys
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from environments.tool_call_parsers import get_parser, list_parsers, register_parser, registry
from world_fixtures.common import UserError

NAMES = [
    "deepseek_v3", "deepseek_v3_1", "glm45", "glm47", "hermes", "kimi_k2", "llama3_json",
    "llama4_json", "longcat", "mistral", "qwen", "qwen3_coder",
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
