"""Recording a tree: killed, out of disk, twice at once, or with the world server gone."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import pytest_asyncio

from environments.evaluation.embedded import play_embedded
from environments.rollouts.files import sample_line
from environments.rollouts.record import Rollout
from environments.tasks.build import make_task
from environments.tasks.model import Family
from environments.telemetry.layout import EVENTS, META, meta_path, trace_path
from environments.telemetry.reading import read_trace, validate_tree
from environments.telemetry.recording import record_rollout, trace_events, trace_meta
from environments.telemetry.replay import replay_file
from environments.telemetry.trace import TraceEvent
from environments.telemetry.writer import TraceWriter, line_of
from world_fixtures.client import Session
from world_fixtures.common import WorldLost
from world_fixtures.protocol import Event
from world_fixtures.servers import ServerPool

ROOT = Path(__file__).resolve().parents[3]
LIMITED = """
import resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]), int(sys.argv[1])))
from environments.cli import main
sys.exit(main(sys.argv[2:]))
"""
RECORD = "import sys; from environments.cli import main; sys.exit(main(sys.argv[1:]))"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def rollouts(pool: ServerPool) -> list[Rollout]:
    """Many sessions from a few that were played, each under an id of its own."""
    items = [(make_task(family, 1, 1), 0) for family in Family]
    played = await play_embedded(pool, "noisy", items)
    return [
        rollout.model_copy(update={"id": f"{rollout.id}-{copy}", "started": played[0].started})
        for copy in range(20)
        for rollout in played
    ]


@pytest.fixture
def run(rollouts: list[Rollout], tmp_path: Path) -> Path:
    path = tmp_path / "samples.jsonl"
    path.write_bytes(b"".join(map(sample_line, rollouts)))
    return path


def recorder(run: Path, tree: Path, *program: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", *(program or [RECORD]), "telemetry", "record"]
    return subprocess.Popen(
        [*command, str(run), "--root", str(tree)], text=True, cwd=ROOT,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip


def recorded(tree: Path) -> dict[str, bytes]:
    """Content of every file of a tree, by its name."""
    return {p.name: p.read_bytes() for p in tree.rglob("*") if p.is_file() and p.name[0] != "."}


def expected(rollouts: list[Rollout]) -> dict[str, bytes]:
    events = {r.id + EVENTS: b"".join(map(line_of, trace_events(r))) for r in rollouts}
    return events | {r.id + META: line_of(trace_meta(r)) for r in rollouts}


@pytest.mark.slow
def test_a_killed_recorder_is_continued_by_the_same_command(rollouts, run, tmp_path):
    tree = tmp_path / "tree"
    stuck = rollouts[20]
    path = trace_path(tree, stuck.id, stuck.started)
    path.parent.mkdir(parents=True)
    whole, torn = expected(rollouts), line_of(trace_events(stuck)[0])[:50]
    path.write_bytes(torn)
    with path.open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)  # here the recorder waits, its line not yet written
        process = recorder(run, tree)
        while not meta_path(path).exists():
            assert process.poll() is None
            time.sleep(0.01)
        process.send_signal(signal.SIGKILL)
        process.communicate()
    assert process.returncode == -signal.SIGKILL
    before = {name for r in rollouts[:20] for name in (r.id + EVENTS, r.id + META)}
    kept = {name: whole[name] for name in (*before, stuck.id + META)}
    assert recorded(tree) == {**kept, path.name: torn}
    again = recorder(run, tree)
    assert again.communicate()[0] == f"{len(rollouts)} traces in {tree}\n"
    assert recorded(tree) == whole
    assert validate_tree(tree) == (len(rollouts), [])


@pytest.mark.parametrize("fits", ["no meta file", "no second line"])
def test_a_full_disk_is_one_clear_line_and_leaves_no_half_one(rollouts, run, tmp_path, fits):
    tree = tmp_path / "tree"
    metas = [len(line_of(trace_meta(r))) for r in rollouts]
    traces = [line_of(e) for e in trace_events(rollouts[0])]
    big = rollouts[0].model_copy(
        update={"events": [rollouts[0].events[0].model_copy(update={"text": "x" * max(metas)})] * 2}
    )
    limit = len(line_of(trace_meta(rollouts[0]))) // 2 if "meta" in fits else max(metas) + 4000
    if "line" in fits:
        run.write_bytes(sample_line(big))
        traces = [line_of(e) for e in trace_events(big)]
        assert len(traces[0]) < limit < sum(map(len, traces))
    process = recorder(run, tree, LIMITED, str(limit))
    _, err = process.communicate()
    assert process.returncode == 2
    (line,) = err.splitlines()
    assert line.startswith("evennia-world: cannot write ")
    assert rollouts[0].id in line
    assert "free some space" in line
    found = [p for p in tree.rglob("*") if p.is_file()]
    if "meta" in fits:
        assert found == []
    else:
        assert recorded(tree)[big.id + EVENTS] == traces[0]
        record_rollout(big, tree)
        assert recorded(tree)[big.id + EVENTS] == b"".join(traces)


@pytest.mark.slow
def test_two_recorders_of_one_run_on_one_tree(rollouts, run, tmp_path):
    tree = tmp_path / "tree"
    both = [recorder(run, tree) for _ in range(2)]
    for process in both:
        out, err = process.communicate()
        assert process.returncode == 0, err
        assert out == f"{len(rollouts)} traces in {tree}\n"
    assert recorded(tree) == expected(rollouts)
    assert validate_tree(tree) == (len(rollouts), [])


@pytest.mark.asyncio(loop_scope="session")
async def test_a_world_server_that_is_killed_takes_no_acknowledged_event(rollouts, pool, tmp_path):
    rollout = next(r for r in rollouts if r.task.family is Family.NAVIGATION)
    meta = trace_meta(rollout).model_copy(update={"events": None, "started": 0.0})
    acknowledged = []

    async def play_on(session: Session, writer: TraceWriter) -> None:
        event = session.event
        while True:
            turn = len(acknowledged) + 1
            keys = {"session_id": meta.session_id, "task_id": meta.task.id, "stage": 0}
            call = {"turn": turn, "tool_call_id": f"call-{turn}"}
            writer.append(TraceEvent.of(event, **keys, **call))
            acknowledged.append(event)
            if turn == 5:
                doomed.servers[0].kill()
            event = await session.command("look")

    async with ServerPool(1) as doomed:
        instance = await doomed.acquire(rollout.task.spec)
        with TraceWriter(tmp_path, meta) as writer:
            session = await instance.open()
            with pytest.raises(WorldLost):
                await play_on(session, writer)
    path = trace_path(tmp_path, meta.session_id, meta.started)
    names = set(Event.model_fields)
    assert [e.model_dump(include=names) for e in read_trace(path).events] == [
        e.model_dump() for e in acknowledged
    ]
    assert validate_tree(tmp_path) == (1, [])
    result = await replay_file(path, pool)
    assert (result.events, result.difference) == (len(acknowledged), None)
