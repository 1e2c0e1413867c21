"""What counts as said by the model, and what is a failure of its endpoint."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from openai.types.chat import ChatCompletion

from environments.models.completion import EndpointError, read_completion

SAID = {"role": "assistant", "content": "hello"}
CALL = {"id": "c", "type": "function", "function": {"name": "look", "arguments": "{}"}}


def answer(message: Any = SAID, finish: Any = "stop", **fields: Any) -> dict[str, Any]:
    return {"choices": [{"index": 0, "message": message, "finish_reason": finish}], **fields}


def choice(**fields: Any) -> dict[str, Any]:
    return {"choices": [{"message": SAID, "finish_reason": "stop", **fields}]}


NOT_PLAYED = {
    "finish_reason error": (answer(finish="error"), "withheld"),
    "finish_reason content_filter": (answer(finish="content_filter"), "withheld"),
    "finish_reason CONTENT-FILTER": (answer(finish="CONTENT-FILTER"), "withheld"),
    "filtered and emptied": (
        answer({"role": "assistant", "content": ""}, "content_filter"),
        "with",
    ),
    "finish_reason in capitals": (answer(finish="SAFETY"), "withheld"),
    "dropped by the engine": (answer(finish="abort"), "withheld"),
    "finish_reason no text": (answer(finish={"type": "abort"}), "finish_reason"),
    "a choice with an error": (choice(error={"code": 502, "message": "upstream died"}), "upstream"),
    "a choice with an error as text": (choice(error="upstream died"), "upstream died"),
    "a choice with an error and no message": ({"choices": [{"error": "gone"}]}, "gone"),
    "an error beside choices": (answer(error={"message": "overloaded"}), "overloaded"),
    "an error alone": ({"error": {"message": "overloaded"}}, "overloaded"),
    "no choices": ({"choices": []}, "no choices"),
    "choices missing": ({"usage": {}}, "no choices"),
    "choices null": ({"choices": None}, "no choices"),
    "choices an object": ({"choices": {"0": SAID}}, "choices"),
    "choices text": ({"choices": "hello"}, "choices"),
    "a choice that is null": ({"choices": [None]}, "no choices"),
    "a choice that is text": ({"choices": ["hello"]}, "no choices"),
    "message empty": (answer({}), "neither"),
    "message empty, cut off": (answer({}, "length"), "neither"),
    "message null": (answer(None), "no choices"),
    "message text": (answer("hello"), "message"),
    "message a list": (answer([SAID]), "message"),
    "message without content": (answer({"role": "assistant", "content": None}), "neither"),
    "no content and no calls": (answer({"role": "assistant", "tool_calls": []}), "neither"),
    "content a number": (answer({"content": 5}), "content"),
    "content an object": (answer({"content": {"text": "hello"}}), "content"),
    "content a list of numbers": (answer({"content": [1, 2]}), "content"),
    "content parts whose text is none": (answer({"content": [{"text": 5}]}), "content"),
    "tool_calls an object": (answer({**SAID, "tool_calls": {"0": CALL}}), "tool_calls"),
    "tool_calls text": (answer({**SAID, "tool_calls": "look"}), "tool_calls"),
    "tool_calls of null": (answer({**SAID, "tool_calls": [None]}), "tool_calls"),
    "tool_calls of text": (answer({**SAID, "tool_calls": ["look"]}), "tool_calls"),
    "not an object": ([answer()], "no chat completion"),
}


@pytest.mark.parametrize(("given", "says"), NOT_PLAYED.values(), ids=NOT_PLAYED.keys())
def test_what_no_model_said_is_a_failure_of_the_endpoint(given, says):
    with pytest.raises(EndpointError, match=says) as error:
        read_completion(given)
    assert "\n" not in str(error.value)


def test_the_status_in_an_error_is_kept():
    with pytest.raises(EndpointError) as error:
        read_completion(choice(error={"code": 502, "message": "bad\ngateway"}))
    assert (error.value.status_code, str(error.value)) == (502, "bad gateway")


PLAYED = {
    "text": (answer(), "hello"),
    "no finish_reason": (answer(finish=None), "hello"),
    "a finish_reason nobody knows": (answer(finish="eos"), "hello"),
    "an empty text": (answer({"role": "assistant", "content": ""}), ""),
    "a refusal": (
        answer({"role": "assistant", "content": None, "refusal": "I wont."}),
        "I",
    ),
    "a refusal as part": (answer({"content": [{"type": "refusal", "refusal": "No."}]}), "No."),
    "parts": (answer({"content": [{"type": "text", "text": "a"}, {"text": "b"}]}), "ab"),
    "a part that is no text": (answer({"content": [{"type": "thinking", "thinking": []}]}), ""),
    "calls alone": (answer({"content": None, "tool_calls": [CALL]}, "tool_calls"), ""),
    "a call of nothing": (answer({"content": None, "tool_calls": [{"id": "b"}]}), ""),
    "reasoning alone": (answer({"content": None, "reasoning_content": "hm"}, "stop"), ""),
    "cut off while thinking": (answer({"role": "assistant", "content": None}, "length"), ""),
    "an error that is none": (answer(error=None), "hello"),
    "a choice whose error is none": (choice(error=None), "hello"),
}


@pytest.mark.parametrize(("given", "says"), PLAYED.values(), ids=PLAYED.keys())
def test_what_the_model_did_is_taken(given, says):
    assert read_completion(given).content.startswith(says)


def test_objects_are_read_as_dicts_are():
    whole = ChatCompletion.construct(**answer({**SAID, "tool_calls": [CALL]}))
    found = read_completion(whole)
    assert (found.content, len(found.tool_calls)) == ("hello", 1)
    with pytest.raises(EndpointError):
        read_completion(SimpleNamespace(choices=[SimpleNamespace(message=SimpleNamespace())]))


ODD = ["12", -3, 1.5, float("nan"), float("inf"), 10**400, [1], {"a": 1}, None, [[]]]


@pytest.mark.parametrize("usage", [None, [], "many", 5, {}, {"prompt_tokens": {"cached": 1}}])
def test_an_odd_usage_fails_no_answer(usage):
    found = read_completion(answer(usage=usage))
    assert (found.content, found.prompt_tokens, found.completion_tokens) == ("hello", 0, 0)


@pytest.mark.parametrize("count", ODD)
def test_an_odd_count_of_tokens_is_none(count):
    usage = {"prompt_tokens": count, "completion_tokens": 7.0}
    found = read_completion(answer(usage=usage))
    assert (found.prompt_tokens, found.completion_tokens) == (0, 7)


@pytest.mark.parametrize(
    ("cost", "found"), [(0.95, 0.95), (0, 0.0), ("1", None), (True, None), (-1, None), (None, None)]
)
def test_the_cost_of_an_answer_is_read_where_the_endpoint_tells_it(cost, found) -> None:
    assert read_completion(answer(usage={"prompt_tokens": 1, "cost": cost})).cost == found
