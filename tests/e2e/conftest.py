"""Programs as a user runs them, in a world home of their own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from world_fixtures import home

ROOT = Path(__file__).resolve().parents[2]
ENV_FILE = str(ROOT / "environments" / "evennia_world_env.py")


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
    (directory / "templates").symlink_to(home.template().parent)
    return directory


@pytest.fixture
def programs(world_home: Path, tmp_path: Path) -> Programs:
    return Programs(world_home, tmp_path)
