"""The curriculum: which task comes next in training. Deterministic from its seed."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from environments.tasks.build import make_task
from environments.tasks.model import Family, Task
from environments.tasks.worker import Wanted
from world_fixtures.common import UserError
from world_fixtures.generator.words import Split

WINDOW = 20
"""Rollouts of a family at its present difficulty between two moves of that difficulty."""


class Curriculum:
    """Draws families by weight and difficulties from a range.

    With `target_success` each family has a difficulty of its own, which rises when more than
    that share of WINDOW rollouts at that difficulty succeeded, and falls when fewer did. Results
    of tasks that were drawn at another difficulty, as many are that come in after a move, do not
    count: each stay at a difficulty is judged by a window that begins empty, also when the
    difficulty was there before, because the model has learned since.
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

    def next(self) -> Task:
        """Draw and make the next task, see `draw`."""
        family, seed, level, split, kind = self.draw()
        return make_task(family, seed, level, kind, split)

    def draw(self) -> Wanted:
        """Draw what the next task is made of.

        The n-th call returns the same for the same seed and stream.
        """
        rng = random.Random(f"{self._stream}/{self.drawn}")
        self.drawn += 1
        family = rng.choices(list(self.weights), list(self.weights.values()))[0]
        level = rng.randint(self.low, self.high) if self.target is None else self._level[family]
        seed = rng.randrange(1_000_000)
        kind = rng.choice(self.kinds[family]) if self.kinds else None
        return Wanted(family, seed, level, self.split, kind)

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

    def report(self, task: Task, success: bool) -> None:
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

    def state(self) -> dict[str, Any]:
        """Return the position in the sequence, as plain data for a checkpoint."""
        return {
            "lane": self.stream,
            "drawn": self.drawn,
            "level": {f.value: n for f, n in self._level.items()},
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Continue from a checkpoint's `state`; the windows begin empty."""
        self._recent.clear()
        self.stream = state["lane"]
        self.drawn = int(state["drawn"])
        self._level |= {Family(f): int(n) for f, n in state["level"].items()}
