"""Why rollouts failed, kept with the group they belong to."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_REASONS: ContextVar[list[str] | None] = ContextVar("failure_reasons", default=None)


class RolloutFailed(Exception):
    """A rollout that must not be scored; the message says why."""


@contextmanager
def failure_reasons() -> Iterator[list[str]]:
    """Collect the reasons that are noted in here, and in tasks that are begun in here."""
    reasons: list[str] = []
    token = _REASONS.set(reasons)
    try:
        yield reasons
    finally:
        _REASONS.reset(token)


def note_failure(reason: str) -> None:
    """Add a reason to those that the enclosing `failure_reasons` collects, if there is one."""
    reasons = _REASONS.get()
    if reasons is not None:
        reasons.append(reason)
