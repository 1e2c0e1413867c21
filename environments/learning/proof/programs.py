"""The programs of the training chain: started, waited for, and ended with whoever started them."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import httpx

from world_fixtures.common import UserError

START_SECONDS = 600.0
"""Until a program must answer; loading a model on a busy machine takes long."""
STOP_SECONDS = 30.0
POLL = 0.1
_DEATH_SIGNAL = 1
"""PR_SET_PDEATHSIG of Linux's <sys/prctl.h>."""
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None
EVENNIA_WORLD = (sys.executable, "-m", "environments.cli.main")


@contextlib.contextmanager
def program(name: str, command: Sequence[str], logs: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program while the block runs; what it prints goes to `logs`/`name`.log.

    It is asked to stop as by Ctrl-C, and killed where it does not. On Linux it also ends where this
    process is killed.
    """
    logs.mkdir(parents=True, exist_ok=True)
    environment = {**os.environ, "OMP_WAIT_POLICY": "PASSIVE"}  # or waiting threads take the cores
    with (logs / f"{name}.log").open("ab") as log:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment,
            start_new_session=True, preexec_fn=_end_with_parent,
        )  # fmt: skip
        try:
            yield process
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGINT)
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def _end_with_parent() -> None:
    """Have the system stop this process when its parent dies: who is killed can stop nobody."""
    if _LIBC is not None:
        _LIBC.prctl(_DEATH_SIGNAL, signal.SIGTERM)


def run(name: str, command: Sequence[str], logs: Path) -> None:
    """Run a program to its end. Raises UserError with its last line where it fails."""
    with program(name, command, logs) as process:
        if process.wait():
            raise failure(name, logs)


def wait_until(
    true: Callable[[], bool], name: str, process: subprocess.Popen[bytes], logs: Path
) -> None:
    """Return when `true()`. Raises UserError where the program ends first, or takes too long."""
    deadline = time.monotonic() + START_SECONDS
    while not true():
        if process.poll() is not None or time.monotonic() > deadline:
            raise failure(name, logs)
        time.sleep(POLL)


def failure(name: str, logs: Path) -> UserError:
    """Return an error that tells the last line that a program printed."""
    log = logs / f"{name}.log"
    lines = log.read_text(errors="replace").strip().splitlines() if log.is_file() else []
    return UserError(f"{name} has failed: {lines[-1] if lines else 'it printed nothing'} ({log})")


@contextlib.contextmanager
def model_server(
    model: Path, logs: Path, *, chat_template: str, answer_tokens: int, seed: int = 0,
    threads: int = 2,
) -> Iterator[str]:  # fmt: skip
    """Serve a model while the block runs; its base URL."""
    address = logs / "model-server.url"
    address.unlink(missing_ok=True)
    command = [
        *EVENNIA_WORLD, "model-server", str(model), "--url-file", str(address),
        "--chat-template", chat_template, "--answer-tokens", str(answer_tokens),
        "--seed", str(seed), "--threads", str(threads),
    ]  # fmt: skip
    with program("model-server", command, logs) as process:
        wait_until(address.is_file, "model-server", process, logs)
        yield address.read_text().strip()


@contextlib.contextmanager
def rollout_server(logs: Path) -> Iterator[str]:
    """Run Atropos's `run-api` on loopback while the block runs; its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    command = [
        str(Path(sys.executable).with_name("run-api")), "--host", "127.0.0.1", "--port", str(port)
    ]  # fmt: skip

    def up() -> bool:
        try:
            return httpx.get(f"{url}/info", trust_env=False).status_code == 200
        except httpx.HTTPError:
            return False

    with program("run-api", command, logs) as process:
        wait_until(up, "run-api", process, logs)
        yield url
