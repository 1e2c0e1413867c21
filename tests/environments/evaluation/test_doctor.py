"""Doctor tells what works from what does not, and how to mend it."""

from __future__ import annotations

import json
from types import SimpleNamespace

import httpx
import pytest

from environments.cli import doctor

CALL = {"function": {"name": "evennia_command", "arguments": '{"command": "look"}'}}


@pytest.fixture
def endpoint(monkeypatch):
    """Answers every request by the given function, in place of the network."""

    def install(answer) -> None:
        client = httpx.AsyncClient

        def made(**given):
            return client(transport=httpx.MockTransport(answer), **given)

        monkeypatch.setattr(httpx, "AsyncClient", made)

    return install


def answering(message: dict, **model):
    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/v1/models":
            return httpx.Response(200, json={"data": [{"id": "m", **model}]})
        assert json.loads(request.content)["tools"]
        return httpx.Response(200, json={"choices": [{"message": message}]})

    return answer


async def test_a_working_endpoint(endpoint) -> None:
    endpoint(answering({"tool_calls": [CALL], "reasoning_content": "hm"}, max_model_len=4096))
    found = await doctor.check_endpoint("http://x/v1/", None, "key")
    assert found.ok
    assert found.about == "m: tool calls work, reasoning comes apart, context 4096 tokens"


@pytest.mark.parametrize(("message", "said"), [
    ({"content": "<tool_call>..."}, "instead of calling the tool"),
    ({"tool_calls": [{"function": {"name": "f", "arguments": "{"}}]}, "no usable answer"),
    ({"tool_calls": [{"function": {"name": "f", "arguments": "{}"}}]}, "without its argument"),
    ({"tool_calls": [{}]}, "no usable answer"),
])  # fmt: skip
async def test_tool_calls_that_do_not_work(endpoint, message, said) -> None:
    endpoint(answering(message))
    found = await doctor.check_endpoint("http://x/v1", "m", "")
    assert not found.ok
    assert said in found.about
    assert "--tool-call-parser" in found.mend


async def test_a_refusal_names_the_status_and_never_the_key(endpoint) -> None:
    endpoint(lambda request: httpx.Response(401, text="no"))
    found = await doctor.check_endpoint("http://x/v1", "m", "sk-secret")
    assert not found.ok
    assert "401" in found.about
    assert "sk-secret" not in found.about + found.mend


async def test_an_endpoint_that_is_not_there() -> None:
    found = await doctor.check_endpoint("http://127.0.0.1:9/v1", "m", "")
    assert not found.ok
    assert "/v1" in found.mend


async def test_an_odd_list_of_models_is_no_obstacle(endpoint) -> None:
    good = answering({"tool_calls": [CALL]})

    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json=[1]) if request.method == "GET" else good(request)

    endpoint(answer)
    assert (await doctor.check_endpoint("http://x/v1", "m", "")).ok
    assert not (await doctor.check_endpoint("http://x/v1", None, "")).ok


@pytest.mark.parametrize(
    ("version", "ok"), [("5.0.1", True), ("6.1.0", True), ("4.5.0", False), ("7.0.0", False)]
)
def test_evennia_versions(monkeypatch, version: str, ok: bool) -> None:
    monkeypatch.setattr(doctor.metadata, "version", lambda name: version)
    assert doctor.check_evennia().ok is ok


def test_a_full_disk(monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("EVENNIA_WORLD_HOME", str(tmp_path))
    assert doctor.check_disk().ok
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda path: SimpleNamespace(free=1000))
    found = doctor.check_disk()
    assert not found.ok
    assert "EVENNIA_WORLD_HOME" in found.mend


@pytest.mark.parametrize("ok", [True, False])
def test_exit_code_and_remedy(monkeypatch, capsys, ok: bool) -> None:
    async def world() -> doctor.Finding:
        return doctor.Finding(ok, "tried", "do this")

    monkeypatch.setattr(doctor, "check_world", world)
    assert doctor.run(["doctor"]) == (0 if ok else 1)
    out = capsys.readouterr().out
    assert ("do this" in out) is not ok
    assert "PROBLEM" not in out or not ok


async def test_the_world_server_really_starts_and_walks() -> None:
    found = await doctor.check_world()
    assert found.ok, found.about


def test_a_missing_tokenizer_is_a_problem(tmp_path) -> None:
    assert not doctor.check_tokenizer(str(tmp_path / "none")).ok
