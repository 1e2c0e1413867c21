"""The agent loop and its endpoint: tries, deadlines, and what no model has said."""

from __future__ import annotations

import asyncio
from concurrent.futures import Future
from types import SimpleNamespace
from typing import Any

import pytest
from tenacity import RetryError

from environments import agent_loop
from environments.models import asking
from environments.rollouts.record import StopReason
from tests.environments.agent_loop.script import (
    DONE,
    HANG,
    START,
    HttpError,
    Script,
    call,
    loop_of,
    reply,
)


async def test_a_conversation_is_recorded_and_what_was_given_stays_unchanged(tools):
    result = await loop_of(Script(reply("hm", call("echo", '{"a": 1}')), DONE), tools).run(START)
    assert [m["role"] for m in result.messages] == ["user", "assistant", "tool", "assistant"]
    assert result.messages[2]["tool_call_id"] == "c1"
    assert START == [{"role": "user", "content": "go"}]
    assert (result.turns_used, result.finished_naturally, result.stop) == (2, True, "finished")
    assert (result.prompt_tokens, result.completion_tokens) == (20, 6)
    assert tools.called == [("echo", {"a": 1})]


async def test_failures_of_the_endpoint_are_tried_again(tools):
    server = Script(ConnectionError("reset"), HttpError(500), HttpError(429), DONE)
    result = await loop_of(server, tools).run(START)
    assert (len(server.requests), result.stop) == (4, StopReason.FINISHED)
    assert result.failure is None


async def test_waits_between_tries_are_those_of_the_back_off(tools, monkeypatch):
    waited = []

    async def sleep(seconds: float) -> None:
        waited.append(seconds)

    monkeypatch.setattr(asking, "FLOOR", 1.0)
    monkeypatch.setattr(asking, "asyncio", SimpleNamespace(timeout=asyncio.timeout, sleep=sleep))
    result = await loop_of(Script(ConnectionError("reset")), tools).run(START)
    assert len(waited) == asking.TRIES - 1
    assert all(1.0 <= wait <= most for wait, most in zip(waited, (2, 4, 8, 16), strict=True))
    assert (result.stop, result.failure) == (StopReason.ENDPOINT, "ConnectionError: reset")
    assert not result.finished_naturally


@pytest.mark.parametrize("status", [400, 401, 404])
@pytest.mark.parametrize("wrapped", [False, True], ids=["plain", "as atroposlib raises it"])
async def test_what_asking_again_cannot_help_is_asked_once_and_named(tools, status, wrapped):
    error: Exception = HttpError(status)
    if wrapped:
        attempt: Future[Any] = Future()
        attempt.set_exception(error)
        error = RetryError(attempt)  # type: ignore[arg-type]
    server = Script(error, DONE)
    result = await loop_of(server, tools).run(START)
    assert (len(server.requests), result.stop) == (1, StopReason.ENDPOINT)
    assert result.failure == f"HttpError: status {status}"


async def test_an_endpoint_that_does_not_answer_is_given_up(tools):
    server = Script(HANG)
    result = await loop_of(server, tools, call_timeout=0.001).run(START)
    assert (len(server.requests), result.stop) == (5, StopReason.ENDPOINT)
    assert result.failure == "no answer within 0.001 s"


async def test_an_answer_after_a_hung_one_counts(tools):
    result = await loop_of(Script(HANG, DONE), tools, call_timeout=0.01).run(START)
    assert result.stop == StopReason.FINISHED


async def test_the_deadline_ends_a_call_without_a_failure(tools):
    result = await loop_of(Script(HANG), tools, deadline=0.01).run(START)
    assert (result.stop, result.failure) == (StopReason.DEADLINE, None)


async def test_an_endpoint_that_fails_before_the_deadline_has_failed(tools, monkeypatch):
    monkeypatch.setattr(asking, "FLOOR", 3600.0)
    server = Script(ConnectionError("reset"))
    result = await loop_of(server, tools, deadline=60.0).run(START)
    assert (len(server.requests), result.stop) == (1, StopReason.ENDPOINT)


async def test_tries_together_keep_the_deadline(tools):
    """Each has only the time that those before it have left."""
    clock = SimpleNamespace(now=0.0)
    asked = []

    class Slow(Script):
        async def chat_completion(self, **request: Any) -> Any:
            clock.now += 40.0
            raise ConnectionError("reset")

    def timeout(seconds: float) -> Any:
        asked.append(seconds)
        return asyncio.timeout(None)

    with pytest.MonkeyPatch.context() as patch:
        stopped = SimpleNamespace(monotonic=lambda: clock.now, perf_counter=None)
        patch.setattr(agent_loop, "time", stopped)
        patch.setattr(asking, "time", stopped)
        patch.setattr(asking, "asyncio", SimpleNamespace(timeout=timeout, sleep=asyncio.sleep))
        await loop_of(Slow(DONE), tools, deadline=100.0, call_timeout=90.0).run(START)
    assert asked == [90.0, 60.0, 20.0]


async def test_no_call_is_made_after_the_deadline(tools):
    server = Script(DONE)
    result = await loop_of(server, tools, deadline=0.0).run(START)
    assert (len(server.requests), result.stop) == (0, StopReason.DEADLINE)


@pytest.mark.parametrize(
    "empty",
    [SimpleNamespace(choices=[]), SimpleNamespace(choices=None),
     SimpleNamespace(choices=[SimpleNamespace(message=None)])],
)  # fmt: skip
async def test_a_completion_without_a_message_ends_the_run(tools, empty):
    result = await loop_of(Script(empty), tools).run(START)
    assert (result.stop, result.turns_used) == (StopReason.ENDPOINT, 0)
    assert "no choices" in result.failure


@pytest.mark.parametrize("finish", ["error", "content_filter"])
async def test_what_was_withheld_is_asked_for_again_and_never_played(tools, finish):
    withheld = reply("so far", call("echo"))
    withheld.choices[0].finish_reason = finish
    server = Script(withheld)
    result = await loop_of(server, tools).run(START)
    assert (len(server.requests), result.stop) == (asking.TRIES, StopReason.ENDPOINT)
    assert (result.turns_used, tools.called, result.messages) == (0, [], START)
    assert finish in result.failure
    again = await loop_of(Script(withheld, DONE), tools).run(START)
    assert (again.stop, again.failure) == (StopReason.FINISHED, None)


@pytest.mark.parametrize("usage", [SimpleNamespace(prompt_tokens="3"), [], -1, {"a": None}])
async def test_an_odd_usage_fails_no_answer(tools, usage):
    said = reply("done")
    said.usage = usage
    result = await loop_of(Script(said), tools).run(START)
    assert (result.stop, result.prompt_tokens) == (StopReason.FINISHED, 0)


async def test_turns_are_limited(tools):
    result = await loop_of(Script(reply(None, call("echo"))), tools, max_turns=3).run(START)
    assert (result.turns_used, result.stop) == (3, StopReason.MAX_TURNS)
    assert not result.finished_naturally


async def test_the_run_ends_before_the_context_is_full(tools):
    server = Script(reply(None, call("echo")))
    loop = loop_of(
        server, tools, max_tokens=30, context_tokens=100,
        count_tokens=lambda messages, schemas: 10 * len(messages) + len(schemas),
    )  # fmt: skip
    result = await loop.run(START)
    # 1, 3, 5 messages ask for 10, 30, 50 tokens, the 9 schemas, and 30 more for the answer
    assert (len(server.requests), result.stop) == (3, StopReason.CONTEXT)


async def test_the_request_holds_what_was_set_and_nothing_else(tools):
    server = Script(DONE)
    await loop_of(server, tools, temperature=0.5).run(START)
    assert set(server.requests[0]) == {"messages", "n", "temperature", "tools"}
    loop = loop_of(server, tools, max_tokens=9, extra_body={"top_k": 1}, user="r7", stage=2)
    await loop.run(START)
    request = server.requests[1]
    assert (request["max_tokens"], request["extra_body"]) == (9, {"top_k": 1})
    assert request["user"] == "r7#2"
    await loop_of(server, tools, top_p=0.9, sampling_seed=3).run(START)
    assert (server.requests[2]["top_p"], server.requests[2]["seed"]) == (0.9, 3)
