"""The curriculum: which task comes next in training. Deterministic from its seed."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from environments.tasks.build import KINDS, make_task
from environments.tasks.model import Family, Task
from environments.tasks.worker import Wanted
from world_fixtures.common import UserError
from world_fixtures.generator.words import Split

WINDOW = 20
"""Rollouts of a family at its present difficulty between two moves of that difficulty."""
RECENT = 16
"""Groups of a kind by which its signal is judged."""
SEEDS = 1_000_000
"""Seeds of training tasks."""
TRUST = 2
"""Groups with signal that a kind is taken to have had before its first."""


class Outline(NamedTuple):
    """What the curriculum needs of a task."""

    family: Family
    kind: str
    difficulty: int


class Curriculum:
    """Draws families by weight and difficulties from a range.

    With `target_success` each family has a difficulty of its own, which rises when more than
    that share of WINDOW rollouts at that difficulty succeeded, and falls when fewer did. Results
    of tasks that were drawn at another difficulty, as many are that come in after a move, do not
    count: each stay at a difficulty is judged by a window that begins empty, also when the
    difficulty was there before, because the model has learned since.

    With `signal_floor` kinds of which recent groups had differing rewards are drawn more often: the
    weight of a kind is multiplied by floor + (1 - floor) * share, where the share is that of such
    groups among the last RECENT, with TRUST more of them added at first. The weight of a family is
    spread evenly over its kinds.
    """

    def __init__(
        self,
        weights: Mapping[str, float],
        difficulty: tuple[int, ...],
        seed: int = 0,
        *,
        split: Split = "train",
        target_success: float | None = None,
        kinds: Sequence[tuple[Family, str]] = (),
        signal_floor: float | None = None,
    ) -> None:
        """Take the families with their weights.

        Where there are `kinds`, only these are drawn; a family of theirs without a weight has 1.
        """
        unknown = [f for f in weights if f not in list(Family)]
        if unknown:
            raise UserError(f"unknown family {unknown[0]!r}: choose from {', '.join(Family)}")
        if not any(w > 0 for w in weights.values()) or any(w < 0 for w in weights.values()):
            raise UserError(
                "the weights of the families must be 0 or more, and one of them above 0"
            )
        low, high = difficulty
        if not 1 <= low <= high <= 10:
            raise UserError(f"difficulty {low} to {high} is out of range: choose from 1 to 10")
        self.weights = {Family(f): w for f, w in weights.items() if w > 0}
        self.kinds: dict[Family, list[str]] = {}
        for family, kind in kinds:
            self.kinds.setdefault(family, []).append(kind)
        if kinds:
            self.weights = {f: weights.get(f, 1.0) for f in self.kinds if weights.get(f, 1.0) > 0}
        if not self.weights:
            raise UserError("all kinds are of families whose weight is 0: raise one of the weights")
        self.low, self.high = low, high
        self.seed = seed
        self.split = split
        self.target = target_success
        self.stream: int | None = None
        """Separates the sequences of several curricula with the same seed."""
        self.drawn = 0
        self._level: dict[Family, int] = dict.fromkeys(self.weights, low)
        self._recent: defaultdict[Family, list[bool]] = defaultdict(list)
        self.floor = signal_floor
        self._signal: dict[str, list[bool]] = {}
        """Whether the last groups of each kind had signal, by `family.kind`, the oldest first."""

    def next(self) -> Task:
        """Draw and make the next task, see `draw`."""
        family, seed, level, split, kind = self.draw()
        return make_task(family, seed, level, kind, split)

    def draw(self) -> Wanted:
        """Draw what the next task is made of.

        The n-th call returns the same for the same seed and stream, and the same results reported
        before it in the same order.
        """
        rng = random.Random(f"{self._stream}/{self.drawn}")
        self.drawn += 1
        if self.floor is not None:
            return self._draw_by_signal(rng, self.floor)
        family = rng.choices(list(self.weights), list(self.weights.values()))[0]
        level = rng.randint(self.low, self.high) if self.target is None else self._level[family]
        seed = rng.randrange(SEEDS)
        kind = rng.choice(self.kinds[family]) if self.kinds else None
        return Wanted(family, seed, level, self.split, kind)

    def _draw_by_signal(self, rng: random.Random, floor: float) -> Wanted:
        """Draw a kind by its weight and its signal, then a seed to which that kind belongs."""
        kinds = {family: self.kinds.get(family) or list(KINDS[family]) for family in self.weights}
        weights: dict[tuple[Family, str], float] = {}
        for family, weight in self.weights.items():
            for kind in kinds[family]:
                wanted = floor + (1 - floor) * self._share(family, kind)
                weights[family, kind] = weight / len(kinds[family]) * wanted
        family, kind = rng.choices(list(weights), list(weights.values()))[0]
        level = rng.randint(self.low, self.high) if self.target is None else self._level[family]
        if self.kinds:
            return Wanted(family, rng.randrange(SEEDS), level, self.split, kind)
        # A seed says which kind is made of it; where that cannot be had, the next one is.
        count = len(kinds[family])
        seed = rng.randrange(SEEDS // count) * count + kinds[family].index(kind)
        return Wanted(family, seed, level, self.split)

    def _share(self, family: Family, kind: str) -> float:
        recent = self._signal.get(f"{family}.{kind}", ())
        return (sum(recent) + TRUST) / (len(recent) + TRUST)

    @property
    def _stream(self) -> str:
        stream = "" if self.stream is None else f"/{self.stream}"
        return f"{self.split}/{self.seed}{stream}"

    def draw_place(self, count: int) -> int:
        """Draw which of `count` given tasks comes next; all of them before one comes again."""
        lap, place = divmod(self.drawn, count)
        self.drawn += 1
        order = list(range(count))
        random.Random(f"{self._stream}/lap {lap}").shuffle(order)
        return order[place]

    def report(self, task: Task | Outline, success: bool) -> None:
        """Count whether a rollout of `task` succeeded towards its family's difficulty."""
        level = self._level.get(task.family)
        if self.target is None or task.difficulty != level:
            return
        recent = self._recent[task.family]
        recent.append(success)
        if len(recent) < WINDOW:
            return
        step = 1 if sum(recent) / len(recent) > self.target else -1
        self._level[task.family] = min(self.high, max(self.low, level + step))
        recent.clear()

    def report_group(self, task: Task | Outline, signal: bool) -> None:
        """Count whether the group of `task` had anything to compare towards its kind's signal."""
        if self.floor is None:
            return
        recent = self._signal.setdefault(f"{task.family}.{task.kind}", [])
        recent.append(signal)
        del recent[:-RECENT]

    def state(self) -> dict[str, Any]:
        """Return the position in the sequence, as plain data for a checkpoint."""
        windows = {f.value: list(recent) for f, recent in self._recent.items() if recent}
        signal = {kind: list(recent) for kind, recent in self._signal.items()}
        return {
            "lane": self.stream,
            "drawn": self.drawn,
            "level": {f.value: n for f, n in self._level.items()},
            **({"recent": windows} if windows else {}),
            **({"signal": signal} if signal else {}),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Continue from a checkpoint's `state`, also one of before that has no windows."""
        self._recent.clear()
        for family, recent in state.get("recent", {}).items():
            self._recent[Family(family)] = list(recent)
        self._signal = {kind: list(recent) for kind, recent in state.get("signal", {}).items()}
        self.stream = state["lane"]
        self.drawn = int(state["drawn"])
        self._level |= {Family(f): int(n) for f, n in state["level"].items()}
