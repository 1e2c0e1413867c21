"""What was acknowledged is there, whole, whatever happens to the disk or to the writer."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from environments.telemetry.layout import meta_path, trace_path
from environments.telemetry.reading import read_trace, validate_tree
from environments.telemetry.recording import record_rollout, trace_events, trace_meta
from environments.telemetry.writer import TraceWriter, line_of
from world_fixtures.common import UserError

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize("id_", ["", "../up", "a/b", ".hidden", "a\0", "a\n", "x" * 129])
def test_a_session_id_cannot_leave_its_directory(id_, tmp_path):
    with pytest.raises(UserError, match="session id"):
        trace_path(tmp_path, id_, 0.0)


def test_a_trace_lies_in_the_day_of_its_start_in_utc(tmp_path):
    path = trace_path(tmp_path, "a.b-c", 86400.0 * 365)
    assert path == tmp_path / "19710101" / "a.b-c.jsonl"
    assert meta_path(path) == tmp_path / "19710101" / "a.b-c.meta.json"


def test_recorded_rollouts_are_valid_and_recording_again_changes_nothing(rollouts, tmp_path):
    paths = [record_rollout(r, tmp_path) for r in rollouts]
    before = [p.read_bytes() for p in paths]
    assert validate_tree(tmp_path) == (len(rollouts), [])
    assert [record_rollout(r, tmp_path) for r in rollouts] == paths
    assert [p.read_bytes() for p in paths] == before


def test_a_trace_holds_the_events_and_their_calls(with_restart, tmp_path):
    trace = read_trace(record_rollout(with_restart, tmp_path))
    agent = with_restart.task.spec.agent.id
    names = set(type(with_restart.events[0]).model_fields)
    assert [e.model_dump(include=names) for e in trace.events] == [
        e.model_dump() for e in with_restart.events
    ]
    assert all((e.tool_call_id is not None) == (e.actor == agent) for e in trace.events)
    stages = [e.stage for e in trace.events]
    assert stages == sorted(stages)
    assert stages[-1] > 0
    assert trace.meta.task == with_restart.task


def test_a_torn_trace_is_completed(with_restart, tmp_path):
    path = record_rollout(with_restart, tmp_path)
    whole = path.read_bytes()
    path.write_bytes(whole[:-30])
    assert len(read_trace(path).events) == len(with_restart.events) - 1
    _, found = validate_tree(tmp_path)
    assert any("not written to its end" in problem for problem in found)
    record_rollout(with_restart, tmp_path)
    assert path.read_bytes() == whole


def test_another_rollout_of_the_same_session_is_refused_and_changes_nothing(with_restart, tmp_path):
    path = record_rollout(with_restart, tmp_path)
    before = path.read_bytes(), meta_path(path).read_bytes()
    first = with_restart.events[0].model_copy(update={"ts": 1.0})
    other = with_restart.model_copy(
        update={"events": [first, *with_restart.events[1:]], "model": "another"}
    )
    with pytest.raises(UserError, match="other events of session"):
        record_rollout(other, tmp_path)
    assert (path.read_bytes(), meta_path(path).read_bytes()) == before


def test_half_a_surrogate_pair_survives(with_restart, tmp_path):
    event = trace_events(with_restart)[0]
    text = json.loads(line_of(event.model_copy(update={"text": "\ud83d"})))["text"]
    assert text == "\ud83d"


APPENDER = """
import resource, signal, sys
from pathlib import Path
from environments.telemetry.trace import TraceEvent, TraceMeta
from environments.telemetry.writer import TraceWriter
from world_fixtures.common import UserError
root, meta, line, count, limit = sys.argv[1:]
if int(limit):
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(limit), int(limit)))
meta = TraceMeta.model_validate_json(Path(meta).read_bytes())
event = TraceEvent.model_validate_json(Path(line).read_bytes())
with TraceWriter(Path(root), meta) as writer:
    for n in range(int(count)):
        try:
            writer.append(event)
        except UserError as error:
            print(error)
            break
        print("written", flush=True)
"""


def _appender(rollout, tmp_path, count, limit=0):
    meta, line = tmp_path / "m.json", tmp_path / "e.json"
    meta.write_bytes(line_of(trace_meta(rollout)))
    line.write_bytes(line_of(trace_events(rollout)[0]))
    return subprocess.Popen(
        [sys.executable, "-c", APPENDER, str(tmp_path / "tree"), str(meta), str(line),
         str(count), str(limit)],
        stdout=subprocess.PIPE, text=True, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip


def _lines(rollout, tmp_path):
    path = trace_path(tmp_path / "tree", rollout.id, rollout.started)
    return path.read_bytes().splitlines(keepends=True)


def test_a_full_disk_leaves_what_was_acknowledged_and_no_half_line(with_restart, tmp_path):
    # The largest file the process may write lies within the 60th line or so; the meta file fits.
    line = line_of(trace_events(with_restart)[0])
    limit = max(60 * len(line), 2 * len(line_of(trace_meta(with_restart)))) + 10
    process = _appender(with_restart, tmp_path, 10_000, limit)
    *acknowledged, error = process.communicate()[0].splitlines()
    assert process.returncode == 0
    assert "free some space" in error
    lines = _lines(with_restart, tmp_path)
    assert len(lines) == len(acknowledged)
    assert set(lines) == {line}


def test_writers_of_one_trace_do_not_tear_each_others_lines(with_restart, tmp_path):
    writers = [_appender(with_restart, tmp_path, 200) for _ in range(3)]
    acknowledged = sum(len(w.communicate()[0].splitlines()) for w in writers)
    lines = _lines(with_restart, tmp_path)
    assert len(lines) == acknowledged == 600
    assert set(lines) == {line_of(trace_events(with_restart)[0])}


def test_a_killed_writer_loses_nothing_that_was_acknowledged(with_restart, tmp_path):
    process = _appender(with_restart, tmp_path, 1_000_000)
    acknowledged = 0
    assert process.stdout
    for _ in range(50):
        acknowledged += process.stdout.readline() == "written\n"
    process.kill()
    process.communicate()
    path = trace_path(tmp_path / "tree", with_restart.id, with_restart.started)
    assert acknowledged == 50
    assert path.read_bytes().count(b"\n") >= 50
    with TraceWriter(tmp_path / "tree", trace_meta(with_restart)) as writer:
        writer.append(trace_events(with_restart)[0])
    assert set(_lines(with_restart, tmp_path)) == {line_of(trace_events(with_restart)[0])}
