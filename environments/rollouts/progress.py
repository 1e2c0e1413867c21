"""Progress of a long piece of work: how much is done, how fast, how long it will take.

A live display on a terminal, a plain line now and then elsewhere. Both go to stderr.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import IO, TYPE_CHECKING, Protocol, Self

from world_fixtures.common import printable

if TYPE_CHECKING:
    from rich.console import Console, Group


@dataclass
class Tally:
    """How much of a piece of work is done."""

    unit: str
    """What is counted, e.g. `rollouts`."""
    total: int
    done: int = 0
    resumed: int = 0
    """Of those done, the ones of an earlier run: they say nothing of this one's speed."""
    note: str = ""
    """How well it goes, e.g. `mean score 0.61`."""

    def rate(self, seconds: float) -> float:
        """Return how many a second this run has done."""
        return (self.done - self.resumed) / seconds if seconds > 0 else 0.0

    def pace(self, seconds: float) -> str:
        """Return the rate in the unit that shows something, e.g. `2.5/s` or `12.0/min`."""
        rate = self.rate(seconds)
        return f"{rate:.1f}/s" if rate >= 1 or not rate else f"{rate * 60:.1f}/min"

    def left(self, seconds: float) -> str:
        """Return the time left at the present rate, e.g. `0:01:05`; `-:--:--` while unknown."""
        rate = self.rate(seconds)
        if not rate:
            return "-:--:--"
        return str(timedelta(seconds=round((self.total - self.done) / rate)))


class Display(Protocol):
    """Shows a tally. A context manager around the work."""

    def __enter__(self) -> Self: ...
    def __exit__(self, *exc: object) -> None: ...
    def changed(self) -> None:
        """Take notice that the tally has changed."""


class PlainDisplay:
    """A line at most every `every` seconds, and one at the end."""

    def __init__(
        self, tally: Tally, stream: IO[str] | None = None, every: float = 10.0,
        clock: Callable[[], float] | None = None,
    ) -> None:  # fmt: skip
        self._tally = tally
        self._stream = stream or sys.stderr
        self._every = every
        self._clock = clock or time.monotonic
        self._start = self._said = self._clock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self._say()

    def changed(self) -> None:
        """Print a line where one is due."""
        if self._clock() - self._said >= self._every:
            self._say()

    def _say(self) -> None:
        self._said = self._clock()
        seconds = self._said - self._start
        tally = self._tally
        print(
            f"{tally.done}/{tally.total} {tally.unit}, {tally.pace(seconds)}, "
            f"{tally.left(seconds)} left  {printable(tally.note)}",
            file=self._stream, flush=True,
        )  # fmt: skip


class LiveDisplay:
    """A bar with the note under it, drawn anew four times a second."""

    def __init__(self, tally: Tally, console: Console | None = None) -> None:
        from rich.console import Console  # rich is loaded where there is a terminal
        from rich.live import Live
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

        self._tally = tally
        self._start = time.monotonic()
        self._bar = Progress(
            TextColumn(tally.unit), BarColumn(), MofNCompleteColumn(),
            TextColumn("{task.fields[pace]}"), auto_refresh=False,
        )  # fmt: skip
        self._task = self._bar.add_task("", total=tally.total, pace="")
        self._live = Live(
            get_renderable=self._shown,
            console=console or Console(stderr=True),
            refresh_per_second=4,
        )

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._live.stop()

    def changed(self) -> None:
        """Do nothing: the next drawing shows it."""

    def _shown(self) -> Group:
        from rich.console import Group
        from rich.text import Text

        tally = self._tally
        seconds = time.monotonic() - self._start
        pace = f"{tally.pace(seconds)}  {tally.left(seconds)} left"
        self._bar.update(self._task, completed=tally.done, pace=pace)
        return Group(self._bar, Text(printable(tally.note), style="dim"))


def chosen_display(tally: Tally) -> Display:
    """Return a live display on a terminal, a plain one elsewhere."""
    return LiveDisplay(tally) if sys.stderr.isatty() else PlainDisplay(tally)
