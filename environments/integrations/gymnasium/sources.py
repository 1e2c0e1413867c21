"""Sources of tasks that the environments of a program share: making a suite takes seconds."""

from __future__ import annotations

from environments.hosting.per_process import PerProcess
from environments.hosting.source import TaskChoice, TaskSource


def shared_source(wanted: TaskChoice) -> TaskSource:
    """Return this process's source of these tasks, which is closed when the program ends.

    Raises as `TaskSource`.
    """
    return _SHARED.get(wanted)


def _source(wanted: TaskChoice) -> TaskSource:
    return TaskSource(wanted, ahead=1)


_SHARED = PerProcess(_source)
