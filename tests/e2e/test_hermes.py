"""The real hermes-agent in the world, against a scripted endpoint on loopback."""

from __future__ import annotations

import importlib.util
import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from environments.cli import main
from environments.telemetry.layout import find_traces
from environments.telemetry.reading import read_trace

sys.path.insert(0, str(Path(__file__).parent))  # tests are no package
from scripted_openai import MODEL, Call, ScriptedEndpoint

GIVEN = os.environ.get("EVENNIA_HERMES_PYTHON")
PYTHON = Path(GIVEN or sys.executable)
HERMES = PYTHON.with_name("hermes")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not (HERMES.exists() and (GIVEN or importlib.util.find_spec("hermes_cli"))),
        reason="hermes-agent is not installed (extra `hermes`, or EVENNIA_HERMES_PYTHON)",
    ),
]

VISIT: list[list[Call]] = [
    [("call_0", "evennia_connect", {})],
    [
        ("call_0", "evennia_command", {"command": "look"}),
        ("call_1", "evennia_command", {"command": "north"}),
    ],
    [("call_0", "evennia_command", {"command": "examine fountain"})],
    [("call_0", "evennia_command", {"command": "read fountain"})],
    [("call_0", "evennia_disconnect", {})],
]
"""Ids come again in every turn, as local endpoints make them."""


@dataclass
class Hermes:
    """hermes-agent with a home of its own."""

    home: Path
    worlds: Path

    @property
    def root(self) -> Path:
        return self.home / "traces"

    def configure(self, endpoint: ScriptedEndpoint, **more: Any) -> None:
        self.home.mkdir(exist_ok=True)
        config = {
            "model": {
                "default": MODEL, "provider": "custom", "base_url": endpoint.base_url,
                "api_key": "none",
            },
            "plugins": {"enabled": ["evennia"]},
            "sessions": {"write_json_snapshots": True},
            **more,
        }  # fmt: skip
        (self.home / "config.yaml").write_text(yaml.safe_dump(config))

    def start(self, *args: str) -> subprocess.Popen[str]:
        kept = {k: v for k, v in os.environ.items() if not k.endswith("API_KEY")}
        kept.pop("PYTHONPATH", None)
        env = {
            **kept, "HOME": str(self.home), "HERMES_HOME": str(self.home),
            "EVENNIA_WORLD_HOME": str(self.worlds), "EVENNIA_TELEMETRY_ROOT": str(self.root),
        }  # fmt: skip
        return subprocess.Popen(
            [HERMES, *args], env=env, cwd=self.home, text=True, start_new_session=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # "&" ignores it
        )  # fmt: skip

    def run(self, *args: str) -> str:
        process = self.start(*args)
        printed, _ = process.communicate(timeout=300)
        assert process.returncode == 0, printed
        return printed

    def session(self) -> str:
        """Id of the only session."""
        with closing(sqlite3.connect(self.home / "state.db")) as database:
            ((id_,),) = database.execute("SELECT id FROM sessions").fetchall()
        return id_


@pytest.fixture(scope="module")
def visited(tmp_path_factory: pytest.TempPathFactory, world_home: Path) -> Hermes:
    """A home after one session, that went to the fountain."""
    hermes = Hermes(tmp_path_factory.mktemp("hermes") / "home", world_home)
    with ScriptedEndpoint(*VISIT) as endpoint:
        hermes.configure(endpoint)
        printed = hermes.run("-z", "What is written on the fountain?", "-t", "evennia")
    assert printed.strip() == endpoint.closing
    tools = {"evennia_" + t for t in ("connect", "command", "observe", "disconnect", "submit")}
    assert endpoint.offered() == tools
    return hermes


@pytest.fixture
def hermes(tmp_path: Path, world_home: Path) -> Hermes:
    return Hermes(tmp_path / "home", world_home)


def paired(transcript: Path, root: Path, capsys: Any) -> str:
    """What `pair` prints; it must find nothing wrong."""
    code = main(["telemetry", "pair", str(transcript), "--root", str(root)])
    printed = capsys.readouterr().out
    assert code == 0, printed
    return printed.strip()


def test_each_event_carries_the_keys_of_its_call(visited, programs):
    (path,) = find_traces(visited.root)
    trace = read_trace(path)
    session = visited.session()
    assert path.stem == session
    assert [(e.turn, e.tool_call_id, e.raw or e.verb) for e in trace.events] == [
        (1, "call_0", "connect"), (2, "call_0", "look"), (2, "call_1", "north"),
        (3, "call_0", "examine fountain"), (4, "call_0", "read fountain"),
    ]  # fmt: skip
    assert {e.session_id for e in trace.events} == {session}
    requests = [str(e.api_request_id) for e in trace.events]
    assert [r.rpartition(":")[2] for r in requests] == ["1", "2", "2", "3", "4"]
    assert all(r.startswith(session) for r in requests)
    assert (trace.meta.model, trace.meta.provider) == (MODEL, "127.0.0.1")
    assert trace.meta.events == 5
    assert main(["telemetry", "validate", str(visited.root)]) == 0
    programs.wait_for(lambda: not programs.world_servers(), "the world server's end")


def test_the_transcript_pairs_with_the_trace_in_every_form(visited, capsys):
    (snapshot,) = (visited.home / "sessions").glob("session_*.json")
    for transcript in (visited.home, visited.home / "state.db", snapshot):
        found = paired(transcript, visited.root, capsys)
        assert found == "1 sessions: 5 events matched, 0 unmatched, 0 of other characters"


def test_the_observations_are_in_the_transcript_as_they_happened(visited):
    events = read_trace(find_traces(visited.root)[0]).events
    with closing(sqlite3.connect(visited.home / "state.db")) as database:
        query = "SELECT content FROM messages WHERE role = 'tool' ORDER BY id"
        results = [content for (content,) in database.execute(query)]
    assert results[:-1] == [e.text for e in events]


def test_a_session_that_is_resumed_finds_its_world_as_it_left_it(hermes, capsys):
    before: list[list[Call]] = [
        [("a", "evennia_connect", {})],
        [("b", "evennia_command", {"command": "north"})],
        [("c", "evennia_command", {"command": "get leaf"})],
    ]
    after: list[list[Call]] = [
        [("a", "evennia_connect", {})],
        [("b", "evennia_command", {"command": "inventory"})],
    ]
    with ScriptedEndpoint(*before, [], *after) as endpoint:
        hermes.configure(endpoint)
        hermes.run("-z", "Take the leaf.", "-t", "evennia")
        session = hermes.session()
        hermes.run("chat", "-q", "What have you?", "-Q", "-t", "evennia", "--resume", session)
    (path,) = find_traces(hermes.root)
    events = read_trace(path).events
    assert events[3].verb == "connect"
    assert events[3].text.startswith("Courtyard")
    assert "Leaf" in events[4].text
    assert [e.turn for e in events] == [1, 2, 3, 5, 6]
    assert paired(hermes.home, hermes.root, capsys).startswith("1 sessions: 5 events matched, 0")


def test_ctrl_c_leaves_what_was_done_and_no_process(hermes, programs):
    with ScriptedEndpoint(*VISIT[:2], None) as endpoint:
        hermes.configure(endpoint)
        process = hermes.start("-z", "Look around.", "-t", "evennia")
        programs.wait_for(lambda: len(endpoint.requests) == 3, "the third model call")
        assert programs.world_servers()
        os.killpg(process.pid, signal.SIGINT)
        process.communicate(timeout=60)
    programs.wait_for(lambda: not programs.world_servers(), "the world server's end")
    (path,) = find_traces(hermes.root)
    assert [e.raw for e in read_trace(path).events] == ["", "look", "north"]


def test_the_world_as_an_mcp_server_of_hermes(hermes, programs, capsys):
    command = str(PYTHON.with_name("evennia-world"))
    visit: list[list[Call]] = [
        [("call_0", "mcp__world__bind_session", {"session_id": "by-mcp"})],
        [("call_0", "mcp__world__connect", {})],
        [("call_0", "mcp__world__command", {"command": "north"})],
        [("call_0", "mcp__world__command", {"command": "read fountain"})],
        [("call_0", "mcp__world__disconnect", {})],
    ]
    with ScriptedEndpoint(*visit) as endpoint:
        server = {
            "command": command, "args": ["mcp", "--root", str(hermes.root)],
            "env": {"EVENNIA_WORLD_HOME": str(programs.home)},
        }  # fmt: skip
        hermes.configure(endpoint, mcp_servers={"world": server}, mcp_discovery_timeout=60)
        # `-z` asks the model before an MCP server has named its tools.
        hermes.run("chat", "-q", "What is written on the fountain?", "-Q", "-t", "world")
    log = hermes.home / "logs" / "mcp-stderr.log"
    assert "mcp__world__connect" in endpoint.offered(), log.read_text()
    assert [p.stem for p in find_traces(hermes.root)] == ["by-mcp"]
    found = paired(hermes.home / "state.db", hermes.root, capsys)
    assert found == "1 sessions: 3 events matched, 0 unmatched, 0 of other characters"
    programs.wait_for(lambda: not programs.world_servers(), "the world server's end")
