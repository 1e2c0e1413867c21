"""The curriculum: which task comes next in training. Deterministic from its seed."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from environments.tasks.build import Split, make_task
from environments.tasks.model import Family, Task
from world_fixtures.common import UserError

WINDOW = 20
"""Rollouts of a family between two moves of its difficulty."""


class Curriculum:
    """Draws families by weight and difficulties from a range.

    With `target_success` each family has a difficulty of its own, which rises when more than
    that share of its last WINDOW rollouts succeeded, and falls when fewer did.
    """

    def __init__(
        self,
        weights: Mapping[str, float],
        difficulty: tuple[int, ...],
        seed: int = 0,
        *,
        split: Split = "train",
        target_success: float | None = None,
    ) -> None:
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
        self.low, self.high = low, high
        self.seed = seed
        self.split = split
        self.target = target_success
        self.stream: int | None = None
        """Set apart the sequences of several curricula with the same seed."""
        self.drawn = 0
        self._level: dict[Family, int] = dict.fromkeys(self.weights, low)
        self._recent: defaultdict[Family, list[bool]] = defaultdict(list)

    def next(self) -> Task:
        """The next task; each call draws one further along the same sequence."""
        stream = "" if self.stream is None else f"/{self.stream}"
        rng = random.Random(f"{self.split}/{self.seed}{stream}/{self.drawn}")
        self.drawn += 1
        family = rng.choices(list(self.weights), list(self.weights.values()))[0]
        level = rng.randint(self.low, self.high) if self.target is None else self._level[family]
        return make_task(family, rng.randrange(1_000_000), level, split=self.split)

    def report(self, task: Task, success: bool) -> None:
        """Tell how a rollout of `task` ended."""
        recent = self._recent[task.family]
        recent.append(success)
        if self.target is None or len(recent) < WINDOW:
            return
        rate = sum(recent) / len(recent)
        step = 1 if rate > self.target else -1
        self._level[task.family] = min(self.high, max(self.low, self._level[task.family] + step))
        recent.clear()

    def state(self) -> dict[str, Any]:
        """Where the sequence stands, as plain data for a checkpoint."""
        return {
            "lane": self.stream,
            "drawn": self.drawn,
            "level": {f.value: n for f, n in self._level.items()},
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Continue from a checkpoint's `state`."""
        self.stream = state["lane"]
        self.drawn = int(state["drawn"])
        self._level |= {Family(f): int(n) for f, n in state["level"].items()}
