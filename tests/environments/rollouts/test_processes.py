"""Work in several processes: all of it, in whatever order; none of them is left behind."""

from __future__ import annotations

import importlib
import os
import signal
import subprocess
import sys
import time
from multiprocessing import active_children
from pathlib import Path
from types import ModuleType

import pytest

from environments.rollouts.processes import WorkerKilled, in_processes

ROOT = Path(__file__).resolve().parents[3]
WORK = """
import os, signal, time
from pathlib import Path

def doubled(number):
    return 2 * number, os.getpid()

def killed(first_done):
    if first_done:
        while not Path(first_done).exists():
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGKILL)

def failing(number):
    if number:
        signal.pause()
    raise ValueError("odd")

def waiting(file):
    Path(file).write_text(str(os.getpid()))
    signal.pause()

def wait_in_processes(directory):
    from environments.rollouts.processes import in_processes
    in_processes(waiting, [f"{directory}/a", f"{directory}/b"], print, 2)
"""


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """A module that other processes can import: `tests` may be another package there."""
    (tmp_path / "work_to_spread.py").write_text(WORK)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "work_to_spread", raising=False)
    return importlib.import_module("work_to_spread")


def test_every_item_is_done_and_its_place_told(work):
    found: dict[int, int] = {}
    pids = set()

    def done(place: int, result: tuple[int, int]) -> None:
        found[place] = result[0]
        pids.add(result[1])

    in_processes(work.doubled, [3, 1, 2], done, 2)
    assert found == {0: 6, 1: 2, 2: 4}
    assert os.getpid() not in pids
    in_processes(work.doubled, [5], done)
    assert found[0] == 10
    assert os.getpid() in pids
    in_processes(work.doubled, [], done)
    assert not active_children()


def test_a_process_that_is_killed_is_told_and_what_was_done_is_kept(work, tmp_path):
    first_done = tmp_path / "done"
    with pytest.raises(WorkerKilled, match=r"process died.*memory is short .*: free some"):
        in_processes(
            work.killed,
            ["", *[str(first_done)] * 5],
            lambda *_: first_done.touch(exist_ok=False),
            2,
        )
    assert first_done.exists()
    assert not active_children()


def test_what_fails_ends_the_others(work):
    with pytest.raises(ValueError, match="odd"):
        in_processes(work.failing, [0, 1], lambda *_: None, 2)
    assert not active_children()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_whatever_ends_the_parent_leaves_no_process(number, work, tmp_path):
    """Ctrl-C goes to all processes of the terminal; SIGKILL to the parent alone."""
    program = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n"
        "from environments.modes.program import run_program\n"
        "from work_to_spread import wait_in_processes\n"
        f"raise SystemExit(run_program(lambda: wait_in_processes({str(tmp_path)!r})))\n"
    )
    started = subprocess.Popen(
        [sys.executable, "-c", program], cwd=ROOT, stderr=subprocess.PIPE, start_new_session=True
    )
    files = [tmp_path / "a", tmp_path / "b"]
    while not all(f.exists() and f.read_text() for f in files):
        assert started.poll() is None
        time.sleep(0.01)
    if number == signal.SIGINT:
        os.killpg(started.pid, number)
    else:
        started.kill()
    assert started.stderr is not None
    told = started.stderr.read()  # to its end: until no process has it open
    assert started.wait() == (130 if number == signal.SIGINT else -number)
    if number == signal.SIGINT:
        assert told == b"evennia-world: interrupted\n"
