"""Doctor tells what works from what does not, and names the remedy."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import pytest_asyncio
from aiohttp import web

from environments.cli import doctor, main
from environments.tokenizer import PATH

CALL = {"function": {"name": "evennia_command", "arguments": '{"command": "look"}'}}


class Endpoint:
    """A model server on loopback whose answers a test sets."""

    def __init__(self) -> None:
        self.url = ""
        self.models: Any = {"data": [{"id": "m"}]}
        self.answer: Callable[[], web.Response] = lambda: web.Response(status=500)

    def says(self, message: dict[str, Any]) -> None:
        self.answer = lambda: web.json_response({"choices": [{"message": message}]})

    async def list(self, request: web.Request) -> web.Response:
        return web.json_response(self.models)

    async def complete(self, request: web.Request) -> web.Response:
        assert (await request.json())["tools"]
        return self.answer()


@pytest_asyncio.fixture
async def endpoint(serving) -> AsyncIterator[Endpoint]:
    found = Endpoint()
    async with serving(found.list, found.complete) as found.url:
        yield found


async def test_a_working_endpoint(endpoint) -> None:
    endpoint.models = {"data": [{"id": "m", "max_model_len": 4096}]}
    endpoint.says({"tool_calls": [CALL], "reasoning_content": "hm"})
    found = await doctor.check_endpoint(endpoint.url + "/", None, "key")
    assert found.ok
    assert found.about == "m: tool calls work, reasoning comes apart, context 4096 tokens"


@pytest.mark.parametrize(("message", "said"), [
    ({"content": "<tool_call>..."}, "instead of calling the tool"),
    ({"tool_calls": [{"function": {"name": "f", "arguments": "{"}}]}, "no usable answer"),
    ({"tool_calls": [{"function": {"name": "f", "arguments": "{}"}}]}, "without its argument"),
    ({"tool_calls": [{}]}, "no usable answer"),
])  # fmt: skip
async def test_tool_calls_that_do_not_work(endpoint, message, said) -> None:
    endpoint.says(message)
    found = await doctor.check_endpoint(endpoint.url, "m", "")
    assert not found.ok
    assert said in found.about
    assert "--tool-call-parser" in found.remedy


async def test_a_refusal_names_the_status_and_never_the_key(endpoint) -> None:
    endpoint.answer = lambda: web.Response(status=401, text="no")
    found = await doctor.check_endpoint(endpoint.url, "m", "sk-secret")
    assert not found.ok
    assert "401" in found.about
    assert "sk-secret" not in found.about + found.remedy


async def test_an_endpoint_that_is_not_there_is_named_without_its_password() -> None:
    found = await doctor.check_endpoint("http://me:secret@127.0.0.1:9/v1", "m", "")
    assert not found.ok
    assert "127.0.0.1:9/v1" in found.about
    assert "secret" not in found.about
    assert "/v1" in found.remedy


async def test_an_odd_list_of_models_is_no_obstacle(endpoint) -> None:
    endpoint.models = [1]
    endpoint.says({"tool_calls": [CALL]})
    assert (await doctor.check_endpoint(endpoint.url, "m", "")).ok
    assert not (await doctor.check_endpoint(endpoint.url, None, "")).ok


async def test_the_whole_command_with_and_without_tool_calls(endpoint, capsys, prefork) -> None:
    """With nothing in anyone's place: world server, tokenizer, endpoint, exit code."""
    arguments = ["doctor", "--base-url", endpoint.url]
    endpoint.says({"tool_calls": [CALL]})
    assert await asyncio.to_thread(main, arguments) == 0
    out = capsys.readouterr().out
    for name in ("python", "evennia", "disk", "world server", "tokenizer", "wandb", "endpoint"):
        assert f"ok       {name}" in out
    endpoint.says({"content": "I would look."})
    assert await asyncio.to_thread(main, arguments) == 1
    assert "PROBLEM  endpoint      m: answered 'I would look.'" in capsys.readouterr().out


def test_the_key_comes_from_the_variable_that_fits(monkeypatch) -> None:
    for name in ("OPENAI_API_KEY", "OPENROUTER_API_KEY", "OTHER"):
        monkeypatch.setenv(name, name)
    assert doctor._key("http://h/v1", None) == "OPENAI_API_KEY"
    assert doctor._key("https://openrouter.ai/api/v1", None) == "OPENROUTER_API_KEY"
    assert doctor._key("https://openrouter.ai/api/v1", "OTHER") == "OTHER"


@pytest.mark.parametrize(
    ("version", "ok"), [("5.0.1", True), ("6.1.0", True), ("4.5.0", False), ("7.0.0", False)]
)
def test_evennia_versions(monkeypatch, version: str, ok: bool) -> None:
    monkeypatch.setattr(doctor.metadata, "version", lambda name: version)
    assert doctor.check_evennia().ok is ok


def test_evennia_is_looked_for_where_world_servers_run(monkeypatch) -> None:
    monkeypatch.setenv("EVENNIA_WORLD_PYTHON", "/no/such/python")
    found = doctor.check_evennia()
    assert not found.ok
    assert "/no/such/python" in found.about


def test_a_full_disk(monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("EVENNIA_WORLD_HOME", str(tmp_path))
    assert doctor.check_disk().ok
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda path: SimpleNamespace(free=1000))
    found = doctor.check_disk()
    assert not found.ok
    assert "EVENNIA_WORLD_HOME" in found.remedy


@pytest.mark.parametrize("ok", [True, False])
def test_exit_code_and_remedy(monkeypatch, capsys, ok: bool) -> None:
    async def world() -> doctor.Finding:
        return doctor.Finding(ok, "tried", "do this")

    monkeypatch.setattr(doctor, "check_world", world)
    assert main(["doctor"]) == (0 if ok else 1)
    out = capsys.readouterr().out
    assert ("do this" in out) is not ok
    assert "PROBLEM" not in out or not ok


def test_a_missing_tokenizer_is_a_problem(tmp_path) -> None:
    assert not doctor.check_tokenizer(str(tmp_path / "none")).ok


def test_a_template_without_tool_calls_is_a_problem(tmp_path) -> None:
    for file in Path(PATH).iterdir():
        if file.is_file():
            shutil.copy(file, tmp_path)
    template = "{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}"
    (tmp_path / "chat_template.jinja").write_text(template)
    found = doctor.check_tokenizer(str(tmp_path))
    assert not found.ok
    assert "tool calls" in found.about


@pytest.mark.parametrize("what", ["models", "answer"])
async def test_an_endpoint_without_end_is_read_up_to_a_limit(serving, what, monkeypatch) -> None:
    monkeypatch.setattr(doctor, "MAX_ANSWER", 1 << 20)

    async def models(_: web.Request) -> web.Response:
        pad = "x" * (2 << 20) if what == "models" else ""
        return web.json_response({"data": [{"id": "m"}], "pad": pad})

    async def complete(_: web.Request) -> web.Response:
        return web.json_response({"choices": [], "pad": "x" * (2 << 20)})

    async with serving(models, complete) as url:
        found = await doctor.check_endpoint(url, None, "")
    assert not found.ok
    assert "larger than 1 MiB" in found.about


@pytest.mark.parametrize("status", [200, 401])
async def test_a_key_that_an_endpoint_repeats_is_not_printed(endpoint, status) -> None:
    said = {"choices": [{"message": {"content": "x" * 75 + "sk-secret"}}]}
    endpoint.answer = lambda: web.json_response(said, status=status)
    found = await doctor.check_endpoint(endpoint.url, "m", "sk-secret")
    assert not found.ok
    assert "sk-s" not in found.about


async def test_an_answer_that_never_ends_is_given_up(serving, monkeypatch) -> None:
    monkeypatch.setattr(doctor, "ENDPOINT_TIMEOUT", 0.5)

    async def models(request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse()
        await answer.prepare(request)
        while True:
            await answer.write(b" ")
            await asyncio.sleep(0.1)

    async with serving(models, models) as url, asyncio.timeout(20):
        found = await doctor.check_endpoint(url, None, "")
    assert not found.ok
    assert "no whole answer within 0.5 s" in found.about
