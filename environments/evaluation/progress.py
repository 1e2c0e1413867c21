"""What a person sees while a suite runs: how far, how fast, how much longer, how well.

A live display on a terminal, a plain line now and then elsewhere. Both go to stderr.
"""

from __future__ import annotations

import sys
import time
from collections import defaultdict
from collections.abc import Callable
from datetime import timedelta
from typing import IO, TYPE_CHECKING, Protocol, Self

from environments.rollouts.record import Rollout

if TYPE_CHECKING:
    from rich.console import Console, Group


class Progress(Protocol):
    """A display that is told of every rollout. A context manager around the run."""

    def __enter__(self) -> Self: ...
    def __exit__(self, *exc: object) -> None: ...
    def add(self, rollout: Rollout, *, resumed: bool = False) -> None:
        """Take a finished rollout; `resumed` ones were there before."""


class Tally:
    """Counts and running mean rewards; failed rollouts apart."""

    def __init__(self, total: int) -> None:
        self.total = total
        self.done = 0
        self.resumed = 0
        self.failed = 0
        self._sums: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0])

    def add(self, rollout: Rollout, *, resumed: bool = False) -> None:
        """Count a rollout; `resumed` ones were there before."""
        self.done += 1
        self.resumed += resumed
        if rollout.verdict is None:
            self.failed += 1
            return
        for name in ("all", rollout.task.family.value):
            self._sums[name][0] += rollout.verdict.reward
            self._sums[name][1] += 1

    def rate(self, seconds: float) -> float:
        """Return rollouts a second, without those that were there before."""
        return (self.done - self.resumed) / seconds if seconds > 0 else 0.0

    def left(self, seconds: float) -> str:
        """Return the time left at the present rate, e.g. `0:01:05`; `-:--:--` while unknown."""
        rate = self.rate(seconds)
        if not rate:
            return "-:--:--"
        return str(timedelta(seconds=round((self.total - self.done) / rate)))

    def scores(self) -> str:
        """Return mean rewards so far, e.g. `all 0.61  errand 0.48`."""
        means = {name: total / n for name, (total, n) in self._sums.items()}
        line = "  ".join(f"{name} {means[name]:.2f}" for name in sorted(means))
        return f"{line}  ({self.failed} failed)" if self.failed else line


class PlainProgress:
    """A line at most every `every` seconds, and one at the end."""

    def __init__(
        self, total: int, stream: IO[str] | None = None, every: float = 10.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        self._tally = Tally(total)
        self._stream = stream or sys.stderr
        self._every = every
        self._clock = clock
        self._start = self._said = clock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self._say()

    def add(self, rollout: Rollout, *, resumed: bool = False) -> None:
        """Count a rollout, and print a line where one is due."""
        self._tally.add(rollout, resumed=resumed)
        if self._clock() - self._said >= self._every:
            self._say()

    def _say(self) -> None:
        self._said = self._clock()
        seconds = self._said - self._start
        tally = self._tally
        print(
            f"{tally.done}/{tally.total} rollouts, {tally.rate(seconds):.1f}/s, "
            f"{tally.left(seconds)} left  {tally.scores()}",
            file=self._stream, flush=True,
        )  # fmt: skip


class LiveProgress:
    """A bar with the running scores under it."""

    def __init__(self, total: int, console: Console | None = None) -> None:
        from rich.console import Console
        from rich.live import Live
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
        from rich.progress import Progress as Bar

        self._tally = Tally(total)
        self._start = time.monotonic()
        self._bar = Bar(
            TextColumn("rollouts"), BarColumn(), MofNCompleteColumn(),
            TextColumn("{task.fields[pace]}"), auto_refresh=False,
        )  # fmt: skip
        self._task = self._bar.add_task("", total=total, pace="")
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

    def add(self, rollout: Rollout, *, resumed: bool = False) -> None:
        """Count a rollout."""
        self._tally.add(rollout, resumed=resumed)

    def _shown(self) -> Group:
        from rich.console import Group
        from rich.text import Text

        seconds = time.monotonic() - self._start
        pace = f"{self._tally.rate(seconds):.1f}/s  {self._tally.left(seconds)} left"
        self._bar.update(self._task, completed=self._tally.done, pace=pace)
        return Group(self._bar, Text(self._tally.scores(), style="dim"))


def chosen_progress(total: int) -> Progress:
    """Return a live display on a terminal, a plain one elsewhere."""
    return LiveProgress(total) if sys.stderr.isatty() else PlainProgress(total)
