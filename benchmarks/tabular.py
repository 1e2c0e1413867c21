"""Tabular REINFORCE under four ways of giving credit, at equal numbers of commands.

    python -m benchmarks.tabular --out docs/credit.svg --json FILE

20 fixed tasks of one conversation, each learnt by a softmax policy of its own with one number for
each node of the task's graph (`benchmarks.tabular_tasks`) and command. An episode ends by `submit`,
with the right answer, which counts only where what it rests on was revealed; success pays 1,
everything else 0, a spent budget too. Turns are commands, and gamma is 1. The update after an
episode is the same for all: learning rate x advantage x gradient of the log-probability, with

    outcome   what the episode paid, less the running mean of that
    shaped    the shaped payments from the turn on (`credit.potential`), less the running mean of
              those of whole episodes
    turns     the shaped payment of the turn alone: the potential in the place of a critic
    branches  the mean pay of 4 episodes played on from after the turn, less that of 4 from before
              it (VinePPO, arXiv 2410.01679); their commands count, and so does every `submit`

The learning rate of each is the one of RATES that does best with seeds that are not reported. The
success of a policy is measured by episodes whose commands count for nothing.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import time
from collections.abc import Callable
from itertools import accumulate, pairwise
from pathlib import Path
from statistics import fmean
from typing import Any

from benchmarks.tabular_plot import Curve, curves_plot
from benchmarks.tabular_tasks import Graph, Node, tasks
from environments.evaluation.statistics import mean_interval

COMMANDS = 4000
"""Commands that a policy learns from, in each task."""
CHECKS = 20
"""Times that success is measured, spread evenly over the commands."""
EPISODES = 10
"""Episodes in which it is measured."""
SEEDS = range(5)
TUNING = range(100, 102)
RATES = (0.3, 1.0, 3.0, 10.0)
BRANCHES = 4
MEMORY = 0.9
"""Share that a running mean keeps with each episode."""

Way = list[tuple[Node, int]]
"""The nodes of an episode, each with the number of the action taken."""


class Learner:
    """A policy for one task, and what it has spent so far."""

    def __init__(self, graph: Graph, rate: float, rng: random.Random) -> None:
        self.graph = graph
        self.spent = 0
        self._rate = rate
        self._rng = rng
        self._logits: dict[int, list[float]] = {}
        self._mean: float | None = None

    def play(self, node: Node, commands: int = 0) -> tuple[Way, float]:
        """Play an episode on from a node at which so many commands were given."""
        way: Way = []
        while True:
            actions = self.graph.actions(node)
            weights = list(accumulate(self._weights(node)))
            taken = self._rng.choices(range(len(actions)), cum_weights=weights)[0]
            way.append((node, taken))
            self.spent += 1
            after = actions[taken][1]
            if after is None:
                return way, float(node.solved)
            if commands == self.graph.task.budget:
                return way, 0.0
            commands += 1
            node = after

    def learn(self, way: Way, advantages: list[float]) -> None:
        """Take one step along the gradient."""
        steps = [(node.number, taken, self._weights(node)) for node, taken in way]
        for (number, taken, weights), advantage in zip(steps, advantages, strict=True):
            logits, total = self._logits[number], sum(weights)
            for action, weight in enumerate(weights):
                gradient = (action == taken) - weight / total
                logits[action] += self._rate * advantage * gradient

    def above_mean(self, payments: list[float], whole: float) -> list[float]:
        """Return payments less the running mean of what whole episodes paid before."""
        mean = whole if self._mean is None else self._mean
        self._mean = MEMORY * mean + (1 - MEMORY) * whole
        return [paid - mean for paid in payments]

    def _weights(self, node: Node) -> list[float]:
        if node.number not in self._logits:
            self._logits[node.number] = [0.0] * len(self.graph.actions(node))
        logits = self._logits[node.number]
        top = max(logits)
        return [math.exp(x - top) for x in logits]


def outcome(learner: Learner) -> None:
    """Learn from what one episode paid."""
    way, paid = learner.play(learner.graph.start)
    learner.learn(way, learner.above_mean([paid] * len(way), paid))


def shaped(learner: Learner) -> None:
    """Learn from one episode whose turns were paid for the potential, too."""
    way, paid = learner.play(learner.graph.start)
    # from a turn on, the payments for the potential sum to what it is there, taken away
    later = [paid - learner.graph.potential(node, n) for n, (node, _) in enumerate(way)]
    learner.learn(way, learner.above_mean(later, later[0]))


def turns(learner: Learner) -> None:
    """Learn from one episode what each of its turns was paid, the potential included."""
    way, paid = learner.play(learner.graph.start)
    before = [learner.graph.potential(node, n) for n, (node, _) in enumerate(way)]
    learner.learn(way, [later - now for now, later in pairwise([*before, paid])])


def branches(learner: Learner) -> None:
    """Learn from one episode and from what follows each of its turns."""
    way, paid = learner.play(learner.graph.start)
    values = [
        fmean(learner.play(node, n)[1] for _ in range(BRANCHES)) for n, (node, _) in enumerate(way)
    ]
    values.append(paid)
    learner.learn(way, [values[n + 1] - values[n] for n in range(len(way))])


METHODS: dict[str, Callable[[Learner], None]] = {
    "outcome": outcome,
    "shaped": shaped,
    "turns": turns,
    "branches": branches,
}


def curve(method: str, graph: Graph, rate: float, seed: int, commands: int) -> list[float]:
    """Return the success at the start and after each of CHECKS equal shares of the commands."""
    learner = Learner(graph, rate, random.Random(f"{method}/{graph.task.id}/{seed}"))
    found = [_success(learner)]
    while len(found) <= CHECKS:
        METHODS[method](learner)
        while len(found) <= CHECKS and learner.spent >= commands * len(found) / CHECKS:
            found.append(_success(learner))
    return found


def _success(learner: Learner) -> float:
    spent = learner.spent
    found = fmean(learner.play(learner.graph.start)[1] for _ in range(EPISODES))
    learner.spent = spent
    return found


def area(curve: list[float]) -> float:
    """Return the area under a curve by the trapezoidal rule, in [0, 1]."""
    return (sum(curve) - (curve[0] + curve[-1]) / 2) / (len(curve) - 1)


def measure(graphs: list[Graph], commands: int = COMMANDS) -> dict[str, Any]:
    """Return the areas and mean curves of all methods."""
    found: dict[str, Any] = {}
    for method in METHODS:
        rate = max(RATES, key=lambda r: fmean(_areas(method, graphs, r, TUNING, commands)))
        runs = [[curve(method, g, rate, s, commands) for g in graphs] for s in SEEDS]
        curves = [[fmean(points) for points in zip(*run, strict=True)] for run in runs]
        areas = [area(c) for c in curves]
        found[method] = {
            "rate": rate,
            "area": round(fmean(areas), 4),
            "interval": [round(x, 4) for x in mean_interval(areas) or ()],
            "areas": [round(a, 4) for a in areas],
            "last": round(fmean(c[-1] for c in curves), 4),
            "curves": [[round(x, 4) for x in c] for c in curves],
            "by_task": {
                g.task.id: round(fmean(area(run[n]) for run in runs), 3)
                for n, g in enumerate(graphs)
            },
        }
    return found


def _areas(
    method: str, graphs: list[Graph], rate: float, seeds: range, commands: int
) -> list[float]:
    return [area(curve(method, g, rate, s, commands)) for g in graphs for s in seeds]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--out", type=Path, help="write the plot there, as SVG")
    parser.add_argument("--json", type=Path, help="write the figures there")
    given = parser.parse_args()
    start = time.perf_counter()
    graphs = [Graph(task) for task in tasks()]
    found = measure(graphs)
    for method, figures in found.items():
        low, high = figures["interval"]
        print(
            f"{method:9} area {figures['area']:.3f} [{low:.3f}, {high:.3f}]"
            f"  at the end {figures['last']:.3f}  learning rate {figures['rate']:g}"
        )
    print(f"{sum(map(len, graphs))} nodes, {time.perf_counter() - start:.0f} s")
    if given.json:
        given.json.write_text(json.dumps({"commands": COMMANDS, "methods": found}, indent=1) + "\n")
    if given.out:
        curves = [Curve(m, f["curves"], f["area"], f["interval"]) for m, f in found.items()]
        given.out.write_text(curves_plot(curves, COMMANDS))


if __name__ == "__main__":
    main()
