"""Pairing with what hermes-agent persists: ids that come again, compaction, bridges, MCP."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from environments.cli import main
from environments.rollouts.record import Message, Rollout
from environments.telemetry.hermes_sessions import read_hermes
from environments.telemetry.layout import trace_path
from environments.telemetry.recording import record_rollout

pytestmark = pytest.mark.once


def call(id_: str, tool: str, **arguments: Any) -> dict[str, Any]:
    function = {"name": tool, "arguments": json.dumps(arguments)}
    return {"id": id_, "type": "function", "function": function}


def transcript(rollout: Rollout, name: Callable[[str], str] = str) -> list[Message]:
    """The rollout's messages as hermes-agent stores them, every id `call_0`."""
    messages: list[Message] = [{"role": "user", "content": "Play."}]
    for made in rollout.tool_calls:
        arguments = made.arguments if isinstance(made.arguments, dict) else {}
        result = made.result if made.error is None else json.dumps({"error": made.error})
        messages += [
            {
                "role": "assistant",
                "content": None,
                "tool_calls": [call("call_0", name(made.name), **arguments)],
            },
            {"role": "tool", "content": result, "tool_call_id": "call_0"},
        ]
    return [*messages, {"role": "assistant", "content": "Done."}]


def state_db(directory: Path, id_: str, messages: list[Message]) -> Path:
    """A session store with one session more, in the columns of hermes-agent 0.19 that matter."""
    path = directory / "state.db"
    with closing(sqlite3.connect(path)) as database, database:
        database.execute(
            "CREATE TABLE IF NOT EXISTS sessions (id TEXT, model TEXT, started_at REAL)"
        )
        database.execute(
            "CREATE TABLE IF NOT EXISTS messages (id INTEGER PRIMARY KEY, session_id TEXT,"
            " role TEXT, content TEXT, tool_calls TEXT, tool_call_id TEXT, compacted INTEGER)"
        )
        database.execute("INSERT INTO sessions VALUES (?, 'some-model', 1.0)", (id_,))
        for message in messages:
            calls = message.get("tool_calls")
            database.execute(
                "INSERT INTO messages (session_id, role, content, tool_calls, tool_call_id,"
                " compacted) VALUES (?, ?, ?, ?, ?, ?)",
                (
                    id_, message["role"], message.get("content"),
                    json.dumps(calls) if calls else None, message.get("tool_call_id"),
                    message.get("compacted", 0),
                ),
            )  # fmt: skip
    return path


@pytest.fixture
def rollout(rollouts: list[Rollout]) -> Rollout:
    """One that does the same thing several times."""
    return next(
        r for r in rollouts
        if r.verdict and len(r.events) > 8 and {e.actor for e in r.events} == {r.events[0].actor}
    )  # fmt: skip


@pytest.fixture
def root(rollout: Rollout, tmp_path: Path) -> Path:
    """A tree with its trace, every id `call_0`."""
    path = record_rollout(rollout, tmp_path / "tree")
    rewrite(path, lambda events: [e | {"tool_call_id": "call_0"} for e in events])
    return tmp_path / "tree"


def rewrite(path: Path, change: Callable[[list[dict[str, Any]]], list[dict[str, Any]]]) -> None:
    events = change([json.loads(line) for line in path.read_bytes().splitlines()])
    path.write_text("".join(json.dumps(e) + "\n" for e in events))


def pair(source: Path, root: Path, capsys: Any) -> tuple[int, str]:
    code = main(["telemetry", "pair", str(source), "--root", str(root)])
    return code, capsys.readouterr().out


def test_every_event_is_matched_in_order_where_all_ids_are_the_same(
    rollout, root, tmp_path, capsys
):
    messages = transcript(rollout)
    snapshot = tmp_path / "session_1.json"
    snapshot.write_text(
        json.dumps({"session_id": rollout.id, "model": "some-model", "messages": messages})
    )
    database = state_db(tmp_path, rollout.id, messages)
    for source in (snapshot, database, tmp_path):
        code, printed = pair(source, root, capsys)
        assert f"1 sessions: {len(rollout.events)} events matched, 0 unmatched" in printed
        assert code == 0
    (session,) = read_hermes(database)
    assert session.model == "some-model"
    assert [c.turn for c in session.tool_calls] == list(range(1, len(rollout.tool_calls) + 1))


def test_a_lost_event_and_a_lost_call_are_named(rollout, root, tmp_path, capsys):
    path = trace_path(root, rollout.id, rollout.started)
    raws = [event.raw for event in rollout.events]  # one that no neighbour can stand for
    at = next(n for n in range(2, len(raws) - 2) if raws[n] not in (raws[n - 1], raws[n + 1]))
    rewrite(path, lambda events: events[:at] + events[at + 1 :])
    lost = next(c for c in rollout.tool_calls if c.event == rollout.events[at].seq)
    turn = rollout.tool_calls.index(lost) + 1
    messages = transcript(rollout)
    last = max(n for n, c in enumerate(rollout.tool_calls) if c.event is not None)
    del messages[1 + 2 * last : 3 + 2 * last]
    code, printed = pair(state_db(tmp_path, rollout.id, messages), root, capsys)
    assert code == 1
    *found, total = printed.splitlines()
    assert len(found) == 2
    assert f"tool call 'call_0' ({lost.name}, turn {turn}) has no event" in found[0]
    assert f"event {len(rollout.events)} (" in found[1]
    assert "has no tool call 'call_0'" in found[1]
    assert f"{len(rollout.events) - 2} events matched, 2 unmatched" in total


def test_an_event_that_is_not_what_was_asked_for(rollout, root, tmp_path, capsys):
    path = trace_path(root, rollout.id, rollout.started)
    rewrite(path, lambda events: [*events[:2], events[2] | {"raw": "dance"}, *events[3:]])
    code, printed = pair(state_db(tmp_path, rollout.id, transcript(rollout)), root, capsys)
    assert code == 1
    assert "event 3 ('dance') is not what tool call 'call_0' asked for" in printed


def test_calls_that_failed_may_have_an_event_and_need_none(rollout, root, tmp_path, capsys):
    messages = transcript(rollout)
    messages[4]["content"] = '{"error": "timed out"}'  # after the world had acted
    messages[2:2] = [
        {"role": "tool", "content": '{"error": "not connected"}', "tool_call_id": "early"}
    ]
    messages[1]["tool_calls"].insert(0, call("early", "evennia_command", command="look"))
    messages.append(
        {"role": "assistant", "tool_calls": [call("cut", "evennia_command", command="look")]}
    )
    code, printed = pair(state_db(tmp_path, rollout.id, messages), root, capsys)
    assert (code, printed.count("\n")) == (0, 1)
    assert f"{len(rollout.events)} events matched, 0 unmatched" in printed


def test_what_compaction_keeps_is_not_counted_twice(rollout, root, tmp_path, capsys):
    messages = transcript(rollout)
    for number, message in enumerate(messages):
        for made in message.get("tool_calls") or ():
            made["id"] = f"call_{number}"
        if message["role"] == "tool":
            message["tool_call_id"] = f"call_{number - 1}"
    path = trace_path(root, rollout.id, rollout.started)
    ids = {
        made.event: messages[1 + 2 * n]["tool_calls"][0]["id"]
        for n, made in enumerate(rollout.tool_calls)
    }
    rewrite(path, lambda events: [e | {"tool_call_id": ids[e["seq"]]} for e in events])
    archived = [m | {"compacted": 1} for m in messages[:9]]
    summary = {"role": "user", "content": "Summary of what was."}
    code, printed = pair(
        state_db(tmp_path, rollout.id, [*archived, summary, *messages[5:9], *messages[9:]]),
        root, capsys,
    )  # fmt: skip
    assert f"{len(rollout.events)} events matched, 0 unmatched" in printed
    assert code == 0


def test_calls_through_the_bridge_and_through_mcp_are_matched(rollout, root, tmp_path, capsys):
    bridged = transcript(rollout)
    for message in bridged:
        for made in message.get("tool_calls") or ():
            function = made["function"]
            inner = {"name": function["name"], "arguments": function["arguments"]}
            made["function"] = {"name": "tool_call", "arguments": json.dumps(inner)}
    code, printed = pair(state_db(tmp_path, rollout.id, bridged), root, capsys)
    assert f"{len(rollout.events)} events matched, 0 unmatched" in printed
    assert code == 0

    server = "mcp__world__"
    by_mcp = transcript(rollout, lambda name: name.replace("evennia_", server))
    result = json.dumps({"result": json.dumps({"session_id": rollout.id})})
    wrapped = f'<untrusted_tool_result source="x">\nData:\n\n{result}\n</untrusted_tool_result>'
    refused = '{"error": "session id \'../up\' cannot name a file"}'
    again = call("again", f"{server}bind_session", session_id="../up")
    by_mcp[1:1] = [
        {"role": "assistant", "tool_calls": [call("bind", f"{server}bind_session")]},
        {"role": "tool", "content": wrapped, "tool_call_id": "bind"},
        {"role": "assistant", "tool_calls": [again]},
        {"role": "tool", "content": refused, "tool_call_id": "again"},
    ]
    path = trace_path(root, rollout.id, rollout.started)
    rewrite(path, lambda events: [e | {"tool_call_id": f"mcp-{e['seq']}"} for e in events])
    other = tmp_path / "other"
    other.mkdir()
    bind, half = by_mcp[1:5], len(by_mcp) // 2 + 1
    state_db(other, "a-session-of-hermes", by_mcp[:half])
    code, printed = pair(state_db(other, "its-other", [*bind, *by_mcp[half:]]), root, capsys)
    assert f"1 sessions: {len(rollout.events)} events matched, 0 unmatched" in printed
    assert code == 0


def test_sessions_without_the_world_do_not_count_and_one_without_its_trace_does(
    rollout, root, tmp_path, capsys
):
    path = state_db(tmp_path, "elsewhere", [{"role": "user", "content": "Hello"}])
    assert pair(path, root, capsys)[1].startswith("0 sessions: 0 events")
    path.unlink()
    code, printed = pair(state_db(tmp_path, "unknown", transcript(rollout)), root, capsys)
    assert code == 1
    assert f"unknown: has no trace in {root}" in printed


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("state.db", b"SQLite format 3\0 and then nothing of the kind"),
        ("session_1.json", b"[1]"),
        ("session_1.json", b'{"session_id": "a", "model": "m", "messages": [{}]}'),
        ("session_1.json", b'{"session_id": "a", "model": "m", "messages": [1]}'),
        ("session_1.json", b"{"),
    ],
)
def test_what_is_no_transcript_is_reported_in_one_line(name, content, tmp_path, capsys):
    (tmp_path / name).write_bytes(content)
    assert main(["telemetry", "pair", str(tmp_path / name), "--root", str(tmp_path)]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert name in line
    assert "hermes-agent" in line


def test_a_store_with_a_call_that_is_none_is_reported_in_one_line(tmp_path, capsys):
    state_db(tmp_path, "s", [{"role": "assistant", "tool_calls": [{"id": "a"}]}])
    assert main(["telemetry", "pair", str(tmp_path), "--root", str(tmp_path)]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "is no transcript of hermes-agent" in line
