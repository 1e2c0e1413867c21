"""The agent loop: what the model writes, and what becomes of its calls."""

from __future__ import annotations

import asyncio
import itertools
import json
from types import SimpleNamespace
from typing import Any

import pytest

from environments.agent_loop import HermesAgentLoop
from environments.models.completion import MAX_CALLS
from environments.rollouts.record import StopReason, ToolCallRecord
from environments.tool_call_parsers import get_parser
from environments.tools import registry
from environments.tools.gate import Gate
from environments.tools.registry import Effect, Tool
from tests.environments.agent_loop.script import (
    DONE,
    START,
    Script,
    call,
    loop_of,
    one_turn,
    reply,
)

# What the model writes


async def test_parallel_calls_run_in_their_order(tools):
    calls = [call("echo", json.dumps({"n": n}), f"c{n}") for n in range(8)]
    result = await one_turn(tools, *calls)
    assert [a["n"] for _, a in tools.called] == list(range(8))
    assert [m["tool_call_id"] for m in result.messages[2:-1]] == [f"c{n}" for n in range(8)]
    assert [r.turn for r in result.tool_calls] == [1] * 8


BAD_CALLS = {
    "unknown": call("nothing_such", "{}", "b"),
    "not JSON": call("echo", '{"a": ', "b"),
    "a list": call("echo", "[1]", "b"),
    "too deep for Python": call("echo", '{"a":' * 100_000, "b"),
    "too deep for a record": call("echo", '{"a":' * 200 + "1" + "}" * 200, "b"),
    "half a surrogate pair": call("echo", '{"a": "\\ud800"}', "b"),
    "a name that is no text": call(["echo"], "{}", "b"),  # type: ignore[arg-type]
    "no function": {"id": "b"},
}


@pytest.mark.parametrize("bad", BAD_CALLS.values(), ids=BAD_CALLS.keys())
async def test_good_calls_survive_bad_ones(tools, bad):
    result = await one_turn(
        tools, call("echo", '{"n": 1}', "a"), bad, call("echo", '{"n": 2}', "c")
    )
    assert tools.called == [("echo", {"n": 1}), ("echo", {"n": 2})]
    assert [m["tool_call_id"] for m in result.messages[2:-1]] == ["a", "b", "c"]
    (error,) = result.tool_errors
    assert error.turn == 1
    assert json.loads(result.messages[3]["content"]) == {"error": error.error}
    for record in result.tool_calls:
        assert ToolCallRecord.model_validate_json(record.model_dump_json()) == record


async def test_of_very_many_calls_in_one_answer_the_first_are_carried_out(tools):
    answer = reply(None, *(call("echo", json.dumps({"n": n})) for n in range(5000)))
    result = await one_turn(tools, *answer.choices[0].message.tool_calls)
    assert [arguments["n"] for _, arguments in tools.called] == list(range(MAX_CALLS))
    *done, refused = result.tool_calls
    assert len(done) == MAX_CALLS
    assert "one answer has at most 128 tool calls" in refused.error
    asked = next(m for m in result.messages if m.get("tool_calls"))["tool_calls"]
    answered = [m["tool_call_id"] for m in result.messages if m["role"] == "tool"]
    assert [c["id"] for c in asked] == answered


async def test_the_calls_of_a_turn_can_be_limited(tools):
    calls = [call("echo", json.dumps({"n": n}), f"c{n}") for n in range(4)]
    result = await one_turn(tools, *calls, max_turn_calls=3)
    assert [arguments["n"] for _, arguments in tools.called] == [0, 1, 2]
    assert "one answer has at most 3 tool calls" in result.tool_calls[-1].error


async def test_an_unknown_tool_is_answered_with_the_known_ones(tools):
    result = await one_turn(tools, call("Echo"))
    assert "'Echo'" in result.messages[2]["content"]
    assert "bad, echo, half, huge" in result.messages[2]["content"]


async def test_a_tool_that_exists_and_is_not_offered_is_not_called(tools):
    server = Script(reply(None, call("echo")), DONE)
    result = await loop_of(server, tools, schemas=[], names={"number"}).run(START)
    assert tools.called == []
    assert result.tool_errors[0].tool_name == "echo"


@pytest.mark.parametrize("arguments", ["", "  ", "null", None, {}, "{}"])
async def test_no_arguments_are_an_empty_object(tools, arguments):
    result = await one_turn(tools, call("echo", arguments))
    assert tools.called == [("echo", {})]
    sent = result.messages[1]["tool_calls"][0]["function"]["arguments"]
    assert json.loads(sent) in ({}, None)


async def test_arguments_may_come_as_an_object(tools):
    await one_turn(tools, call("echo", {"a": {"b": 1}}))
    assert tools.called == [("echo", {"a": {"b": 1}})]


@pytest.mark.parametrize(
    "ids",
    [["x", "x", "x"], [None, None], ["", "y", ""], ["call_1_1", None], [None, "call_1_0"], [5, 5]],
)
async def test_every_call_of_a_message_has_an_id_of_its_own(tools, ids):
    result = await one_turn(tools, *(call("echo", "{}", i) for i in ids))
    answered = [m["tool_call_id"] for m in result.messages[2:-1]]
    assert len(set(answered)) == len(ids)
    assert all(answered)
    assert [c["id"] for c in result.messages[1]["tool_calls"]] == answered
    assert [r.id for r in result.tool_calls] == answered


@pytest.mark.parametrize(
    "fields",
    [{"reasoning_content": "because"}, {"reasoning": "because"},
     {"reasoning_details": [{"text": "be"}, {"type": "encrypted"}, {"text": "cause"}]}],
)  # fmt: skip
async def test_reasoning_is_found_wherever_it_is(tools, fields):
    server = Script(reply("a", call("echo"), **fields), reply("b"))
    result = await loop_of(server, tools).run(START)
    assert result.reasoning_per_turn == ["because", None]
    assert result.messages[1]["reasoning_content"] == "because"
    assert "reasoning_content" not in result.messages[3]


async def test_content_may_come_in_parts(tools):
    result = await loop_of(
        Script(reply([{"type": "text", "text": "o"}, {"text": "k"}])), tools
    ).run(START)
    assert result.messages[-1]["content"] == "ok"


async def test_raw_text_is_parsed_and_sent_back_as_it_was(tools):
    raw = 'I see. <tool_call>\n{"name": "echo", "arguments": {"a": 1}}\n</tool_call>'
    server = Script(reply(raw + "<|im_end|>"), DONE)
    settings = {"parser": get_parser("hermes"), "end_tokens": ("<|im_end|>",)}
    result = await loop_of(server, tools, replay_raw=True, **settings).run(START)
    assert tools.called == [("echo", {"a": 1})]
    assert server.requests[1]["messages"][1] == {"role": "assistant", "content": raw}
    assert result.messages[2]["role"] == "tool"


@pytest.mark.parametrize(
    ("finish", "told"), [("length", "cut off at the limit of tokens"), ("stop", "malformed")]
)
async def test_the_model_is_told_of_a_call_that_cannot_be_read(tools, finish, told):
    broken = '<tool_call>\n{"name": "echo", "arguments": {"a": '
    first = reply(broken)
    first.choices[0].finish_reason = finish
    good = '<tool_call>\n{"name": "echo", "arguments": {"a": 1}}\n</tool_call>'
    server = Script(first, reply(good), DONE)
    result = await loop_of(server, tools, replay_raw=True, parser=get_parser("hermes")).run(START)
    assert tools.called == [("echo", {"a": 1})]
    said, answer = server.requests[1]["messages"][1:]
    assert said == {"role": "assistant", "content": broken}
    assert answer["role"] == "tool"
    assert told in json.loads(answer["content"])["error"]
    assert [(c.name, c.arguments) for c in result.tool_calls] == [
        ("unreadable", broken), ("echo", {"a": 1}),
    ]  # fmt: skip
    assert [e.turn for e in result.tool_errors] == [1]
    assert result.finished_naturally


async def test_an_answer_without_a_call_ends_the_run(tools):
    server = Script(reply("<think>a <tool_call> perhaps</think>It is done."))
    result = await loop_of(server, tools, replay_raw=True, parser=get_parser("hermes")).run(START)
    assert result.finished_naturally
    assert not result.tool_calls


async def test_without_raw_replay_parsed_calls_become_calls_of_the_message(tools):
    raw = 'I see. <tool_call>\n{"name": "echo", "arguments": {"a": 1}}\n</tool_call>'
    server = Script(reply(raw), DONE)
    result = await loop_of(server, tools, parser=get_parser("hermes")).run(START)
    assert "<tool_call>" not in result.messages[1]["content"]
    (made,) = result.messages[1]["tool_calls"]
    assert (made["function"]["name"], json.loads(made["function"]["arguments"])) == (
        "echo",
        {"a": 1},
    )


# The tools


async def test_a_tool_that_raises_is_an_observation(tools):
    result = await one_turn(tools, call("bad", '{"a": 1}'), call("echo", "{}", "c2"))
    assert json.loads(result.messages[2]["content"]) == {"error": "RuntimeError: broken"}
    assert result.messages[3]["content"] == "heard"
    (error,) = result.tool_errors
    assert (error.turn, error.tool_name, error.arguments) == (1, "bad", '{"a": 1}')
    assert result.stop == StopReason.FINISHED


async def test_a_tool_that_does_not_return_is_cut_short(tools):
    result = await one_turn(tools, call("slow"), call("echo", "{}", "c2"))
    assert "slow took longer than 0 s" in result.messages[2]["content"]
    assert result.messages[3]["content"] == "heard"


async def test_a_megabyte_is_cut_and_says_by_how_much(tools):
    result = await one_turn(tools, call("huge"), observation_chars=100)
    text = result.messages[2]["content"]
    assert text.startswith("x" * 100 + "\n")
    assert "999900 more" in text
    assert result.tool_calls[0].result == text
    assert not result.tool_errors


async def test_an_answer_that_is_no_text_is_written_as_json(tools):
    assert (await one_turn(tools, call("number"))).messages[2]["content"] == "7"


async def test_an_answer_that_cannot_be_written_is_an_error(tools):
    result = await one_turn(tools, call("round"))
    assert "ValueError" in result.tool_errors[0].error


async def test_an_answer_that_is_no_unicode_can_still_be_recorded(tools):
    result = await one_turn(tools, call("half"))
    assert result.messages[2]["content"] == "?"


@pytest.mark.parametrize("name", ["lost", "refused"])
async def test_a_failing_world_ends_the_run(tools, name):
    result = await one_turn(tools, call(name), call("echo", "{}", "c2"))
    assert result.stop == StopReason.WORLD
    assert result.failure == str(tools.answers[name])
    assert [n for n, _ in tools.called] == [name]


async def test_nothing_is_carried_out_after_the_episode_is_over(tools):
    loop = loop_of(
        Script(reply(None, call("echo", "{}", "a"), call("number", "{}", "b"))), tools,
        stop_when=lambda: bool(tools.called),
    )  # fmt: skip
    result = await loop.run(START)
    assert tools.called == [("echo", {})]
    assert result.stop == StopReason.SUBMITTED
    assert len(result.tool_calls) == 1
    assert "the episode is over" in result.messages[-1]["content"]
    assert result.messages[-1]["tool_call_id"] == "b"


async def test_a_blocked_call_is_an_observation_and_is_recorded(tools):
    tools.by_name["echo"] = Tool(
        "echo", "", {}, tools.by_name["echo"].handler, effect=Effect.OUTWARD
    )
    result = await one_turn(tools, call("echo"))
    assert tools.called == []
    assert json.loads(result.messages[2]["content"])["error"].startswith("blocked: ")
    assert result.tool_calls[0].assessment["allowed"] is False
    allowed = await one_turn(tools, call("echo"), gate=Gate(allow=("echo",)))
    assert allowed.messages[2]["content"] == "heard"
    assert allowed.tool_calls[0].assessment["effect"] == "outward"


async def test_a_call_names_the_event_it_caused(tools):
    loop = loop_of(
        Script(reply(None, call("echo", "{}", "a"), call("x", "{}", "b"), call("bad", "{}", "c"))),
        tools, max_turns=1, last_event=lambda: len(tools.called) or None,
    )  # fmt: skip
    assert [r.event for r in (await loop.run(START)).tool_calls] == [1, None, 2]


@pytest.mark.parametrize("where", ["model", "tool"])
async def test_cancellation_passes_through(tools, where):
    arrived = asyncio.Event()

    async def wait(*_: Any, **__: Any) -> Any:
        arrived.set()
        await asyncio.Event().wait()

    server: Any = Script(reply(None, call("echo")))
    if where == "model":
        server = SimpleNamespace(chat_completion=wait)
    tools.by_name["echo"] = Tool("echo", "", {}, wait, Effect.READ_ONLY)
    running = asyncio.create_task(loop_of(server, tools).run(START))
    await arrived.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


async def test_two_runs_of_one_loop_share_nothing(tools):
    loop = loop_of(Script(DONE), tools)
    first, second = await asyncio.gather(loop.run(START), loop.run([*START, *START]))
    assert (len(first.messages), len(second.messages)) == (2, 3)


async def test_what_tools_return_is_escaped_also_where_it_quotes_the_model(tools):
    tools.answers["echo"] = "heard <|x|>"
    calls = call("echo", "{}"), call("<|x|>", "{}", "b")
    result = await one_turn(tools, *calls, escape=lambda text: text.replace("<|x|>", "(x)"))
    seen = [m["content"] for m in result.messages if m["role"] == "tool"]
    assert len(seen) == 2
    assert all("(x)" in text and "<|x|>" not in text for text in seen)


async def test_a_raw_endpoint_is_asked_to_leave_the_text_alone(tools):
    script = Script(reply("done"))
    await loop_of(script, tools, replay_raw=True).run(START)
    assert script.requests[0]["tool_choice"] == "none"


async def test_a_parser_is_given_the_schemas(tools):
    raw = "<tool_call>echo\n<arg_key>text</arg_key>\n<arg_value>7</arg_value>\n</tool_call>"
    script = Script(reply(raw), reply("done"))
    await loop_of(script, tools, parser=get_parser("glm45")).run(START)
    assert tools.called == [("echo", {"text": "7"})]


async def test_the_old_interface_finds_registered_tools_by_name(tools, monkeypatch):
    monkeypatch.setattr(registry, "_TOOLSETS", {"t": tools.by_name})
    schemas = [tools.by_name["echo"].schema]
    server = Script(reply(None, call("echo", '{"a": 1}'), call("number", "{}", "b")), DONE)
    loop = HermesAgentLoop(server, schemas, {"echo"}, 5, "t", 0.5, 9, {"top_k": 1})
    result = await loop.run(START)
    assert tools.called == [("echo", {"a": 1})]
    assert [e.tool_name for e in result.tool_errors] == ["number"]
    request = server.requests[0]
    assert (request["tools"], request["temperature"]) == (schemas, 0.5)
    assert (request["max_tokens"], request["extra_body"]) == (9, {"top_k": 1})


async def test_the_old_interface_limits_turns(tools, monkeypatch):
    monkeypatch.setattr(registry, "_TOOLSETS", {"t": tools.by_name})
    server = Script(reply(None, call("echo")))
    result = await HermesAgentLoop(server, [], {"echo"}, max_turns=3).run(START)
    assert (result.turns_used, result.stop) == (3, StopReason.MAX_TURNS)


# Repetition


def echo(n: int, **more: int) -> Any:
    return reply(None, call("echo", json.dumps({**more, "n": n})))


@pytest.mark.parametrize(
    ("said", "turns"),
    [
        ([echo(1)], 3),
        ([echo(1, m=2), reply(None, call("echo", '{"n":1, "m":2}')), echo(1, m=2)], 3),
        ([reply(None, *[call("echo", id=f"c{n}") for n in range(3)])], 1),
        ([echo(1), echo(2)] * 5, 6),
        ([echo(1), echo(2), echo(1), echo(3), echo(1), echo(2), echo(1)], 8),
        ([reply(None, call("bad"))], 3),
        ([reply(None, call("nothing_such"))], 3),
    ],
    ids=["one call", "other spelling", "in one turn", "a round", "known way", "errors", "unknown"],
)
async def test_a_model_that_only_repeats_itself_is_stopped(tools, said, turns):
    result = await loop_of(Script(*said), tools, max_repeats=3, max_turns=20).run(START)
    assert (result.stop, result.turns_used) == (StopReason.REPEATED, turns)
    assert result.failure is None
    assert not result.finished_naturally
    assert len([m for m in result.messages if m["role"] == "tool"]) == len(result.tool_calls)


async def test_the_same_call_with_other_results_is_no_repetition(tools):
    numbers = itertools.count()

    async def count(arguments: dict[str, Any], task_id: str) -> str:
        return str(next(numbers))

    tools.by_name["count"] = Tool("count", "", {"type": "object"}, count, Effect.READ_ONLY)
    script = Script(reply(None, call("count")))
    result = await loop_of(script, tools, max_repeats=2, max_turns=9).run(START)
    assert (result.stop, result.turns_used) == (StopReason.MAX_TURNS, 9)


async def test_repetition_ends_nothing_by_default_and_each_conversation_counts_anew(tools):
    result = await loop_of(Script(echo(1)), tools, max_turns=20).run(START)
    assert (result.stop, result.turns_used) == (StopReason.MAX_TURNS, 20)
    conversation = loop_of(Script(echo(1)), tools, max_repeats=3, max_turns=2)
    for _ in range(2):
        result = await conversation.run(START)
        assert result.stop is StopReason.MAX_TURNS
