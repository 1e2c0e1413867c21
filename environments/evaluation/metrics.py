"""Rollouts -> Metrics: every mean with its interval and the numbers it rests on. Pure.

A rollout without a verdict failed (endpoint or world): it is counted as failed and enters
no mean. A mean is over tasks, of each task's mean over its scored attempts, so that a task
of which an attempt failed weighs as much as any other.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from statistics import fmean

from environments.evaluation.statistics import (
    Interval,
    count_interval,
    pass_at_k,
    pass_hat_k,
    position,
    rate_interval,
)
from environments.tasks.model import Answered, Family
from environments.trajectories.record import Rollout
from world_fixtures.protocol import ResultKind
from world_fixtures.spec import Frozen

COUNTS = frozenset({"turns", "prompt_tokens", "completion_tokens", "tool_errors"})
"""Metrics that are no share in [0, 1]."""


class Measure(Frozen):
    """A mean and how sure it is."""

    mean: float
    ci95: Interval | None
    """None where one number says nothing of its spread."""
    n: int
    """Rollouts."""
    tasks: int


class Stratum(Frozen):
    """The measures of some of the rollouts."""

    n: int
    """Rollouts with a verdict."""
    failed: int
    """Rollouts without one: in no measure."""
    tasks: int
    """Tasks with at least one verdict."""
    measures: dict[str, Measure]
    """By name: mean_reward, success_rate, reward/<part>, pass@k, pass^k, spl, map_f1,
    invalid_commands (share not understood), turns, prompt_tokens, completion_tokens and
    tool_errors (a rollout). Absent where it does not apply."""


class Metrics(Frozen):
    """All numbers of one run."""

    overall: Stratum
    family: dict[str, Stratum]
    difficulty: dict[str, Stratum]
    split: dict[str, Stratum]
    stops: dict[str, int]
    """Rollouts by stop reason, failed ones included."""
    baselines: dict[str, Metrics] = {}
    """Of other policies on the same tasks, by their names."""
    position: Measure | None = None
    """Mean reward with the random baseline's as 0 and the oracle's as 1."""

    def strata(self) -> dict[str, Stratum]:
        """Every stratum but the overall one, by a path like `family/errand`."""
        groups = {"family": self.family, "difficulty": self.difficulty, "split": self.split}
        return {f"{g}/{name}": s for g, named in groups.items() for name, s in named.items()}


def measure_run(
    rollouts: Sequence[Rollout], baselines: Mapping[str, Sequence[Rollout]] | None = None
) -> Metrics:
    """All metrics of a run, beside those of the baselines given."""
    return Metrics(
        overall=stratum(rollouts),
        family=_by(rollouts, lambda r: r.task.family.value, [f.value for f in Family]),
        difficulty=_by(rollouts, lambda r: str(r.task.difficulty), map(str, range(1, 11))),
        split=_by(rollouts, lambda r: r.task.split, ("train", "validation", "test")),
        stops=dict(sorted(Counter(r.stop.value for r in rollouts).items())),
        baselines={name: measure_run(played) for name, played in (baselines or {}).items()},
        position=_position(rollouts, baselines or {}),
    )


def stratum(rollouts: Sequence[Rollout]) -> Stratum:
    """The measures of these rollouts."""
    scored = [r for r in rollouts if r.verdict is not None]
    attempts: dict[str, list[Rollout]] = defaultdict(list)
    for rollout in scored:
        attempts[rollout.task.id].append(rollout)
    values: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for rollout in scored:
        for name, value in rollout_values(rollout).items():
            values[name][rollout.task.id].append(value)
    measures = {name: _measure(name, by_task) for name, by_task in values.items()}
    return Stratum(
        n=len(scored),
        failed=len(rollouts) - len(scored),
        tasks=len(attempts),
        measures=measures | _passes(list(attempts.values())),
    )


def rollout_values(rollout: Rollout) -> dict[str, float]:
    """The metrics of one scored rollout; what does not apply to it is absent."""
    verdict = rollout.verdict
    if verdict is None:
        return {}
    values = {"mean_reward": verdict.reward, "success_rate": float(verdict.success)}
    values |= {f"reward/{part}": value for part, value in verdict.parts.items()}
    if verdict.spl is not None:
        values["spl"] = verdict.spl
    drawn = [
        verdict.goals[g.name]
        for g in rollout.task.goals
        if isinstance(g.condition, Answered) and g.condition.match == "edges"
        if g.name in verdict.goals
    ]
    if drawn:
        values["map_f1"] = fmean(drawn)
    commands = [e for e in rollout.events if e.actor == rollout.task.spec.agent.id]
    if commands:
        unknown = sum(e.kind is ResultKind.UNKNOWN for e in commands)
        values["invalid_commands"] = unknown / len(commands)
    values["turns"] = rollout.turns
    values["prompt_tokens"] = rollout.prompt_tokens
    values["completion_tokens"] = rollout.completion_tokens
    values["tool_errors"] = sum(c.error is not None for c in rollout.tool_calls)
    return values


def task_means(rollouts: Sequence[Rollout], name: str = "mean_reward") -> dict[str, float]:
    """Mean of one metric over each task's scored attempts, by task id in order of appearance."""
    found: dict[str, list[float]] = defaultdict(list)
    for rollout in rollouts:
        values = rollout_values(rollout)
        if name in values:
            found[rollout.task.id].append(values[name])
    return {task: fmean(values) for task, values in found.items()}


def _measure(name: str, by_task: Mapping[str, Sequence[float]]) -> Measure:
    means = [fmean(values) for values in by_task.values()]
    interval = count_interval(means) if name in COUNTS else rate_interval(means)
    return Measure(
        mean=fmean(means), ci95=interval, n=sum(map(len, by_task.values())), tasks=len(means)
    )


def _passes(attempts: Sequence[Sequence[Rollout]]) -> dict[str, Measure]:
    """pass@k and pass^k for k = 1, 2, 4, ... and the most attempts; tasks with fewer sit out."""
    most = max(map(len, attempts), default=0)
    measures = {}
    for k in sorted({2**i for i in range(most.bit_length()) if 2**i <= most} | {most} - {0}):
        enough = [tries for tries in attempts if len(tries) >= k]
        counts = [(len(t), sum(bool(r.verdict and r.verdict.success) for r in t)) for t in enough]
        for sign, formula in (("@", pass_at_k), ("^", pass_hat_k)):
            values = [formula(n, c, k) for n, c in counts]
            measures[f"pass{sign}{k}"] = Measure(
                mean=fmean(values),
                ci95=rate_interval(values),
                n=sum(n for n, _ in counts),
                tasks=len(values),
            )
    return measures


def _by(
    rollouts: Sequence[Rollout], key: Callable[[Rollout], str], order: Iterable[str]
) -> dict[str, Stratum]:
    groups: dict[str, list[Rollout]] = defaultdict(list)
    for rollout in rollouts:
        groups[key(rollout)].append(rollout)
    return {name: stratum(groups[name]) for name in order if name in groups}


def _position(
    rollouts: Sequence[Rollout], baselines: Mapping[str, Sequence[Rollout]]
) -> Measure | None:
    if "random" not in baselines or "oracle" not in baselines:
        return None
    own, floor, ceiling = map(task_means, (rollouts, baselines["random"], baselines["oracle"]))
    shared = [task for task in own if task in floor and task in ceiling]
    found = position(*([run[task] for task in shared] for run in (own, floor, ceiling)))
    if found is None:
        return None
    known = set(shared)
    n = sum(r.task.id in known and r.verdict is not None for r in rollouts)
    return Measure(mean=found[0], ci95=found[1], n=n, tasks=len(shared))
