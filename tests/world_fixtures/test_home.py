"""What belongs to a process, and whether it is still there."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from world_fixtures import home


def test_we_are_alive_and_a_child_that_was_asked_is_not() -> None:
    assert home.alive(os.getpid())
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    assert not home.alive(child.pid)


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs Linux's /proc")
def test_one_that_has_ended_is_not_alive_though_nobody_asked_how() -> None:
    child = subprocess.Popen([sys.executable, "-c", ""], stdout=subprocess.PIPE)
    assert child.stdout is not None
    child.stdout.read()  # to its end: the process closes it as it ends
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    os.kill(child.pid, 0)
    assert not home.alive(child.pid)
    child.wait()
    child.stdout.close()
