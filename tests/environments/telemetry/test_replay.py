"""Replay on the real server: everything played comes out the same, every alteration is named."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from environments.cli import main
from environments.telemetry.golden import COMMANDS
from environments.telemetry.layout import find_traces, meta_path
from environments.telemetry.reading import read_trace
from environments.telemetry.recording import record_rollout
from environments.telemetry.replay import replay, replay_all, replay_file
from environments.telemetry.trace import TraceEvent
from world_fixtures.protocol import CONNECT, MAX_COMMAND
from world_fixtures.servers import ServerPool

ROOT = Path(__file__).resolve().parents[3]
GOLDEN = ROOT / "docs" / "samples" / "golden-trace.jsonl"

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_all_that_was_played_comes_out_the_same(pool, rollouts, tmp_path):
    for rollout in rollouts:
        record_rollout(rollout, tmp_path)
    paths = find_traces(tmp_path)
    seen: list[Any] = []
    results = await replay_all(paths, pool, done=seen.append)
    assert [r.difference for r in results] == [None] * len(rollouts)
    assert [r.trace for r in results] == list(map(str, paths))
    assert sum(r.events for r in results) == sum(len(r.events) for r in rollouts)
    assert len(seen) == len(paths)
    assert pool.instances == 0


async def test_the_golden_trace_replays(pool):
    trace = read_trace(GOLDEN)
    assert [e.verb for e in trace.events] == [CONNECT, "look", "go", "examine", "read"]
    assert tuple(e.raw for e in trace.events[1:]) == COMMANDS
    result = await replay(trace, pool)
    assert result.difference is None
    assert result.events == 5


def change(event: dict[str, Any], name: str) -> None:
    if name == "changes":
        event["changes"].append({"entity": "x", "field": "y", "before": None, "after": 1})
    elif name == "reveals":
        event["reveals"].append(["fountain", "text", True])
    elif name == "kind":
        event["kind"] = "refused" if event["kind"] == "ok" else "ok"
    elif name == "args":
        event["args"]["more"] = "more"
    elif name == "objects":
        event["objects"].append("more")
    else:
        event[name] += "x"


@pytest.mark.parametrize(
    "name", ["text", "state_hash", "kind", "verb", "args", "objects", "changes", "reveals"]
)
async def test_an_altered_step_is_named(pool, tmp_path, name):
    path = copied(tmp_path, lambda events: change(events[3], name))
    difference = (await replay_file(path, pool)).difference
    assert difference is not None
    assert (difference.trace, difference.seq, difference.field) == (str(path), 4, name)
    assert difference.context == COMMANDS[2]
    assert difference.expected != difference.got


@pytest.mark.parametrize("step", [0, 2, 4])
async def test_a_missing_step_is_named(pool, tmp_path, step):
    path = copied(tmp_path, lambda events: events.pop(step))
    result = await replay_file(path, pool)
    assert result.difference is not None
    assert (result.difference.seq, result.difference.field) == (step + 1, "seq")
    assert result.events == step


async def test_a_step_of_a_character_that_never_connected_is_named(pool, tmp_path):
    path = copied(tmp_path, lambda events: events[2].update(actor="caretaker"))
    difference = (await replay_file(path, pool)).difference
    assert difference is not None
    assert (difference.seq, difference.field) == (3, "session")


async def test_an_altered_world_and_a_damaged_trace_are_differences(pool, tmp_path):
    path = copied(tmp_path, lambda events: None)
    meta = json.loads(meta_path(path).read_text())
    meta["task"]["spec"]["rooms"][0]["desc"] += " It rains."
    meta_path(path).write_text(json.dumps(meta))
    difference = (await replay_file(path, pool)).difference
    assert difference is not None
    assert difference.field == "spec_hash"
    path.write_text("{}\n")
    difference = (await replay_file(path, pool)).difference
    assert difference is not None
    assert "line 1" in difference.got


async def test_commands_at_the_limit_of_length_replay(pool, tmp_path):
    golden = read_trace(GOLDEN)
    instance = await pool.acquire(golden.meta.task.spec)
    try:
        session = await instance.open()
        events = [session.event]
        for length in (MAX_COMMAND - 1, MAX_COMMAND, MAX_COMMAND + 1, 3 * MAX_COMMAND):
            events.append(await session.command("say " + "a" * (length - 4)))
        events.append(await session.command("z" * MAX_COMMAND))
    finally:
        pool.release(instance)
    assert events[3].text != events[2].text
    keys = {"session_id": "golden-trace", "task_id": golden.meta.task.id, "stage": 0}
    lines = [TraceEvent.of(e, **keys).model_dump(mode="json") for e in events]
    path = copied(tmp_path, lambda old: old.__setitem__(slice(None), lines), count=len(lines))
    result = await replay_file(path, pool)
    assert result.difference is None
    assert result.events == 6


async def test_the_command_says_what_it_found(prefork, tmp_path, capsys):
    good = copied(tmp_path / "good", lambda events: None)
    found = tmp_path / "found.json"
    assert await run_replay(str(good.parent), "--json", str(found)) == 0
    printed = capsys.readouterr()
    assert printed.err == ""
    assert "0 differences" in printed.out
    assert json.loads(found.read_text())["differences"] == []
    bad = copied(tmp_path / "bad", lambda events: change(events[1], "text"))
    assert await run_replay(str(good), str(bad), "--json", str(found)) == 1
    assert f"{bad} seq 2 ('look'): text differs" in capsys.readouterr().out
    assert json.loads(found.read_text())["differences"][0]["seq"] == 2


def copied(
    directory: Path, edit: Callable[[list[dict[str, Any]]], Any], count: int | None = None
) -> Path:
    """The golden trace, altered."""
    directory.mkdir(exist_ok=True)
    path = directory / GOLDEN.name
    events = [json.loads(line) for line in GOLDEN.read_text().splitlines()]
    edit(events)
    path.write_text("".join(json.dumps(e) + "\n" for e in events))
    meta = json.loads(meta_path(GOLDEN).read_text())
    meta_path(path).write_text(json.dumps({**meta, "events": count or meta["events"]}))
    return path


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (b"{not json}\n", "is not JSON"),
        (b"[" * 100_000 + b"]" * 100_000 + b"\n", "is not JSON"),
        (b"\xff\xfe\n", "is not JSON"),
        (b'{"seq": 3}\n', "Field required"),
    ],
)
def test_a_damaged_trace_is_told_before_a_server_starts(
    tmp_path, monkeypatch, capsys, damage, told
) -> None:
    monkeypatch.setattr(ServerPool, "__aenter__", None)
    bad = tmp_path / GOLDEN.name
    meta_path(bad).write_bytes(meta_path(GOLDEN).read_bytes())
    lines = GOLDEN.read_bytes().splitlines(keepends=True)
    bad.write_bytes(b"".join([*lines[:2], damage, *lines[3:]]))
    assert main(["replay", str(GOLDEN), str(bad)]) == 2
    captured = capsys.readouterr()
    assert captured.err.startswith(f"evennia-world: {bad} line 3: ")
    assert told in captured.err
    assert captured.err.count("\n") == 1
    assert captured.out == ""


async def run_replay(*args: str) -> int:
    """Run the command in a thread, as it has an event loop of its own."""
    return await asyncio.to_thread(main, ["replay", *args])
