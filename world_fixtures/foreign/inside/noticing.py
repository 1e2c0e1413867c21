"""What a game does that makes rollouts differ: threads, and looks at the machine's own clock."""

from __future__ import annotations

import datetime
import sys
import threading
from typing import Any

_seen: dict[str, list[str]] = {"clock": [], "threads": []}


def begin() -> None:
    """Notice from now on."""
    start = threading.Thread.start

    def noted(thread: threading.Thread) -> None:
        _note("threads", f"{thread.name} began in {_place(2)}")
        start(thread)

    setattr(threading.Thread, "start", noted)  # noqa: B010


def note_running() -> None:
    """Notice threads that run now, once the game is loaded: no fork has them."""
    for thread in threading.enumerate():
        if thread is not threading.main_thread():
            _note("threads", f"{thread.name} began while the game was loaded")


def seen() -> dict[str, list[str]]:
    """Return what was noticed, by kind; modules that got hold of the real clock among it."""
    real: Any = datetime.datetime.__mro__[1]
    for name, module in list(sys.modules.items()):
        root = name.partition(".")[0]
        file = getattr(module, "__file__", None) or ""
        ours = root in ("world_fixtures", "_pydatetime", "datetime", "__main__")
        if ours or not file or "site-packages" in file or file.startswith(sys.base_prefix):
            continue
        for attribute, value in list(vars(module).items()):
            if value is real or (getattr(value, "__module__", "") == "time" and _reads(value)):
                _note("clock", f"{name}.{attribute} is the machine's own clock")
    return {kind: list(found) for kind, found in _seen.items()}


def _reads(value: Any) -> bool:
    return type(value).__name__ == "builtin_function_or_method" and value.__name__ in (
        "time", "monotonic", "perf_counter", "time_ns", "clock_gettime", "clock_gettime_ns"
    )  # fmt: skip


def _note(kind: str, what: str) -> None:
    if what not in _seen[kind] and len(_seen[kind]) < 100:
        _seen[kind].append(what)


def _place(depth: int) -> str:
    frame = sys._getframe(depth)
    return f"{frame.f_code.co_filename}:{frame.f_lineno}"
