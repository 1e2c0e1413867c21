"""OpenEnv's own validation of the package, with the server as a process where it wants Docker."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

from openenv.validation import Level, ValidationReport, Verdict, run_validation
from openenv.validation.manifest import ExecutionDeclaration
from openenv.validation.providers import ExecResult, StartupError, UnsupportedCapability
from openenv.validation.runner import source_digest
from openenv.validation.runtime.contracts import LaunchSpec
from openenv.validation.types import ProviderCapability

PACKAGE = Path(__file__).resolve().parent / "package"
ROOT = Path(__file__).resolve().parents[3]
STARTING, STOPPING = 120.0, 30.0
"""Seconds until the server answers, and until it has stopped."""
HANDED_ON = ("PATH", "HOME", "TMPDIR")
"""Variables that the server sees of ours, besides those that say where worlds run."""
LEVELS = {"static": Level.STATIC, "runtime": Level.RUNTIME}


class LocalProvider:
    """Starts the package's application as a process of this machine, in this interpreter.

    It bounds neither resources nor the network, and says so: what needs that is skipped.
    """

    name = "local-process"
    capabilities = frozenset({ProviderCapability.IMAGE_BUILD})
    supported_network_modes = frozenset({"public"})

    def __init__(self) -> None:
        """Know no package yet."""
        self._root = PACKAGE

    def build(self, root: Path, execution: ExecutionDeclaration) -> str:
        """Take the package as it is; the reference is its digest."""
        self._root = root
        return f"sha256:{source_digest(root)}"

    def start(self, spec: LaunchSpec) -> LocalServer:
        """Start the application. Raises StartupError where it does not answer in time."""
        return LocalServer(self._root, spec)


class LocalServer:
    """The running application."""

    def __init__(self, root: Path, spec: LaunchSpec) -> None:
        """Start it on a free port and wait until it is healthy."""
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.base_url = f"http://127.0.0.1:{port}"
        own = {
            name: value
            for name, value in os.environ.items()
            if name in HANDED_ON or name.startswith("EVENNIA_WORLD_")
        }
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 - open as long as the process
        self._process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "uvicorn",
                "--app-dir",
                str(root),
                "server.app:app",
                "--port",
                str(port),
            ],
            env={**own, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1", **spec.env_vars},
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            self._wait()
        except BaseException:
            self.stop()
            raise

    def inspect(self) -> dict[str, Any]:
        """Tell what runs."""
        return {"provider": LocalProvider.name, "running": self._process.poll() is None}

    def logs(self, max_bytes: int = 65536) -> str:
        """Return the end of what the application said."""
        self._log.seek(max(0, self._log.seek(0, os.SEEK_END) - max_bytes))
        return self._log.read().decode(errors="replace")

    def exec(self, argv: list[str], timeout_s: float) -> ExecResult:
        """Refuse: nothing holds a command in."""
        raise UnsupportedCapability("a process of this machine is no sandbox")

    def stop(self) -> None:
        """End the application, and wait for it."""
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(STOPPING)
            except subprocess.TimeoutExpired:
                os.killpg(self._process.pid, signal.SIGKILL)
                self._process.wait()
        self._log.close()

    def _wait(self) -> None:
        deadline = time.monotonic() + STARTING
        while time.monotonic() < deadline and self._process.poll() is None:
            try:
                with urllib.request.urlopen(f"{self.base_url}/health", timeout=5):
                    return
            except OSError:
                time.sleep(0.2)
        raise StartupError(f"the application did not answer: {self.logs(2000)}")


def validate(level: Literal["static", "runtime"], package: Path = PACKAGE) -> ValidationReport:
    """Validate the package up to a level, and return OpenEnv's report."""
    return run_validation(package, max_level=LEVELS[level], provider=LocalProvider())


def passed(report: ValidationReport) -> bool:
    """Tell whether nothing failed; what this version of OpenEnv cannot check yet is skipped."""
    return report.verdict is not Verdict.FAIL


def told(report: ValidationReport) -> Iterator[str]:
    """Yield the lines of a report."""
    for result in report.results:
        line = f"{result.status.value:5} {result.check_id}"
        passing = result.status.value == "pass"
        yield line if passing else f"{line}: {'; '.join(result.evidence)}"
    yield f"verdict: {report.verdict.value}"
