"""Sources of tasks that the environments of a program share: making a suite takes seconds."""

from __future__ import annotations

import atexit
import os
import threading

from environments.hosting.source import TaskChoice, TaskSource

_GUARD = threading.Lock()
_SHARED: dict[tuple[int, TaskChoice], TaskSource] = {}
"""By process and choice: a process that was forked off cannot use the thread of a source."""


def shared_source(wanted: TaskChoice) -> TaskSource:
    """Return this process's source of these tasks, which is closed when the program ends.

    Raises as `TaskSource`.
    """
    key = (os.getpid(), wanted)
    with _GUARD:
        found = _SHARED.get(key)
        if found is None:
            found = TaskSource(wanted, ahead=1)
            atexit.register(_close, found, os.getpid())
            _SHARED[key] = found
        return found


def _close(source: TaskSource, owner: int) -> None:
    if os.getpid() == owner:
        source.close()
