"""Programs as a user runs them, in a world home of their own."""

from __future__ import annotations

import contextlib
import io
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from unittest.mock import patch

import httpx
import pytest

from environments.cli import main
from tests.conftest import link_kept

ROOT = Path(__file__).resolve().parents[2]
ENV_FILE = str(ROOT / "environments" / "evennia_world_env.py")

TRAINER = {
    "wandb_group": "test", "wandb_project": "test", "batch_size": 8, "max_token_len": 16384,
    "checkpoint_dir": "", "save_checkpoint_interval": 0, "starting_step": 0, "num_steps": 1000,
}  # fmt: skip


class Programs:
    """Runs the command line and tells which world servers are still there."""

    def __init__(self, home: Path, cwd: Path) -> None:
        self.home = home
        self.cwd = cwd
        self.env = {
            **{k: v for k, v in os.environ.items() if not k.endswith("API_KEY")},
            "EVENNIA_WORLD_HOME": str(home),
            "WANDB_MODE": "offline",
            "PYTHONUNBUFFERED": "1",
        }

    def run(self, *args: str, **env: str) -> subprocess.CompletedProcess[str]:
        """`evennia-world ARGS`, to its end."""
        return self.run_file("-m", "environments.cli.main", *args, **env)

    def run_file(self, *args: str, **env: str) -> subprocess.CompletedProcess[str]:
        """`python ARGS`, to its end."""
        return subprocess.run(
            [sys.executable, *args], cwd=self.cwd, env={**self.env, "PYTHONPATH": str(ROOT), **env},
            capture_output=True, text=True, timeout=300,
        )  # fmt: skip

    def run_here(self, *args: str) -> subprocess.CompletedProcess[str]:
        """`evennia-world ARGS` in this process, which has loaded what a program takes seconds for.

        For runs whose files and words are looked at, where another test has the same as a program.
        """
        out, err = io.StringIO(), io.StringIO()
        with (
            patch.dict(os.environ, self.env, clear=True), contextlib.chdir(self.cwd),
            contextlib.redirect_stdout(out), contextlib.redirect_stderr(err),
        ):  # fmt: skip
            code = main(args)
        return subprocess.CompletedProcess(args, code, out.getvalue(), err.getvalue())

    def start(self, *command: str) -> subprocess.Popen[str]:
        """A program that runs on, in a process group of its own; its output goes to a file."""
        with open(self.cwd / "output.txt", "ab") as output:
            return subprocess.Popen(
                command, cwd=self.cwd, env={**self.env, "PYTHONPATH": str(ROOT)}, text=True,
                stdout=output, stderr=output, start_new_session=True,
            )  # fmt: skip

    def printed(self) -> str:
        """What the started programs have printed."""
        return (self.cwd / "output.txt").read_text()

    def world_servers(self) -> list[str]:
        """Command lines of the world servers of this home."""
        found = []
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                try:
                    command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                except OSError:
                    continue
                if str(self.home) in command:
                    found.append(command)
        return found

    def scratch(self) -> list[Path]:
        """Scratch directories that are there."""
        return list((self.home / "scratch").iterdir())

    def wait_for(self, true: Callable[[], object], what: str) -> None:
        """Return when `true()` is; the test fails after three minutes."""
        deadline = time.monotonic() + 180
        while not true():
            assert time.monotonic() < deadline, f"waited in vain for {what}"
            time.sleep(0.05)

    def interrupt(self, process: subprocess.Popen[str]) -> str:
        """Ctrl-C; what the program had printed."""
        os.killpg(process.pid, signal.SIGINT)
        process.wait(timeout=60)
        return self.printed()


@pytest.fixture(scope="session")
def world_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("worlds")
    link_kept(directory)
    return directory


@pytest.fixture
def programs(world_home: Path, tmp_path: Path) -> Programs:
    return Programs(world_home, tmp_path)


class Api:
    """A `run-api` process and a trainer beside it."""

    def __init__(self, programs, port: int) -> None:
        self._programs = programs
        self._port = port
        self.url = f"http://127.0.0.1:{port}"
        # `httpx.get` would read all certificates anew at each call.
        self._http = httpx.Client(base_url=self.url, trust_env=False)
        self.start()

    def start(self) -> None:
        run_api = str(Path(sys.executable).with_name("run-api"))
        self._process = self._programs.start(
            run_api, "--host", "127.0.0.1", "--port", str(self._port)
        )
        self._programs.wait_for(self._up, "run-api")
        self._http.post("/register", json=TRAINER).raise_for_status()
        self._http.get("/batch").raise_for_status()

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()

    def close(self) -> None:
        self.kill()
        self._http.close()

    def take(self, number: int, env) -> list:
        """So many batches."""
        batches = []

        def enough() -> bool:
            assert env.poll() is None, self._programs.printed()
            batch = self._http.get("/batch").json()["batch"]
            batches.extend([batch] if batch else [])
            return len(batches) >= number

        self._programs.wait_for(enough, f"{number} batches")
        return batches

    def _up(self) -> bool:
        try:
            return self._http.get("/info").status_code == 200
        except httpx.HTTPError:
            return False


@pytest.fixture
def api(programs):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    api = Api(programs, port)
    yield api
    api.close()


def serve(programs, api, *options):
    return programs.start(
        sys.executable, ENV_FILE, "serve", "--env.rollout_server_url", api.url,
        "--env.group_size", "4", "--env.batch_size", "8", "--env.total_steps", "1000", *options,
    )  # fmt: skip
