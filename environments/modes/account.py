"""An account of the groups that are played: how many, how fast, how good, and what failed."""

from __future__ import annotations

import asyncio
import contextlib
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence

from world_fixtures.text import printable

EVERY = 30.0
"""Seconds between two lines."""
MANY_EQUAL, ENOUGH = 0.5, 8
"""Share of groups with equal scores that calls for a word of advice, among so many groups."""
KINDS_TOLD = 3
"""Kinds with groups of equal scores that the line of progress names."""
LONGEST = 200
"""Characters of a failure that are shown."""


class Account:
    """Counts groups and failures, and says in a line how it goes."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._started = self._said = clock()
        self._said_groups = self._said_rollouts = 0
        self.groups = self.rollouts = self.failures = 0
        self._compared: Counter[str] = Counter()
        self._equal: Counter[str] = Counter()
        """Groups that can be compared, and those of them with equal scores, by kind."""
        self._total = 0.0
        self._last_failure = ""
        self._failed_at = 0.0

    def add(self, scores: Sequence[float], kind: str = "") -> None:
        """Count a group of rollouts of a task of this kind, with these scores."""
        self.groups += 1
        self.rollouts += len(scores)
        self._total += sum(scores)
        if len(scores) > 1:
            self._compared[kind] += 1
            self._equal[kind] += len(set(scores)) == 1

    def fail(self, reasons: Sequence[str]) -> None:
        """Count the rollouts that failed, by their reasons."""
        self.failures += len(reasons)
        for reason in reasons[-1:]:
            self._last_failure, self._failed_at = " ".join(reason.split()), self._clock()

    @property
    def mean(self) -> float:
        """Mean score of the rollouts; 0 where there are none."""
        return self._total / self.rollouts if self.rollouts else 0.0

    @property
    def equal(self) -> int:
        """Number of the groups in which all scores are the same: they teach nothing."""
        return self._equal.total()

    @property
    def equal_share(self) -> float:
        """Share of such groups among all that can be compared."""
        return self.equal / compared if (compared := self._compared.total()) else 0.0

    def line(self) -> str:
        """Say how it goes; the rate is that since the last line."""
        seconds = self._clock() - self._said
        groups = self.groups - self._said_groups
        rollouts = self.rollouts - self._said_rollouts
        self._said = self._clock()
        self._said_groups, self._said_rollouts = self.groups, self.rollouts
        return self._told(_played(self.groups, self.rollouts), groups, rollouts, seconds)

    def summary(self) -> str:
        """Say how it went, over the whole time."""
        seconds = self._clock() - self._started
        told = f"{_played(self.groups, self.rollouts)} in {duration(seconds)}"
        return self._told(told, self.groups, self.rollouts, seconds)

    def quality(self) -> str:
        """Say how many groups teach nothing and how many rollouts failed; empty where none did."""
        parts = []
        if self.equal:
            told = f"{self.equal_share:.0%} of the groups with all scores equal"
            most = self._told_kinds()[:KINDS_TOLD]
            named = f": {', '.join(most)}" if most else ""
            parts.append(f"{told} ({self.equal} of {self._compared.total()}{named})")
        if self.failures:
            ago = duration(self._clock() - self._failed_at)
            reason = self._last_failure
            reason = reason if len(reason) <= LONGEST else f"{reason[:LONGEST]}..."
            failed = _number(self.failures, "failed rollout")
            parts.append(f"{failed}, the last {ago} ago: {reason}")
        return "; ".join(parts)

    def equal_by_kind(self) -> str:
        """Say of each kind how many groups have all scores equal; empty where there is no kind."""
        kinds = self._told_kinds()
        return f"groups with all scores equal, by kind: {', '.join(kinds)}" if kinds else ""

    def advice(self) -> str:
        """Say what to change where most groups teach nothing; empty where all is well."""
        if self._compared.total() < ENOUGH or self.equal_share < MANY_EQUAL:
            return ""
        return (
            f"{self.equal_share:.0%} of the groups have all scores equal and teach nothing: change"
            " --difficulty, or raise --temperature or --group-size"
        )

    def _told_kinds(self) -> list[str]:
        """Return e.g. `map 3 of 4` for each kind with such groups, the kind with the most first."""
        return [
            f"{kind} {equal} of {self._compared[kind]}"
            for kind, equal in sorted(self._equal.items(), key=lambda of: (-of[1], of[0]))
            if kind and equal
        ]

    def _told(self, played: str, groups: int, rollouts: int, seconds: float) -> str:
        if not self.groups:
            return "; ".join(filter(None, ["no group was finished", self.quality()]))
        minutes = max(seconds, 1e-9) / 60
        pace = f"{groups / minutes:.1f} groups and {rollouts / minutes:.1f} rollouts a minute"
        mean = f"mean reward {self.mean:.3f}" if self.rollouts else ""
        return "; ".join(filter(None, [played, pace, mean, self.quality()]))


@contextlib.asynccontextmanager
async def told_now_and_then(say: Callable[[], str], every: float) -> AsyncIterator[None]:
    """Print what `say` returns to stderr, every so many seconds of what is done in here."""

    async def tell() -> None:
        while True:
            await asyncio.sleep(every)
            if line := say():
                tell_line(line)

    telling = asyncio.create_task(tell())
    try:
        yield
    finally:
        telling.cancel()
        await asyncio.gather(telling, return_exceptions=True)


def tell_line(text: str) -> None:
    """Print a line to stderr, with control characters escaped; whether it is read or not."""
    with contextlib.suppress(OSError):
        print(printable(text), file=sys.stderr, flush=True)


def duration(seconds: float) -> str:
    """Return a time in plain words, e.g. `45 s`, `2 min 5 s`, `3 h 20 min`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"


def _played(groups: int, rollouts: int) -> str:
    return f"{_number(groups, 'group')} of {_number(rollouts, 'rollout')}"


def _number(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
