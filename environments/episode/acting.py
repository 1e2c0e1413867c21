"""The episode in which a tool is being called, for handlers that are not given it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from environments.episode.playing import Episode

_ACTING: ContextVar[Episode | None] = ContextVar("acting_episode", default=None)


@contextmanager
def acting_in(episode: Episode | None) -> Iterator[None]:
    """Let `acting_episode` find `episode` in here, and in tasks that are begun in here."""
    token = _ACTING.set(episode)
    try:
        yield
    finally:
        _ACTING.reset(token)


def acting_episode(id: str) -> Episode | None:
    """Find the episode in which a tool is being called, for handlers that know its id alone."""
    episode = _ACTING.get()
    return episode if episode is not None and episode.id == id else None
