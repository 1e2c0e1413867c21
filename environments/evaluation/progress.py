"""Progress of a suite: rollouts done, and mean rewards so far."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import Self

from environments.rollouts.progress import Display, Tally, chosen_display


class RolloutProgress:
    """A display of the rollouts added to it. A context manager around the run."""

    def __init__(self, total: int, display: Callable[[Tally], Display] = chosen_display) -> None:
        self._tally = Tally("rollouts", total)
        self._display = display(self._tally)
        self._failed = 0
        self._sums: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0])

    def __enter__(self) -> Self:
        self._display.__enter__()
        return self

    def __exit__(self, *exc: object) -> None:
        self._display.__exit__(*exc)

    def add(self, family: str, reward: float | None, *, resumed: bool = False) -> None:
        """Count a rollout, one that failed without a reward; `resumed` ones were there before."""
        self._tally.done += 1
        self._tally.resumed += resumed
        if reward is None:
            self._failed += 1
        else:
            for name in ("all", family):
                self._sums[name][0] += reward
                self._sums[name][1] += 1
        self._tally.note = self._scores()
        self._display.changed()

    def _scores(self) -> str:
        """Mean rewards so far, e.g. `all 0.61  errand 0.48`; failed rollouts apart."""
        means = {name: total / n for name, (total, n) in self._sums.items()}
        line = "  ".join(f"{name} {means[name]:.2f}" for name in sorted(means))
        return f"{line}  ({self._failed} failed)" if self._failed else line
