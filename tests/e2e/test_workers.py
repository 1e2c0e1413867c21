"""`--workers`: the same files as alone, whatever happens to a worker or to the program."""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ITEMS = 14
PROCESS = (
    "process", "--limit", str(ITEMS), "--group-size", "2", "--concurrency", "3",
    "--env.target_success", "0.5", "--env.signal_floor", "0.3", "--out", "groups.jsonl",
)  # fmt: skip
"""With a curriculum, in which each item depends on the results of earlier ones."""
TIMES = ("started", "seconds", "model_seconds", "world_seconds")


def lines(path: Path) -> int:
    return path.read_bytes().count(b"\n") if path.exists() else 0


def workers(pid: int) -> list[int]:
    """The worker processes that a program has started."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
                command = (entry / "cmdline").read_bytes()
            except OSError:
                continue
            if parent == pid and b"spawn_main" in command:
                found.append(int(entry.name))
    return found


def start(programs, *args):
    return programs.start(sys.executable, "-m", "environments.cli.main", *args)


def test_killed_workers_interruptions_and_a_killed_driver_change_no_byte(programs, tmp_path):
    done = programs.run(*PROCESS)
    assert done.returncode == 0, done.stderr
    path, alone = tmp_path / "groups.jsonl", tmp_path / "alone.jsonl"
    for beside in (path, Path(f"{path}.run.json")):
        beside.rename(tmp_path / beside.name.replace("groups", "alone"))
    (tmp_path / "groups.hermes").rename(tmp_path / "alone.hermes")
    whole = alone.read_bytes()

    running = start(programs, *PROCESS, "--workers", "2")
    programs.wait_for(lambda: lines(path) >= 2, "groups")
    first = workers(running.pid)[0]
    os.kill(first, signal.SIGKILL)
    programs.wait_for(lambda: lines(path) >= 4, "more groups")
    programs.interrupt(running)
    assert running.returncode == 130
    assert programs.world_servers() == []
    assert whole.startswith(path.read_bytes())

    running = start(programs, *PROCESS, "--workers", "1")
    before = lines(path)
    programs.wait_for(lambda: lines(path) > before, "groups")
    running.kill()  # whom nobody asks ends
    running.wait()
    programs.wait_for(lambda: not programs.world_servers(), "the end of the worlds")

    done = programs.run(*PROCESS, "--workers", "2")
    assert done.returncode == 0, done.stderr
    assert path.read_bytes() == whole


def samples(path: Path) -> list[dict]:
    """Samples without what differs in any two runs: times."""
    found = []
    for line in path.read_text().splitlines():
        sample = json.loads(line)
        rollout = sample["rollout"]
        for name in TIMES:
            del rollout[name]
        for call in rollout["tool_calls"]:
            del call["ms"]
        for event in rollout["events"]:
            for name in ("ts", "ms"):
                event.pop(name)
        found.append(sample)
    return found


def test_a_suite_is_played_by_workers_as_alone(programs, tmp_path):
    command = ("evaluate", "--limit", "6", "--attempts", "2", "--out")
    assert programs.run(*command, "alone").returncode == 0
    running = start(programs, *command, "far", "--workers", "2")
    programs.wait_for(lambda: lines(tmp_path / "far" / "samples.jsonl") >= 1, "samples")
    programs.interrupt(running)
    done = programs.run(*command, "far", "--workers", "2")
    assert done.returncode == 0, done.stderr
    assert samples(tmp_path / "far" / "samples.jsonl") == samples(
        tmp_path / "alone" / "samples.jsonl"
    )
    assert (tmp_path / "far" / "run.json").read_text() == (
        tmp_path / "alone" / "run.json"
    ).read_text()
    scores = [json.loads((tmp_path / n / "metrics.json").read_text()) for n in ("far", "alone")]
    assert scores[0]["overall"]["reward"] == scores[1]["overall"]["reward"]
