"""The MCP server as a program, played by the SDK's own client."""

from __future__ import annotations

import asyncio
import importlib.util
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from environments.cli import main
from environments.hosting.choice import chosen
from environments.rollouts.files import read_rollouts
from environments.tasks.model import Task
from environments.telemetry.layout import find_traces
from environments.telemetry.reading import read_trace, validate_tree
from environments.telemetry.replay import replay_file

ROOT = Path(__file__).resolve().parents[2]
SERVER = [sys.executable, "-m", "environments.cli.main", "mcp"]

needs_sdk = pytest.mark.skipif(
    importlib.util.find_spec("mcp") is None, reason="the SDK is not installed (extra `mcp`)"
)
in_session_loop = pytest.mark.asyncio(loop_scope="session")


class Client:
    """A client's session with a running server."""

    server: dict[str, Any]
    """What the server says that it is."""

    def __init__(self, session: Any) -> None:
        self._session = session

    async def tools(self) -> dict[str, Any]:
        """The tools as the protocol has them, by name."""
        found = (await self._session.list_tools()).tools
        return {t.name: t.model_dump(mode="json", by_alias=True) for t in found}

    async def prompts(self) -> dict[str, str]:
        """The text of each prompt, by name."""
        names = [p.name for p in (await self._session.list_prompts()).prompts]
        found = {name: await self._session.get_prompt(name) for name in names}
        return {name: prompt.messages[0].content.text for name, prompt in found.items()}

    async def call(self, tool: str, **arguments: Any) -> str:
        """The observation; the test fails where the server reports an error."""
        failed, text = await self._call(tool, arguments)
        assert not failed, text
        return text

    async def failing(self, tool: str, **arguments: Any) -> str:
        """The error's text."""
        failed, text = await self._call(tool, arguments)
        assert failed, text
        return text.removeprefix(f"Error executing tool {tool}: ")  # the SDK's words

    async def _call(self, tool: str, arguments: dict[str, Any]) -> tuple[bool, str]:
        result = await self._session.call_tool(tool, arguments)
        (part,) = result.content
        failed = result.is_error if hasattr(result, "is_error") else result.isError
        return bool(failed), part.text


def playing(programs: Any, root: Path, alone: bool = True) -> AbstractAsyncContextManager[Client]:
    """A client of a new sandbox."""
    return served(programs, "--root", str(root), alone=alone)


@asynccontextmanager
async def served(programs: Any, *given: str, alone: bool = True) -> AsyncIterator[Client]:
    """A client of a new server; both are gone afterwards, and so are all where it was `alone`."""
    mcp = importlib.import_module("mcp")
    command, *args = [*SERVER, *given]
    server = mcp.StdioServerParameters(
        command=command, args=args, env={**programs.env, "PYTHONPATH": str(ROOT)}, cwd=ROOT
    )
    # Its default is the stderr of whoever imports it first, which may be a captured one.
    log = sys.__stderr__
    async with mcp.stdio_client(server, log) as streams, mcp.ClientSession(*streams) as session:
        client = Client(session)
        about = (await session.initialize()).model_dump(mode="json", by_alias=True)
        client.server = about["serverInfo"]
        yield client
    if alone:
        await asyncio.to_thread(programs.wait_for, lambda: not programs.world_servers(), "the end")


@needs_sdk
@in_session_loop
async def test_a_session_is_played_traced_and_found_again(programs, pool, tmp_path):
    root = tmp_path / "traces"
    async with playing(programs, root) as client:
        assert set(await client.tools()) == {
            "bind_session", "connect", "observe", "command", "disconnect", "submit",
        }  # fmt: skip
        assert "bind_session first" in await client.failing("connect")
        assert client.server["version"] == version("evennia-world-env")
        assert "cannot name a file" in await client.failing("bind_session", session_id="../up")
        bound = json.loads(await client.call("bind_session", session_id="visit"))
        assert bound["session_id"] == "visit"
        assert (await client.call("connect")).startswith("Gate")
        await client.call("command", command="north")
        await client.call("command", command="get leaf")
        assert "leaf" not in (await client.call("observe")).lower()
        assert "taken" in await client.call("submit", answer={"seen": "leaf"})
        twice = await client.failing("submit", answer={"seen": "leaf"})
        assert "session visit has its answer" in twice
        await client.call("disconnect")
        assert await client.failing("command", command="look") == (
            "you are not connected to the world: call connect first"
        )
    async with playing(programs, root) as client:
        await client.call("bind_session", session_id="visit")
        assert (await client.call("connect")).startswith("Courtyard")
        assert "Leaf" in await client.call("command", command="inventory")
    assert validate_tree(root) == (1, [])
    (path,) = find_traces(root)
    trace = read_trace(path)
    assert [e.raw or e.verb for e in trace.events] == [
        "connect", "north", "get leaf", "look", "connect", "inventory",
    ]  # fmt: skip
    assert all(e.session_id == "visit" and e.tool_call_id for e in trace.events)
    assert trace.meta.events == 6
    assert (await replay_file(path, pool)).difference is None


@pytest.mark.slow
@needs_sdk
@in_session_loop
async def test_a_session_is_played_by_one_server_at_a_time(programs, tmp_path):
    async with playing(programs, tmp_path) as first:
        await first.call("bind_session", session_id="visit")
        await first.call("connect")
        async with playing(programs, tmp_path, alone=False) as second:
            told = await second.failing("bind_session", session_id="visit")
            assert "session 'visit' is being played by process" in told
            await second.call("bind_session", session_id="other")
            await second.call("connect")
        await first.call("command", command="north")
    async with playing(programs, tmp_path) as third:
        await third.call("bind_session", session_id="visit")
        assert (await third.call("connect")).startswith("Courtyard")
    assert validate_tree(tmp_path) == (2, [])


@pytest.mark.slow
@needs_sdk
@in_session_loop
async def test_two_sessions_of_one_client_have_worlds_of_their_own(programs, tmp_path):
    async with playing(programs, tmp_path) as client:
        ids = []
        for _ in range(2):
            ids.append(json.loads(await client.call("bind_session"))["session_id"])
            await client.call("connect")
            await client.call("command", command="north")
            assert "Leaf" in await client.call("command", command="get leaf")
        await client.call("bind_session", session_id=ids[0])
        assert "Leaf" in await client.call("command", command="inventory")
    assert sorted(p.stem for p in find_traces(tmp_path)) == sorted(set(ids))
    assert validate_tree(tmp_path) == (2, [])


@pytest.mark.slow
@needs_sdk
@in_session_loop
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_a_signal_ends_server_and_world(number, programs, tmp_path):
    process = await asyncio.to_thread(_connected, programs, tmp_path)
    try:
        assert programs.world_servers()
        os.killpg(process.pid, number)
        assert await asyncio.to_thread(process.wait, 60) == 128 + number
    finally:
        process.kill()
        process.communicate()
    assert programs.world_servers() == []
    assert programs.scratch() == []
    assert [len(read_trace(p).events) for p in find_traces(tmp_path)] == [1]


def _connected(programs: Any, root: Path) -> subprocess.Popen[str]:
    """A server with a session in the world, spoken to by hand."""
    process = subprocess.Popen(
        [*SERVER, "--root", str(root)], env={**programs.env, "PYTHONPATH": str(ROOT)}, cwd=ROOT,
        text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        start_new_session=True,
    )  # fmt: skip
    about = {"name": "test", "version": "1"}
    hello = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": about}
    for method, params in (
        ("initialize", hello),
        ("notifications/initialized", None),
        ("tools/call", {"name": "bind_session", "arguments": {}}),
        ("tools/call", {"name": "connect", "arguments": {}}),
    ):
        _say(process, method, params)
    return process


def _say(process: subprocess.Popen[str], method: str, params: Any) -> None:
    assert process.stdin
    assert process.stdout
    message = {"jsonrpc": "2.0", "method": method} | ({"params": params} if params else {})
    request = not method.startswith("notifications")
    process.stdin.write(json.dumps(message | ({"id": 1} if request else {})) + "\n")
    process.stdin.flush()
    if request:
        assert "result" in json.loads(process.stdout.readline())


def test_without_the_sdk_one_line_names_the_extra(programs, tmp_path):
    (tmp_path / "mcp.py").write_text("raise ModuleNotFoundError(name='mcp')")
    run = programs.run("mcp", "--root", str(tmp_path), PYTHONPATH=f"{tmp_path}:{ROOT}")
    assert run.returncode == 2
    assert run.stderr == (
        "evennia-world: mcp is not installed: install the extra `mcp`"
        " (pip install '.[mcp]' in a clone of the project)\n"
    )
    assert run.stdout == ""


def test_a_world_that_does_not_exist_is_reported_in_one_line(programs):
    run = programs.run_here("mcp", "--world", "nowhere")
    assert run.returncode == 2
    assert "no world 'nowhere'" in run.stderr


TWO_TASKS = ("test/persistence.recall/1/0", "test/errand.deliver/1/3")
"""One of several parts, and one whose answer is empty."""


async def walked(client: Client, task: Task) -> str:
    """Play the walkthrough; what the last call returned."""
    shown = ""
    for stage in task.stages:
        await client.call("connect")
        for step in stage.walkthrough:
            given = {"command": step.command} if step.tool == "command" else {}
            shown = await client.call(
                step.tool, **({"answer": step.answer} if step.tool == "submit" else given)
            )
    return shown


@needs_sdk
@in_session_loop
async def test_tasks_are_told_played_judged_once_and_kept(programs, tmp_path):
    _, tasks = chosen(None, TWO_TASKS)
    asked = [part for task in TWO_TASKS for part in ("--task", task)]
    async with served(
        programs, *asked, "--save", str(tmp_path / "run"), "--model", "guest"
    ) as client:
        told = await client.call("task")
        assert "persistence" not in told  # its kind is no part of a task
        first = json.loads(told)
        assert (first["task"], first["part"], first["over"]) == (1, 1, False)
        assert "disconnect" in first["prompt"]
        assert "evennia_" not in first["prompt"]
        assert await client.failing("observe") == (
            "you are not connected to the world: call connect first"
        )
        assert "no verdict yet" in await client.failing("next_task")
        handed_in = await walked(client, tasks[0])
        assert '"success": true' in handed_in
        assert TWO_TASKS[0] in handed_in
        twice = await client.failing("submit", answer={})
        assert twice == (
            "this task is over, and takes no second answer: next_task gives another one (1 left)"
        )
        assert "this task is over" in await client.failing("command", command="look")
        second = json.loads(await client.call("next_task"))
        assert (second["task"], second["tasks_left"]) == (2, 0)
        await client.call("connect")
        given_up = await client.call("submit", answer={})
        assert '"success": false' in given_up
        assert "No other task is left" in given_up
        assert "no other is left" in await client.failing("next_task")
    kept = read_rollouts(tmp_path / "run")
    assert [(r.task.id, r.model, r.verdict.success) for r in kept if r.verdict] == [
        (TWO_TASKS[0], "guest", True), (TWO_TASKS[1], "guest", False),
    ]  # fmt: skip
    assert len(kept[0].conversations) == len(tasks[0].stages)
    assert (tmp_path / "run" / "report.html").exists()


@needs_sdk
@in_session_loop
async def test_tools_have_titles_and_say_what_they_change(programs):
    async with served(programs, "--task", TWO_TASKS[1]) as client:
        tools = await client.tools()
        assert list(tools) == [
            "task", "connect", "observe", "command", "disconnect", "submit", "next_task",
        ]  # fmt: skip
        for tool in tools.values():
            assert tool["title"]
            assert tool["description"]
            assert tool["annotations"]["openWorldHint"] is False
        reading = {n for n, tool in tools.items() if tool["annotations"]["readOnlyHint"]}
        assert reading == {"task", "observe"}
        assert "read it with the tool task" in (await client.prompts())["do_the_task"]
        assert client.server["version"] == version("evennia-world-env")


@pytest.mark.slow
@needs_sdk
@in_session_loop
async def test_a_run_goes_on_with_the_tasks_that_have_no_score(programs, tmp_path):
    given = [part for task in TWO_TASKS for part in ("--task", task)] + [
        "--save",
        str(tmp_path / "run"),
    ]
    async with served(programs, *given) as client:
        await walked(client, chosen(None, TWO_TASKS)[1][0])
        await client.call("next_task")
        await client.call("connect")  # and is gone in the midst of it
    assert len(read_rollouts(tmp_path / "run")) == 1
    async with served(programs, *given) as client:
        assert json.loads(await client.call("task"))["tasks_left"] == 0
        assert TWO_TASKS[1] in await walked(client, chosen(None, TWO_TASKS)[1][1])


@needs_sdk
@pytest.mark.parametrize(
    ("given", "told"),
    [
        (["--suite", "nothing"], "unknown suite 'nothing'"),
        (["--suite", "basics", "--task", "test/errand.deliver/1/1"], "did you mean 'test/errand"),
        (["--task", "errand"], "such as test/errand.deliver/3/7"),
        (["--save", "run"], "give a --suite or a --task"),
        (["--suite", "basics", "--world", "timmy_home"], "--world and --root are of a world"),
    ],
)
def test_tasks_that_cannot_be_set_are_told_in_one_line(given, told, capsys):
    assert main(["mcp", *given]) == 2
    error = capsys.readouterr().err
    assert told in error
    assert error.count("\n") == 1


@pytest.mark.slow
@needs_sdk
def test_the_example_of_a_client_ends_with_a_report(programs, tmp_path):
    run = programs.run_file(str(ROOT / "examples" / "mcp_tasks.py"))
    assert run.returncode == 0, run.stderr
    assert "the report: runs/mcp/report.html" in run.stdout
    verdicts = [r.verdict for r in read_rollouts(tmp_path / "runs" / "mcp")]
    assert [v.success for v in verdicts if v] == [True, True]
