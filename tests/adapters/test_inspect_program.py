"""Suites evaluated by Inspect's own program, against an endpoint."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("inspect_ai", reason="Inspect is not installed")
from inspect_ai.log import EvalLog, read_eval_log

from environments.hosting.worlds import shared_worlds
from environments.policies.endpoint import PolicyEndpoint
from environments.tasks.model import Task
from environments.tasks.suites import load_suite, part_of
from tests.adapters.inspect_logs import by_id, verdict_of
from tests.directly import played


class Holding(PolicyEndpoint):
    """Answers so many requests and holds those after them."""

    def __init__(self, answers: int) -> None:
        super().__init__()
        self.left = answers
        self.held, self.over = threading.Event(), asyncio.Event()

    async def _complete(self, request: Any) -> Any:
        self.left -= 1
        if self.left < 0:
            self.held.set()
            await self.over.wait()
        return await super()._complete(request)


class Endpoint:
    """Policies over HTTP in a thread, for programs."""

    def __init__(self, tasks: Sequence[Task], answers: int = 1_000_000) -> None:
        self._tasks = tasks
        self._answers = answers
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)

    def __enter__(self) -> Endpoint:
        self._thread.start()
        assert self._ready.wait(60)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self.serving.over.set)
        self._thread.join(30)

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        async with Holding(self._answers) as self.serving:
            for task in self._tasks:
                self.serving.expect(f"{task.id}/0", task, 0)
            self._ready.set()
            await self.serving.over.wait()


def started(
    endpoint: Endpoint, policy: str, out: Path, *options: str, **env: str
) -> subprocess.Popen[str]:
    """`inspect eval` as a user calls it, against an endpoint on loopback."""
    keys = {"POLICIES_API_KEY": "none", "POLICIES_BASE_URL": endpoint.serving.base_url}
    return subprocess.Popen(
        [str(Path(sys.executable).with_name("inspect")), "eval", *options, "--model",
         f"openai-api/policies/{policy}", "-T", "user=true", "--log-dir", str(out),
         "--display", "plain"],
        env=os.environ | keys | env, cwd=out.parent, text=True, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )  # fmt: skip


def log_in(directory: Path) -> EvalLog:
    (found,) = directory.glob("*.eval")
    return read_eval_log(str(found))


@pytest.mark.slow
@pytest.mark.parametrize("policy", ["oracle", "noisy:0.3"])
def test_a_hundred_tasks_of_standard_by_the_command_line(policy, tmp_path):
    tasks = part_of(load_suite("standard"), limit=100).tasks
    with Endpoint(tasks) as endpoint:
        program = started(
            endpoint, policy, tmp_path / "logs", "evennia_world/standard", "-T", "limit=100"
        )
        printed, _ = program.communicate()
    assert program.returncode == 0, printed
    log = log_in(tmp_path / "logs")
    assert log.status == "success"
    samples = by_id(log)
    assert len(samples) == 100
    for task in tasks:
        assert verdict_of(samples[task.id]) == played(shared_worlds(1), policy, task).verdict
    rewards = [sample.scores["reward"].value for sample in log.samples]
    if policy == "oracle":
        assert rewards == [1.0] * 100
    else:
        assert len(set(rewards)) > 10


@pytest.mark.slow
def test_a_run_that_is_interrupted_keeps_what_was_played_and_no_world_server(own_home, tmp_path):
    tasks = part_of(load_suite("basics"), limit=3).tasks
    answers = played(shared_worlds(1), "oracle", tasks[0]).turns + 2
    with Endpoint(tasks, answers) as endpoint:
        program = started(
            endpoint, "oracle", tmp_path / "logs", "evennia_world/basics", "-T", "limit=3",
            "--max-samples", "1", EVENNIA_WORLD_HOME=str(own_home),
        )  # fmt: skip
        assert endpoint.serving.held.wait(300)
        assert _programs_of(own_home)
        program.send_signal(signal.SIGINT)
        printed, _ = program.communicate(timeout=120)
    assert _programs_of(own_home) == []
    log = log_in(tmp_path / "logs")
    assert log.status == "cancelled", printed
    assert [s.scores["reward"].value for s in log.samples or () if s.scores] == [1.0]


def _programs_of(home: Path) -> list[str]:
    """Command lines of the programs that name a world home."""
    found = []
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if entry.name.isdigit():
                command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                found += [command] if str(home) in command else []
    return found
