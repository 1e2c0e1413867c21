"""Sessions of another program: traced as they are played, and found again."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from environments.integrations.hermes_plugin.background import Background
from environments.integrations.hermes_plugin.hooks import Hooks
from environments.telemetry import live
from environments.telemetry.layout import find_traces, meta_path
from environments.telemetry.live import Caller, CallFailed, LiveSessions
from environments.telemetry.ownership import LOCKS, SessionLock
from environments.telemetry.pairing import session_trace
from environments.telemetry.reading import Trace, validate_tree
from world_fixtures.common import UserError
from world_fixtures.library import load_world

ROOT = Path(__file__).resolve().parents[3]
pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server() -> AsyncIterator[LiveSessions]:
    sessions = LiveSessions(Path("/nowhere"), load_world("timmy_home"))
    yield sessions
    await sessions.close()


@pytest_asyncio.fixture(loop_scope="module")
async def sessions(server: LiveSessions, tmp_path: Path) -> AsyncIterator[LiveSessions]:
    """Live sessions with a tree of their own, on a server that is already there."""
    server.root = tmp_path / "tree"
    yield server
    for id_ in ("one", "two", "three"):
        server.end(id_)


async def do(sessions: LiveSessions, id_: str, command: str, call: str = "c") -> str:
    """One call; `connect` and `disconnect` are tools of their own."""
    tools = {"connect": "evennia_connect", "disconnect": "evennia_disconnect"}
    arguments: dict[str, object] = {} if command in tools else {"command": command}
    tool = tools.get(command, "evennia_command")
    return await sessions.act(id_, tool, arguments, Caller(call), model="some-model")


def trace(sessions: LiveSessions, id_: str) -> Trace:
    found = session_trace(sessions.root, id_)
    assert found is not None
    return found


async def test_what_a_call_did_is_in_the_trace_when_it_returns(sessions):
    for number, command in enumerate(("connect", "north", "get leaf"), 1):
        text = await do(sessions, "one", command, f"call_{number}")
        last = trace(sessions, "one").events[-1]
        assert (last.seq, last.text, last.tool_call_id) == (number, text, f"call_{number}")
        assert trace(sessions, "one").meta.events is None
    sessions.rest("one")
    assert trace(sessions, "one").meta.events == 3
    assert trace(sessions, "one").meta.model == "some-model"
    assert "Leaf" in await do(sessions, "one", "inventory")
    assert validate_tree(sessions.root) == (1, [])


async def test_sessions_do_not_share_a_world_and_one_that_ended_finds_its_own(sessions):
    for id_ in ("one", "two"):
        await do(sessions, id_, "connect")
        await do(sessions, id_, "north")
        assert "You take" in await do(sessions, id_, "get leaf")
    sessions.end("one")
    with pytest.raises(CallFailed, match="not connected"):
        await do(sessions, "one", "look")
    assert (await do(sessions, "one", "connect")).startswith("Courtyard")
    assert "Leaf" in await do(sessions, "one", "inventory")
    for id_ in ("one", "two"):
        sessions.end(id_)
    assert [len(trace(sessions, id_).events) for id_ in ("one", "two")] == [5, 3]
    assert validate_tree(sessions.root) == (2, [])


async def test_the_session_longest_unused_makes_room_and_comes_back(sessions, monkeypatch):
    monkeypatch.setattr(live, "KEPT", 2)
    for id_ in ("one", "two", "one", "three"):
        await do(sessions, id_, "connect")
    assert trace(sessions, "two").meta.events == 1
    assert trace(sessions, "one").meta.events is None
    await do(sessions, "two", "connect")
    assert [e.verb for e in trace(sessions, "two").events] == ["connect", "connect"]


async def test_what_the_disk_refused_is_written_later_with_its_own_call(sessions):
    sessions.root.write_text("a file where the tree should be")
    with pytest.raises(CallFailed, match="choose another"):
        await do(sessions, "one", "connect", "refused")
    sessions.root.unlink()
    await do(sessions, "one", "look", "later")
    events = trace(sessions, "one").events
    assert [(e.verb, e.tool_call_id) for e in events] == [("connect", "refused"), ("look", "later")]


async def test_a_session_whose_past_comes_out_otherwise_cannot_go_on(sessions):
    await do(sessions, "one", "connect")
    await do(sessions, "one", "look")
    sessions.end("one")
    (path,) = find_traces(sessions.root)
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    lines[1]["state_hash"] = "0" * 32
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    with pytest.raises(CallFailed, match="event 2 comes out otherwise"):
        await do(sessions, "one", "connect")
    assert len(trace(sessions, "one").events) == 2


async def test_a_session_of_other_rules_cannot_go_on(sessions):
    await do(sessions, "one", "connect")
    sessions.end("one")
    meta_file = meta_path(find_traces(sessions.root)[0])
    meta = json.loads(meta_file.read_text())
    meta["task"]["version"] = 1
    meta_file.write_text(json.dumps(meta))
    with pytest.raises(CallFailed, match=r"rules of tasks version 1, .*: begin a new session"):
        await do(sessions, "one", "look")
    assert len(trace(sessions, "one").events) == 1


async def test_a_session_id_that_is_no_file_name_is_refused(sessions):
    with pytest.raises(CallFailed, match="cannot name a file"):
        await do(sessions, "../one", "connect")


HOLDER = """
import sys
from pathlib import Path
from environments.telemetry.ownership import SessionLock
held = SessionLock(Path(sys.argv[1]), "one")
print("held", flush=True)
sys.stdin.readline()
"""


async def test_a_session_that_another_process_plays_is_refused_until_that_ends(sessions):
    other = subprocess.Popen(  # noqa: ASYNC220
        [sys.executable, "-c", HOLDER, str(sessions.root)], cwd=ROOT, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    with other:
        assert other.stdout
        assert other.stdout.readline() == "held\n"
        with pytest.raises(
            CallFailed, match=f"session 'one' is being played by process {other.pid}"
        ):
            await do(sessions, "one", "connect")
        assert list(sessions.root.glob("2*/one.*")) == []
        assert "Gate" in await do(sessions, "two", "connect")
        other.kill()
    assert "Gate" in await do(sessions, "one", "connect")
    with pytest.raises(UserError, match=f"process {os.getpid()}:"):
        SessionLock(sessions.root, "one")
    sessions.end("one")
    SessionLock(sessions.root, "one").release()
    sessions.claim("three")
    sessions.rest("three")
    SessionLock(sessions.root, "three").release()
    assert validate_tree(sessions.root) == (2, [])
    sessions.end("two")
    assert list((sessions.root / LOCKS).iterdir()) == []


def hermes_call(
    hooks: Hooks, keys: dict[str, str], tool: str, args: dict[str, Any],
    meanwhile: Callable[[], object] = bool,
) -> str:  # fmt: skip
    """A tool call in the way hermes-agent makes one; its middleware may be entered twice."""

    def dispatch(arguments: dict[str, Any]) -> Any:
        meanwhile()
        return hooks.handler(tool)(arguments, session_id=keys["session_id"], user_task=None)

    def inner(arguments: dict[str, Any]) -> Any:
        return hooks.around_call(tool_name=tool, args=arguments, next_call=dispatch, **keys)

    return hooks.around_call(tool_name=tool, args=args, next_call=inner, turn_id="u", **keys)


def visit(hooks: Hooks, session: str, together: threading.Barrier) -> None:
    """Ten model calls of one agent, each tried twice, with one tool call each.

    Every tool call is under way in all agents before any of them is carried out.
    """
    history: list[dict[str, str]] = [{"role": "user"}]
    for turn in range(1, 11):
        request = f"{session}:api:{turn}"
        for _ in range(2):
            hooks.before_request(
                session_id=session, api_request_id=request, model="m", provider="custom",
                base_url="http://127.0.0.1:1/v1", conversation_history=history,
            )  # fmt: skip
        tool, args = (
            ("evennia_command", {"command": "look"}) if turn > 1 else ("evennia_connect", {})
        )
        keys = {
            "session_id": session, "tool_call_id": f"{session}-{turn}", "api_request_id": request,
        }  # fmt: skip
        hermes_call(hooks, keys, tool, args, together.wait)
        history += [{"role": "assistant"}, {"role": "tool"}]
    hooks.session_rests(session_id=session)


def test_agents_in_threads_of_one_process_keep_their_calls_apart(tmp_path):
    background = Background(tmp_path, "timmy_home")
    hooks = Hooks(background, frozenset(("evennia_connect", "evennia_command")))
    assert not background.started
    try:
        names = [f"agent-{n}" for n in range(4)]
        together = threading.Barrier(len(names), timeout=60)
        threads = [threading.Thread(target=visit, args=(hooks, n, together)) for n in names]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        background.stop()
    background.stop()
    assert validate_tree(tmp_path) == (4, [])
    for name in names:
        found = session_trace(tmp_path, name)
        assert found is not None
        assert found.meta.provider == "127.0.0.1"
        keys = [(e.turn, e.api_request_id, e.tool_call_id) for e in found.events]
        assert keys == [(n, f"{name}:api:{n}", f"{name}-{n}") for n in range(1, 11)]


def test_what_fails_is_an_error_that_the_agent_can_read(tmp_path):
    background = Background(tmp_path, "nowhere")
    hooks = Hooks(background, frozenset(("evennia_connect",)))
    keys = {"session_id": "s", "tool_call_id": "c", "api_request_id": "r"}
    result = json.loads(hermes_call(hooks, keys, "evennia_connect", {}))
    assert "no world 'nowhere'" in result["error"]
    other = hooks.around_call(tool_name="terminal", args={}, next_call=lambda args: "done")
    assert other == "done"
