"""Traces of tasks version 1 are read and checked, and not replayed under other rules."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from environments.cli import main
from environments.rollouts.files import read_rollouts
from environments.tasks.version import TASKS_VERSION
from environments.telemetry.layout import find_traces
from environments.telemetry.pairing import pair_rollout
from environments.telemetry.reading import Trace, read_trace, validate_tree
from environments.telemetry.recording import record_rollout
from environments.telemetry.replay import replay
from environments.telemetry.trace import TraceEvent
from world_fixtures.common import UserError
from world_fixtures.facts import Arranged
from world_fixtures.servers import ServerPool


def test_they_are_whole_and_their_transcripts_match(version_1) -> None:
    root = version_1 / "traces"
    assert validate_tree(root) == (2, [])
    traced = {read_trace(path).meta.session_id for path in find_traces(root)}
    rollouts = [r for r in read_rollouts(version_1 / "three-oracle") if r.id in traced]
    assert len(rollouts) == 2
    for rollout in rollouts:
        pairing = pair_rollout(rollout, root)
        assert pairing.unmatched == []
        assert pairing.matched > 3
        if rollout.task.kind == "witness":
            assert pairing.others > 3


def test_recording_one_of_them_again_leaves_its_events_as_they_are(version_1) -> None:
    root = version_1 / "traces"
    paths = {path: path.read_bytes() for path in find_traces(root)}
    for rollout in read_rollouts(version_1 / "three-oracle"):
        record_rollout(rollout, root)
    assert all(path.read_bytes() == lines for path, lines in paths.items())
    assert len(find_traces(root)) == 3
    assert validate_tree(root)[1] == []


def test_replay_says_in_one_line_that_the_rules_are_others(version_1, monkeypatch, capsys) -> None:
    monkeypatch.setattr(ServerPool, "__aenter__", None)
    assert main(["replay", str(version_1 / "traces")]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    told = f"under the rules of tasks version 1, and these are of version {TASKS_VERSION}"
    assert told in captured.err
    assert "1 more traces" in captured.err
    assert main(["replay", str(find_traces(version_1 / "traces")[0])]) == 2
    assert "more traces" not in capsys.readouterr().err


@pytest.mark.asyncio(loop_scope="session")
async def test_a_trace_of_other_rules_is_no_difference(version_1, pool) -> None:
    trace = read_trace(find_traces(version_1 / "traces")[0])
    with pytest.raises(UserError, match="cannot be replayed"):
        await replay(trace, pool)


async def arranged_trace(version_1: Path, pool: ServerPool, spec: Any) -> Trace:
    """A trace of today's version on `spec`: connect, look, an arrangement, look."""
    old = read_trace(find_traces(version_1 / "traces")[0])
    instance = await pool.acquire(spec)
    try:
        session = await instance.open()
        events = [session.event, await session.command("look")]
        events.append(await instance.arrange([Arranged("letter", "location", "cellar")]))
        events.append(await session.command("look"))
    finally:
        pool.release(instance)
    meta = old.meta.model_copy(
        update={
            "task": old.meta.task.model_copy(update={"spec": spec, "version": TASKS_VERSION}),
            "spec_hash": spec.hash, "events": len(events),
        }
    )  # fmt: skip
    keys = {"session_id": meta.session_id, "task_id": meta.task.id, "stage": 0}
    return Trace(old.path, meta, [TraceEvent.of(e, **keys) for e in events])


@pytest.mark.asyncio(loop_scope="session")
async def test_what_was_arranged_is_arranged_again(version_1, pool, cottage) -> None:
    trace = await arranged_trace(version_1, pool, cottage)
    assert "Letter" in trace.events[1].text
    assert "Letter" not in trace.events[3].text
    result = await replay(trace, pool)
    assert (result.difference, result.events) == (None, 4)
    arrangement = trace.events[2]
    elsewhere = arrangement.changes[0].model_copy(update={"after": "study"})
    trace.events[2] = arrangement.model_copy(update={"changes": (elsewhere,)})
    difference = (await replay(trace, pool)).difference
    assert difference is not None
    assert (difference.seq, difference.field) == (3, "state_hash")
