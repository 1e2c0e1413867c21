"""The server as a program, with world servers: many sessions, the standard tasks, its end."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("openenv.core", reason="needs the extra openenv")

from environments.integrations.openenv.client import EvenniaEnv
from environments.integrations.openenv.models import EvenniaAction
from environments.integrations.openenv.validation import PACKAGE, passed, validate
from environments.tasks.model import Task
from environments.tasks.suites import load_suite, part_of
from tests.adapters.openenv_server import played, played_here

MODULE = "environments.integrations.openenv"


@contextlib.contextmanager
def program(*options: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """The server as a program, with one world server; its address."""
    process = subprocess.Popen(
        [sys.executable, "-m", MODULE, "--port", "0", "--servers", "1", *options],
        stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stderr is not None
    try:
        line = process.stderr.readline()
        found = re.search(r"http://\S+", line)
        assert found, line + process.stderr.read()
        yield found[0], process
    finally:
        process.kill()
        process.wait()
        process.stderr.close()


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with program() as (found, _):
        yield found


@pytest.fixture(scope="module")
def standard() -> tuple[Task, ...]:
    return part_of(load_suite("standard"), limit=100).tasks


@pytest.mark.slow
@pytest.mark.parametrize("policy", ["oracle", "noisy:0.2"])
async def test_a_hundred_standard_tasks_are_judged_as_in_our_own_play(
    address: str, standard: tuple[Task, ...], policy: str
) -> None:
    free = asyncio.Semaphore(8)

    async def both(task: Task) -> None:
        async with free, EvenniaEnv(base_url=address, message_timeout_s=600) as env:
            verdict = await played(env, policy, task, suite="standard")
            assert verdict == await played_here(policy, task), task.id
            assert policy != "oracle" or verdict.reward == 1.0, task.id

    await asyncio.gather(*map(both, standard))


@pytest.mark.slow
async def test_sixty_four_sessions_play_at_once_without_an_error(address: str) -> None:
    everyone = asyncio.Barrier(64)

    async def one(seed: int) -> float:
        async with EvenniaEnv(base_url=address, message_timeout_s=600) as env:
            await env.reset(seed=seed, difficulty=2)
            await everyone.wait()
            assert "Exits" in (await env.step(EvenniaAction.connect())).observation.result
            for command in ("look", "inventory", "north", "look"):
                told = await env.step(EvenniaAction.command(command))
                assert told.observation.result
                assert not told.observation.refused
            assert (await env.state()).step_count == 5
            judged = await env.step(EvenniaAction.give_up())
            assert judged.done
            return float(judged.reward)

    assert len(await asyncio.gather(*map(one, range(64)))) == 64


@pytest.mark.slow
@pytest.mark.parametrize(
    ("ending", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, 130), (signal.SIGKILL, -9)]
)
async def test_no_world_server_is_left_after_the_end(ending: signal.Signals, code: int) -> None:
    with program() as (found, process):
        env = EvenniaEnv(base_url=found)
        await env.reset(seed=1, difficulty=1)
        below = _below(process.pid)
        assert below, "there are world servers"
        process.send_signal(ending)
        told = await asyncio.to_thread(process.communicate, timeout=60)
        assert process.returncode == code, told
        assert "Traceback" not in told[1]
        await asyncio.to_thread(_gone, below)
        with contextlib.suppress(Exception):
            await env.close()


@pytest.mark.slow
def test_the_package_passes_openenv_s_own_validation(tmp_path: Path) -> None:
    report = validate("runtime")
    assert passed(report)
    passing = {result.check_id for result in report.results if result.status.value == "pass"}
    assert passing >= {
        "static.manifest", "runtime.startup", "runtime.observation_schema",
        "runtime.reward_well_formed", "runtime.state_contract",
    }  # fmt: skip
    assert not [r for r in report.results if r.status.value in ("fail", "error")]


def test_the_package_passes_openenv_s_command_line() -> None:
    command = [sys.executable, "-m", "openenv.cli", "validate", str(PACKAGE), "--level", "static"]
    told = subprocess.run(command, capture_output=True, text=True)
    assert told.returncode == 0, told.stdout + told.stderr
    assert "Verdict: PASS" in told.stdout


def test_a_port_that_is_taken_is_one_line() -> None:
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        command = [sys.executable, "-m", MODULE, "--port", port]
        told = subprocess.run(command, capture_output=True, text=True)
    assert told.returncode == 2
    assert len(told.stderr.splitlines()) == 1
    assert port in told.stderr


def _below(pid: int) -> list[int]:
    """The processes below one."""
    parents = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            name, rest = path.parent.name, path.read_text().rpartition(")")[2].split()
            parents[int(name)] = int(rest[1])
    found = [child for child, parent in parents.items() if parent == pid]
    return found + [below for child in found for below in _below(child)]


def _gone(pids: list[int]) -> None:
    """Wait for the end of processes that are not ours to wait for."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            fd = os.pidfd_open(pid)
            try:
                import select

                assert select.select([fd], [], [], 60)[0], f"{pid} is still there"
            finally:
                os.close(fd)
