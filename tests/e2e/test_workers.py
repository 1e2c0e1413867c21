"""`--workers`: the same files as alone, whatever happens to a worker or to the program."""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path

import pytest

from environments.export.groups import read_groups
from environments.rollouts.files import read_rollouts
from environments.rollouts.parts import read_parts
from tests.e2e.conftest import serve

pytestmark = pytest.mark.slow

whole = pytest.mark.skipif("WHOLE" not in os.environ, reason="half a minute each: `make ray`")
ITEMS = 10
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


def test_killed_workers_and_a_killed_driver_change_no_byte(programs, tmp_path):
    done = programs.run(*PROCESS)
    assert done.returncode == 0, done.stderr
    path, alone = tmp_path / "groups.jsonl", tmp_path / "alone.jsonl"
    for beside in (path, Path(f"{path}.run.json")):
        beside.rename(tmp_path / beside.name.replace("groups", "alone"))
    (tmp_path / "groups.hermes").rename(tmp_path / "alone.hermes")
    written = alone.read_bytes()

    running = start(programs, *PROCESS, "--workers", "2")
    programs.wait_for(lambda: lines(path) >= 2, "groups")
    first = workers(running.pid)[0]
    os.kill(first, signal.SIGKILL)
    programs.wait_for(lambda: lines(path) >= 4, "more groups")
    assert written.startswith(path.read_bytes())
    running.kill()  # whom nobody asks ends
    running.wait()
    programs.wait_for(lambda: not programs.world_servers(), "the end of the worlds")

    # the rest in parts, which are read as one file with what is there
    begun = path.read_bytes()
    done = programs.run(*PROCESS, "--workers", "1", "--env.part_bytes", "1")
    assert done.returncode == 0, done.stderr
    assert path.read_bytes() == begun
    assert begun + b"".join(line for _, line in read_parts(path)) == written
    read, expected = (read_groups(file, lambda settings: []) for file in (path, alone))
    assert [(r.conversations, r.verdict) for r in read] == [
        (r.conversations, r.verdict) for r in expected
    ]


def samples(path: Path) -> list[dict]:
    """Rollouts without what differs in any two runs: times, and names of worlds."""
    found = []
    for read in read_rollouts(path):
        rollout = read.model_dump(mode="json")
        for name in TIMES:
            del rollout[name]
        for call in rollout["tool_calls"]:
            del call["ms"]
        for event in rollout["events"]:
            for name in ("ts", "ms", "instance", "session"):
                del event[name]
        found.append(rollout)
    return sorted(found, key=lambda rollout: rollout["id"])


@whole
def test_a_suite_is_played_by_workers_as_alone(programs, tmp_path):
    command = ("evaluate", "--limit", "6", "--attempts", "2", "--out")
    assert programs.run(*command, "alone").returncode == 0
    running = start(programs, *command, "far", "--workers", "2")
    programs.wait_for(lambda: lines(tmp_path / "far" / "samples.jsonl") >= 1, "samples")
    programs.interrupt(running)
    assert running.returncode == 130
    assert programs.world_servers() == []
    done = programs.run(*command, "far", "--workers", "2", "--env.part_bytes", "1")
    assert done.returncode == 0, done.stderr
    assert lines(tmp_path / "far" / "samples.jsonl") < 12
    assert samples(tmp_path / "far") == samples(tmp_path / "alone")
    assert (tmp_path / "far" / "run.json").read_text() == (
        tmp_path / "alone" / "run.json"
    ).read_text()
    scores = [json.loads((tmp_path / n / "metrics.json").read_text()) for n in ("far", "alone")]
    assert scores[0]["results"]["all"]["mean_reward"] == scores[1]["results"]["all"]["mean_reward"]


@whole
def test_replicas_feed_one_trainer_and_are_started_again(programs, api):
    env = serve(programs, api, "--env.replicas", "2", "--env.difficulty", "[1, 2]")
    programs.wait_for(
        lambda: programs.printed().count("registered with the trainer") == 2, "two environments"
    )
    api.take(1, env)
    os.kill(workers(env.pid)[0], signal.SIGKILL)
    programs.wait_for(lambda: "of 2 died" in programs.printed(), "notice of a death")
    programs.wait_for(
        lambda: programs.printed().count("registered with the trainer") == 3, "its successor"
    )
    api.take(1, env)
    env.send_signal(signal.SIGTERM)
    assert env.wait(60) == 130
    programs.wait_for(lambda: not programs.world_servers(), "the end of the worlds")
    told = programs.printed()
    assert len([line for line in told.splitlines() if "served in all" in line]) == 1
    assert "atroposlib" not in told  # whose log has lines for each item
