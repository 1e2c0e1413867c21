"""Toolsets: registering and looking up."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from environments.tools import hermes_agent as hermes_tools
from environments.tools import registry as toolsets
from environments.tools.registry import (
    Effect,
    Tool,
    find_tools,
    known_toolsets,
    register,
    tools_of,
)
from environments.tools.toolbox import json_object
from world_fixtures.common import UserError


@pytest.fixture(autouse=True)
def registry(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a test registers is forgotten after it."""
    tools_of(["evennia"])
    copy = {name: dict(tools) for name, tools in toolsets._TOOLSETS.items()}
    monkeypatch.setattr(toolsets, "_TOOLSETS", copy)


async def _nothing(arguments: dict[str, Any], task_id: str) -> str:
    return ""


def tool(name: str, description: str = "") -> Tool:
    return Tool(name, description, {"type": "object"}, _nothing)


def test_a_registered_toolset_is_found_and_can_be_left_out():
    register("a", tool("one"), tool("two"))
    register("b", tool("three"))
    assert list(tools_of(["a", "b"])) == ["one", "two", "three"]
    assert list(tools_of(["a", "b"], ["a"])) == ["three"]
    assert {"a", "b", "evennia"} <= set(known_toolsets())
    assert {"one", "three", "evennia_submit"} <= set(tools_of(None))
    assert tools_of([]) == {}


def test_what_was_looked_up_is_ones_own():
    register("a", tool("one"))
    tools_of(["a"]).clear()
    assert list(tools_of(["a"])) == ["one"]


def test_a_name_means_one_tool_in_all_toolsets():
    register("a", tool("one"))
    register("b", tool("one"), tool("two"))  # the very same: toolsets may overlap
    with pytest.raises(UserError, match="'one' of 'c' is another one in toolset 'a'"):
        register("c", tool("three"), tool("one", "something else"))
    assert "c" not in known_toolsets()
    register("a", tool("one"))
    assert list(tools_of(["a", "b"])) == ["one", "two"]


def test_an_unknown_toolset_is_named_with_the_known_ones():
    with pytest.raises(UserError, match=r"'nothing_such': .*evennia"):
        tools_of(["nothing_such"])


def test_tools_are_found_by_name_before_anything_has_asked_for_their_toolset():
    code = (
        "from environments.tools.registry import find_tools;"
        "print(*find_tools(['evennia_look', 'evennia_submit']))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["evennia_submit"]


def test_tools_are_found_whatever_their_toolset():
    register("a", tool("one"), tool("two"))
    assert set(find_tools({"one", "evennia_connect", "none"})) == {"one", "evennia_connect"}


def test_a_schema_is_what_endpoints_expect():
    assert tool("one", "First.").schema == {
        "type": "function",
        "function": {"name": "one", "description": "First.", "parameters": {"type": "object"}},
    }


@pytest.mark.parametrize(
    ("text", "found"),
    [("", {}), (" \n", {}), ("null", {}), ('{"a": [1, {"b": "ü"}]}', {"a": [1, {"b": "ü"}]}),
     ('"' + "\\ud83d\\ude00" + '"', None), ('{"a": "\\ud83d\\ude00"}', {"a": "\U0001f600"})],
)  # fmt: skip
def test_json_objects_are_read(text, found):
    if found is None:
        with pytest.raises(ValueError, match="a JSON str"):
            json_object(text)
    else:
        assert json_object(text) == found


@pytest.mark.parametrize("levels", [60, 70, 300, 100_000])
def test_only_what_is_nested_deeply_is_refused(levels):
    text = '{"a":' * levels + "1" + "}" * levels
    if levels < 64:
        assert json_object(text)["a"]
    else:
        with pytest.raises(ValueError, match=r"deeper|valid JSON"):
            json_object(text)


def test_a_distribution_needs_hermes_agent_and_a_name_it_knows():
    with pytest.raises(UserError, match="'nothing_such'"):
        hermes_tools.sample_distribution("nothing_such")


@pytest.mark.skipif(not hermes_tools.installed(), reason="needs the extra `hermes`")
class TestHermesAgent:
    """Its own tools, for real."""

    @pytest.fixture(autouse=True)
    def home(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        monkeypatch.setenv("HERMES_HOME", str(tmp_path / "hermes"))

    async def test_its_files_are_read_and_written(self, tmp_path: Path):
        tools = tools_of(["file"])
        assert tools["read_file"].effect is Effect.READ_ONLY
        assert tools["write_file"].effect is Effect.DESTRUCTIVE
        path = str(tmp_path / "x.txt")
        await tools["write_file"].handler({"path": path, "content": "hello"}, "t")
        assert "hello" in await tools["read_file"].handler({"path": path}, "t")

    def test_a_distribution_gives_toolsets_that_work_here(self):
        for name in ("development", "default"):
            assert tools_of(hermes_tools.sample_distribution(name))

    def test_a_toolset_that_it_does_not_have_is_named(self):
        with pytest.raises(UserError, match="nor of hermes"):
            tools_of(["nothing_such"])
