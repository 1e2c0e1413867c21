"""Importing large libraries as a program begins."""

from __future__ import annotations

import gc
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress


@contextmanager
def loading() -> Iterator[None]:
    """Hold garbage collection off while modules are imported, of which nothing can be collected.

    It is a seventh of the processor time that importing Atropos and transformers takes.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


@contextmanager
def interruptible() -> Iterator[None]:
    """Have Ctrl-C end the process with a line, where an import would show where it was.

    For what a program imports before `run_program`: nothing has begun that would have to end well.
    """
    if signal.getsignal(signal.SIGINT) is not signal.default_int_handler:  # ignored, or a caller's
        yield
        return
    try:
        signal.signal(signal.SIGINT, _end)
    except ValueError:  # of another thread than the first, which is not told of Ctrl-C
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _end(*_: object) -> None:
    with suppress(OSError):  # nobody reads it
        os.write(2, b"evennia-world: interrupted\n")
    os._exit(130)
