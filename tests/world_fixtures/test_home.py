"""What belongs to a process, and whether it is still there."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from world_fixtures import home
from world_fixtures.common import UserError


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


def test_a_disk_without_room_for_a_database_is_told_with_the_remedy(own_home, small_files) -> None:
    with small_files(100_000), pytest.raises(UserError) as told:
        home.new_scratch()
    assert str(told.value).startswith(f"cannot write {own_home}")
    assert str(told.value).endswith("(File too large): free some space")
    assert list((own_home / "scratch").iterdir()) == []


def test_a_template_for_which_there_is_no_room_is_told_with_the_remedy(
    tmp_path, monkeypatch
) -> None:
    """What SQLite says in the process that makes it."""
    monkeypatch.setenv("EVENNIA_WORLD_HOME", str(tmp_path))
    said = "django.db.utils.OperationalError: database or disk is full"
    failed = subprocess.CompletedProcess([], 1, stdout="", stderr=f"Traceback\n{said}\n")
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: failed)
    with pytest.raises(UserError, match=rf"^cannot write .* \({said}\): free some space$"):
        home.template()
