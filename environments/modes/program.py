"""The outermost layer of every program: its failures as one line on stderr and an exit code.

Loads little, so that help is quick.
"""

from __future__ import annotations

import atexit
import errno
import importlib.util
import os
import resource
import signal
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable
from pathlib import Path

from world_fixtures.errors import UserError, WorldLost
from world_fixtures.text import printable

BAD_INPUT, UNEXPECTED, INTERRUPTED, BROKEN_PIPE = 2, 1, 130, 141


def run_program(main: Callable[[], int]) -> int:
    """Run `main` and return its exit code; whatever it raises is told in one line.

    2: bad input, or something that the user can correct; 130: interrupted; 141: whoever read the
    output has gone, which needs no words; 1: a defect of ours, whose details go to a file.
    After an interruption the process is taken to end: SIGINT only makes it end sooner. The text
    of a KeyboardInterrupt is told, where it has one.
    """
    _open_standard_streams()
    try:
        try:
            code = main()
            sys.stdout.flush()
        except KeyboardInterrupt as interrupt:
            return _interrupted(str(interrupt))
    except KeyboardInterrupt:  # pressed again before it could be ignored
        return _interrupted("")
    except Exception as raised:
        error = _lone(raised)
        if isinstance(error, BrokenPipeError):
            _drop_output()
            return BROKEN_PIPE
        told = expected(error)
        if told is not None:
            return _end(told, BAD_INPUT)
        return _end(_unexpected(error), UNEXPECTED)
    if code == INTERRUPTED:
        _end_at_once_if_pressed_again()
    return code


def _interrupted(said: str) -> int:
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    # An interrupted exec() of text, as classes are made by, has `python -m` end by the signal
    # although it was caught; another one takes that back.
    exec("")
    code = _end(said or "interrupted", INTERRUPTED)
    _end_at_once_if_pressed_again()
    return code


def _end_at_once_if_pressed_again() -> None:
    """Have SIGINT end the wait for threads, where there is one, and have it ignored after that.

    The interpreter's own end would turn any other handler into death by the signal.
    """
    if threading.current_thread() is not threading.main_thread():
        return
    atexit.register(signal.signal, signal.SIGINT, signal.SIG_IGN)
    waits = any(not t.daemon for t in threading.enumerate() if t is not threading.main_thread())
    handler = (lambda *_: os._exit(INTERRUPTED)) if waits else signal.SIG_IGN
    signal.signal(signal.SIGINT, handler)


def expected(error: Exception) -> str | None:
    """Return what to tell of an error that the user can correct; None for a defect of ours."""
    if isinstance(error, UserError):
        return str(error)
    if isinstance(error, WorldLost):
        return f"the world server failed: {error}"
    if isinstance(error, ModuleNotFoundError) and is_light():
        return (
            f"{error.name} is not installed here, and this command needs it: install the whole"
            " distribution, evennia-world-env, in the place of evennia-world-env-light"
        )
    if isinstance(error, OSError) and error.errno in (errno.EMFILE, errno.ENFILE):
        soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        return f"the limit of {soft} open files is too low: raise it with `ulimit -n`"
    if isinstance(error, OSError) and error.filename:
        return f"{os.fsdecode(error.filename)}: {error.strerror}"
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"cannot write the output: {error.strerror}"
    return None


def is_light() -> bool:
    """Tell whether the light distribution is installed, which leaves much out."""
    return importlib.util.find_spec("atroposlib") is None


def _lone(error: Exception) -> Exception:
    """Return what failed in a group of tasks, where one thing did."""
    while isinstance(error, ExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]
    return error


def _end(message: str, code: int) -> int:
    try:
        sys.stdout.flush()
        print(printable(f"evennia-world: {message}"), file=sys.stderr, flush=True)
    except OSError:  # nobody reads it, or there is no room for it
        _drop_output()
    return code


def _unexpected(error: Exception) -> str:
    """Write the details of a defect to a file, and return the line that names it."""
    details = "".join(traceback.format_exception(error))
    name = f"evennia-world-error-{int(time.time())}.log"
    for directory in (Path(), Path(tempfile.gettempdir())):
        try:
            (directory / name).write_text(details, "utf-8", "backslashreplace")
        except OSError:
            continue
        return (
            f"an unexpected error ({type(error).__name__}); its details are in {directory / name}"
        )
    return f"an unexpected error, and no file can be written for its details:\n{details}"


def _open_standard_streams() -> None:
    """Open those that the caller has closed, or files opened later would get their numbers."""
    for number, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest number that is free
            setattr(sys, name, open(number, mode, closefd=False))  # noqa: SIM115
    if hasattr(sys.stdout, "reconfigure"):  # not every letter exists in every locale
        sys.stdout.reconfigure(errors="backslashreplace")


def _drop_output() -> None:
    """Have what is still buffered go nowhere, so that the interpreter's end does not complain."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            os.dup2(nowhere, stream.fileno())
    os.close(nowhere)
