"""How a program ends: an exit code, and one line on stderr for whatever went wrong."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from environments.modes.program import run_program
from world_fixtures.common import UserError, WorldLost

ROOT = Path(__file__).resolve().parents[3]
VERB = [sys.executable, "-m", "environments.cli.main"]


@pytest.fixture(autouse=True)
def _sigint() -> Iterator[None]:
    """An interrupted program ends; this process goes on."""
    before = signal.getsignal(signal.SIGINT)
    yield
    signal.signal(signal.SIGINT, before)


def ending(error: BaseException) -> int:
    def main() -> int:
        raise error

    return run_program(main)


@pytest.mark.parametrize(
    ("error", "code", "told"),
    [
        (UserError("no such thing"), 2, "no such thing"),
        (ExceptionGroup("tasks", [UserError("in a task")]), 2, "in a task"),
        (WorldLost("it died"), 2, "the world server failed: it died"),
        (FileNotFoundError(errno.ENOENT, "No such file", "a.txt"), 2, "a.txt: No such file"),
        (OSError(errno.EMFILE, "Too many open files"), 2, "`ulimit -n`"),
        (OSError(errno.ENOSPC, "No space left on device"), 2, "No space left"),
        (KeyboardInterrupt(), 130, "interrupted"),
    ],
)
def test_what_is_expected_is_one_line(error, code, told, capsys) -> None:
    assert ending(error) == code
    captured = capsys.readouterr()
    assert captured.err.startswith("evennia-world: ")
    assert told in captured.err
    assert captured.err.count("\n") == 1


def test_a_reader_that_has_gone_in_a_task_is_no_defect(capfd) -> None:
    assert ending(ExceptionGroup("tasks", [BrokenPipeError(errno.EPIPE, "Broken pipe")])) == 141
    assert capfd.readouterr().err == ""


def test_a_defect_is_one_line_and_its_details_are_in_a_file(tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    assert ending(ZeroDivisionError("odd\nthing \ud800")) == 1
    (file,) = tmp_path.glob("evennia-world-error-*.log")
    assert capsys.readouterr().err == (
        f"evennia-world: an unexpected error (ZeroDivisionError); its details are in {file.name}\n"
    )
    assert "Traceback" in file.read_text()


def test_the_details_of_a_defect_find_another_place(tmp_path, monkeypatch, capsys) -> None:
    def nowhere(path: Path, *_: object) -> None:
        if path.parent != tmp_path:
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        path.touch()

    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path))
    monkeypatch.setattr(Path, "write_text", nowhere)
    assert ending(ZeroDivisionError()) == 1
    assert f"its details are in {tmp_path}" in capsys.readouterr().err


@pytest.mark.parametrize("argv", [["--help"], ["compare", "--help"]])
def test_whose_reader_has_gone_ends_without_a_word(argv) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as pipe:
        done = subprocess.run([*VERB, *argv], cwd=ROOT, stdout=pipe, stderr=subprocess.PIPE)
    assert (done.returncode, done.stderr) == (141, b"")


@pytest.mark.parametrize("number", [0, 1, 2])
def test_a_stream_that_is_closed_is_nothing_to_speak_of(number) -> None:
    shell = f'exec {number}>&-; exec "$@"'
    done = subprocess.run(["sh", "-c", shell, "sh", *VERB, "--help"], cwd=ROOT, capture_output=True)
    assert (done.returncode, done.stderr) == (0, b"")


def test_a_full_disk_behind_the_output_is_told() -> None:
    with open("/dev/full", "wb") as full:
        done = subprocess.run([*VERB, "--help"], cwd=ROOT, stdout=full, stderr=subprocess.PIPE)
    assert done.returncode == 2
    assert done.stderr.startswith(b"evennia-world: cannot write the output")
    assert done.stderr.count(b"\n") == 1


def test_a_locale_without_its_letters_does_not_stop_it() -> None:
    env = {**os.environ, "PYTHONIOENCODING": "ascii", "COLUMNS": "1"}
    done = subprocess.run(
        [*VERB, "worlds", "show", "timmy_home"], cwd=ROOT, env=env, capture_output=True
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.isascii()


FILE = (sys.executable, str(ROOT / "environments" / "evennia_world_env.py"), "evaluate")


@pytest.mark.parametrize(
    ("command", "imported"),
    [(FILE, "atroposlib"), (FILE, "tempfile"), ((*VERB, "worlds", "list"), "typer")],
)
def test_an_interruption_while_a_program_is_still_being_loaded_is_one_line(
    command, imported, tmp_path
) -> None:
    stub = tmp_path / f"{imported}.py"
    stub.write_text("import os, signal\nos.kill(os.getpid(), signal.SIGINT)\n")
    env = {**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"}
    done = subprocess.run(command, env=env, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (130, "evennia-world: interrupted\n")


INTERRUPTED = """
import asyncio, atexit, os, signal, sys, threading
from environments.modes.program import run_program
from environments.modes.run import interrupted_once, run_coroutine, run_until_stopped

def press():
    os.kill(os.getpid(), signal.SIGINT)

class Late:  # goes when the interpreter has ended all but its modules
    def __del__(self, press=press):
        press()

async def waiting():
    press()
    try:
        await asyncio.Event().wait()
    finally:  # its clean-up
        press()
        await asyncio.sleep(0)
        press()
        print("cleaned up", flush=True)

def plain():
    try:
        press()
    finally:
        press()

def once():
    with interrupted_once():
        try:
            press()
        finally:
            press()
            print("cleaned up", flush=True)

kept = Late()
if sys.argv[2:]:  # the interpreter waits for a thread
    threading.Thread(target=threading.Event().wait).start()
atexit.register(press)
ways = {
    "plain": plain, "text": lambda: exec("press()"), "once": once,
    "coroutine": lambda: run_coroutine(waiting), "stopped": lambda: run_until_stopped(waiting),
}
code = run_program(ways[sys.argv[1]])
if sys.argv[2:]:
    threading.Thread(target=press, daemon=True).start()
sys.exit(code)
"""


@pytest.mark.parametrize(
    ("how", "out", "err"),
    [
        (["plain"], "", "evennia-world: interrupted\n"),
        (["plain", "thread"], "", "evennia-world: interrupted\n"),
        (["text"], "", "evennia-world: interrupted\n"),
        (["once"], "cleaned up\n", "evennia-world: interrupted\n"),
        (["coroutine"], "cleaned up\n", "evennia-world: interrupted\n"),
        (["stopped"], "cleaned up\n", "stopped: what was finished is kept\n"),
        (["stopped", "thread"], "cleaned up\n", "stopped: what was finished is kept\n"),
    ],
    ids=["plain", "plain thread", "text", "once", "coroutine", "stopped", "stopped thread"],
)
def test_whoever_presses_ctrl_c_many_times_gets_one_line_and_the_same_code(
    how, out, err, tmp_path
) -> None:
    (tmp_path / "interrupted.py").write_text(INTERRUPTED)
    command = [sys.executable, "-m", "interrupted", *how]
    env = {**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"}
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (130, out, err)
