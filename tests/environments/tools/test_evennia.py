"""The five tools of the world, without a world."""

from __future__ import annotations

import pytest

from environments.episode import NotConnected
from environments.tools.evennia import command_effect, parse_answer
from environments.tools.registry import Effect, tools_of


def test_the_toolset_has_five_tools_that_need_what_they_name():
    tools = tools_of(["evennia"])
    needed = {name.removeprefix("evennia_"): t.parameters["required"] for name, t in tools.items()}
    assert needed == {
        "connect": [], "command": ["command"], "observe": [], "disconnect": [],
        "submit": ["answer"],
    }  # fmt: skip


@pytest.mark.parametrize(
    "arguments",
    [{"answer": {"value": "1742"}}, {"answer": '{"value": "1742"}'}, {"value": "1742"}],
)
def test_an_answer_is_taken_however_it_is_wrapped(arguments):
    assert parse_answer(arguments) == {"value": "1742"}


@pytest.mark.parametrize("arguments", [{}, {"answer": {}}, {"answer": None}, {"answer": " "}])
def test_an_answer_may_be_empty(arguments):
    assert parse_answer(arguments) == {}


@pytest.mark.parametrize(
    "answer", ["1742", "it was 1742", 5, ["1742"], False, '{"a":' * 100_000, '{"a": "\\ud800"}']
)
def test_an_answer_that_is_no_object_is_refused_with_what_it_must_be(answer):
    with pytest.raises(ValueError, match="must be an object with the fields that the task names"):
        parse_answer({"answer": answer})


@pytest.mark.parametrize(
    ("command", "effect"),
    [("look", Effect.READ_ONLY), ("l", Effect.READ_ONLY), ("read letter", Effect.READ_ONLY),
     ("frobnicate", Effect.READ_ONLY), ("", Effect.READ_ONLY), (None, Effect.READ_ONLY),
     ("north", Effect.REVERSIBLE), ("get lamp", Effect.REVERSIBLE),
     ("write look on wall", Effect.REVERSIBLE)],
)  # fmt: skip
def test_a_command_is_classed_by_its_verb(command, effect):
    assert command_effect({"command": command}) == effect


async def test_a_tool_without_a_world_says_so():
    for tool in tools_of(["evennia"]).values():
        with pytest.raises(NotConnected, match="no world"):
            await tool.handler({"command": "look"}, "no such task")
