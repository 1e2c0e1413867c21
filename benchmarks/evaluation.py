"""Evaluation: how long it takes, and whether its intervals and tests say what is so.

seconds   the embedded policies on `standard`, 64 rollouts at once, everything included
coverage  how often the 95 % interval holds the truth, in 1,000 simulated evaluations
compare   noisy policies about ten points apart, and one with itself, by rewards really played
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from environments.evaluation.metrics import scored, task_means
from environments.evaluation.results import load_run
from environments.evaluation.statistics import paired, rate_interval
from environments.evennia_world_env import EvenniaWorldEnv
from environments.modes import evaluate as evaluate_mode

POLICIES = ("oracle", "random", "noisy", "explorer", "scripted")
APART = ("noisy:0.3", "noisy:0.2")
"""Two policies to tell apart."""
ATTEMPTS = 4
"""Rollouts a task from which the comparisons of a policy with itself are drawn."""
SEEDS = 100
EVALUATIONS = 1000
RATES = (0.1, 0.3, 0.5, 0.7, 0.9)


async def measure(quick: bool, say: Callable[[str], None]) -> dict[str, Any]:
    """`quick` takes the small suite and leaves the played comparisons out."""
    suite = "basics" if quick else "standard"
    figures: dict[str, Any] = {"suite": suite}
    with TemporaryDirectory() as work:
        for policy in POLICIES:
            say(f"{policy} on {suite}")
            figures[policy] = await _evaluate(policy, suite, Path(work) / policy)
        figures["seconds"] = sum(figures[policy]["seconds"] for policy in POLICIES)
        say("coverage of intervals")
        figures["coverage"] = _coverage()
        if not quick:
            say(f"{' and '.join(APART)}, {ATTEMPTS} attempts")
            runs = [Path(work) / name.replace(":", "-") for name in APART]
            for policy, out in zip(APART, runs, strict=True):
                await _evaluate(policy, suite, out, ATTEMPTS)
            figures["compare"] = _comparisons(*map(_rewards, runs))
    return figures


async def _evaluate(policy: str, suite: str, out: Path, attempts: int = 1) -> dict[str, float]:
    """Figures of one evaluation, from the start of the world server to the report."""
    config, servers = EvenniaWorldEnv.config_init()
    config.policy, config.suite, config.eval_attempts = policy, suite, attempts
    config.data_dir_to_save_evals = str(out)
    started, own = time.perf_counter(), time.process_time()
    env = EvenniaWorldEnv(config, servers)
    try:
        await env.setup()
        metrics = await evaluate_mode.evaluate(env)
    finally:
        await env.teardown()
    rollouts = load_run(out)[1]
    span = max(r.started + r.seconds for r in rollouts) - min(r.started for r in rollouts)
    return {
        "seconds": time.perf_counter() - started,
        "seconds_of_rollouts": span,
        "rollouts_per_second": len(rollouts) / span,
        "turns": float(sum(r.turns for r in rollouts)),
        "cpu_seconds_without_worlds": time.process_time() - own,
        "mean_reward": metrics.overall.measures["mean_reward"].mean,
    }


def _coverage() -> dict[str, float]:
    """Share of simulated evaluations whose interval holds the true rate."""
    rng = np.random.default_rng(7)
    held: dict[str, float] = {}
    for name, tasks, attempts in (("250 tasks", 250, 1), ("50 tasks, 4 attempts", 50, 4)):
        for rate in RATES:
            means = rng.binomial(attempts, rate, (EVALUATIONS, tasks)) / attempts
            inside = [low <= rate <= high for low, high in map(_interval, means)]
            held[f"{name}, rate {rate}"] = float(np.mean(inside))
    return held


def _interval(values: NDArray[np.float64]) -> tuple[float, float]:
    found = rate_interval(values)
    assert found is not None
    return found


def _rewards(out: Path) -> NDArray[np.float64]:
    """Rewards by task and attempt."""
    by_attempt: defaultdict[int, list[Any]] = defaultdict(list)
    for score in scored(load_run(out)[1]):
        by_attempt[score.attempt].append(score)
    return np.asarray([list(task_means(scores).values()) for scores in by_attempt.values()]).T


def _comparisons(a: NDArray[np.float64], b: NDArray[np.float64]) -> dict[str, Any]:
    """`b` against `a` in each attempt, and draws of `a` against other draws of it.

    A draw takes one of the attempts for each task: two draws are two runs of one policy.
    """
    rng = np.random.default_rng(11)
    rows = np.arange(len(a))

    def draw() -> NDArray[np.float64]:
        return a[rows, rng.integers(0, a.shape[1], len(a))]

    alarms = sum(paired(draw(), draw()).p_value < 0.05 for _ in range(SEEDS))
    found = [paired(a[:, n], b[:, n]) for n in range(a.shape[1])]
    return {
        "policies": " and ".join(APART),
        "points_apart": float(b.mean() - a.mean()) * 100,
        "differences_found": f"{sum(f.p_value < 0.05 for f in found)} of {len(found)}",
        "largest_p_value": max(f.p_value for f in found),
        "same_policy_no_difference": f"{SEEDS - alarms} of {SEEDS}",
    }
