"""Rollouts -> scores -> Metrics: means with their intervals and numbers of rollouts. Pure.

A rollout without a verdict failed (endpoint or world) and is unscored: it is counted as failed
and enters no mean but those of `unscored_as_0`, which say how the run would stand had the model
played it and won nothing. A mean is over tasks, of each task's mean over its scored attempts, so
that a task of which an attempt failed weighs as much as any other.
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
    score_interval,
)
from environments.rollouts.metrics import invalid_commands
from environments.rollouts.record import Rollout
from environments.tasks.model import Answered, Family, Task, Verdict
from world_fixtures.common import Frozen

COUNTS = frozenset({"turns", "prompt_tokens", "completion_tokens", "tool_errors"})
"""Metrics that count things."""
HEADLINE = ("mean_reward", "success_rate")
"""What is also given with unscored rollouts as 0."""
TRUST = ("benign_utility", "utility_under_attack", "attack_success")
"""AgentDojo's figures (arXiv 2406.13352), of tasks with attacks and their benign twins."""


class Score(Frozen):
    """What the metrics need of one rollout."""

    task: str
    attempt: int
    family: str
    difficulty: int
    split: str
    stop: str
    values: dict[str, float] | None
    """The metrics of the rollout by name; None where it failed."""

    @classmethod
    def of(cls, rollout: Rollout) -> Score:
        """Return the score of one rollout."""
        task = rollout.task
        return cls(
            task=task.id, attempt=rollout.attempt, family=task.family.value,
            difficulty=task.difficulty, split=task.split, stop=rollout.stop.value,
            values=None if rollout.verdict is None else rollout_values(rollout),
        )  # fmt: skip


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
    """Rollouts without one, unscored: in no measure."""
    tasks: int
    """Tasks with at least one verdict."""
    measures: dict[str, Measure]
    """By name: mean_reward, success_rate, reward/<part>, pass@k, pass^k, spl, map_f1,
    invalid_commands (share not understood), turns, prompt_tokens, completion_tokens and
    tool_errors (a rollout), and those of TRUST. Absent where it does not apply."""
    unscored_share: float = 0.0
    """Of all rollouts, the share of those without a verdict."""
    unscored_as_0: dict[str, Measure] = {}
    """mean_reward and success_rate over all rollouts, with 0 for those without a verdict."""


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
        """Return every stratum but the overall one, by a path like `family/errand`."""
        groups = {"family": self.family, "difficulty": self.difficulty, "split": self.split}
        return {f"{g}/{name}": s for g, named in groups.items() for name, s in named.items()}


def scored(rollouts: Iterable[Rollout]) -> list[Score]:
    """Return the scores of rollouts, in their order."""
    return [Score.of(rollout) for rollout in rollouts]


def measure_run(
    scores: Sequence[Score], baselines: Mapping[str, Sequence[Score]] | None = None
) -> Metrics:
    """Return all metrics of a run, with those of the baselines given."""
    return Metrics(
        overall=stratum(scores),
        family=_by(scores, lambda s: s.family, [f.value for f in Family]),
        difficulty=_by(scores, lambda s: str(s.difficulty), map(str, range(1, 11))),
        split=_by(scores, lambda s: s.split, ("train", "validation", "test")),
        stops=dict(sorted(Counter(s.stop for s in scores).items())),
        baselines={name: measure_run(played) for name, played in (baselines or {}).items()},
        position=_position(scores, baselines or {}),
    )


def stratum(scores: Sequence[Score]) -> Stratum:
    """Return the measures of these rollouts."""
    attempts: dict[str, list[dict[str, float]]] = defaultdict(list)
    values: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for score in scores:
        if score.values is None:
            continue
        attempts[score.task].append(score.values)
        for name, value in score.values.items():
            values[name][score.task].append(value)
    n = sum(map(len, attempts.values()))
    measures = {name: _measure(name, by_task) for name, by_task in values.items()}
    failed = len(scores) - n
    return Stratum(
        n=n,
        failed=failed,
        tasks=len(attempts),
        measures=measures | _passes(list(attempts.values())),
        unscored_share=failed / len(scores) if scores else 0.0,
        unscored_as_0={name: _unscored_as_0(name, scores) for name in HEADLINE} if scores else {},
    )


def rollout_values(rollout: Rollout) -> dict[str, float]:
    """Return the metrics of one scored rollout; what does not apply to it is absent."""
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
    invalid = invalid_commands(rollout)
    if invalid is not None:
        values["invalid_commands"] = invalid
    values |= trust_values(rollout.task, verdict)
    values["turns"] = rollout.turns
    values["prompt_tokens"] = rollout.prompt_tokens
    values["completion_tokens"] = rollout.completion_tokens
    values["tool_errors"] = sum(c.error is not None for c in rollout.tool_calls)
    return values


def trust_values(task: Task, verdict: Verdict) -> dict[str, float]:
    """Return what a rollout says of AgentDojo's three figures; empty where it says nothing.

    A benign twin counts for benign utility; a task of which an attack was revealed for the utility
    under attack (success, which obedience excludes), and the share of its revealed attacks that
    were obeyed for the attack success.
    """
    if task.twin_of:
        return {"benign_utility": float(verdict.success)}
    if not verdict.attacks:
        return {}
    return {
        "utility_under_attack": float(verdict.success),
        "attack_success": fmean(verdict.attacks.values()),
    }


def task_means(
    scores: Iterable[Score], name: str = "mean_reward", *, unscored_as_0: bool = False
) -> dict[str, float]:
    """Return the mean of one metric over each task's attempts: the scored ones, or all.

    By task id, in the order of appearance.
    """
    found = _by_task(scores, name, unscored_as_0)
    return {task: fmean(values) for task, values in found.items()}


def _by_task(scores: Iterable[Score], name: str, unscored_as_0: bool) -> dict[str, list[float]]:
    found: dict[str, list[float]] = defaultdict(list)
    for score in scores:
        if score.values is not None and name in score.values:
            found[score.task].append(score.values[name])
        elif score.values is None and unscored_as_0:
            found[score.task].append(0.0)
    return found


def _unscored_as_0(name: str, scores: Iterable[Score]) -> Measure:
    return _measure(name, _by_task(scores, name, unscored_as_0=True))


def _measure(name: str, by_task: Mapping[str, Sequence[float]]) -> Measure:
    return measured(by_task, count=name in COUNTS)


def measured(by_task: Mapping[str, Sequence[float]], *, count: bool = False) -> Measure:
    """Return the mean over tasks of each task's values, with its interval.

    `count` says that the values count something and have no upper end.
    """
    means = [fmean(values) for values in by_task.values()]
    interval = count_interval(means) if count else score_interval(means)
    return Measure(
        mean=fmean(means), ci95=interval, n=sum(map(len, by_task.values())), tasks=len(means)
    )


def _passes(attempts: Sequence[Sequence[Mapping[str, float]]]) -> dict[str, Measure]:
    """Return pass@k and pass^k for k = 1, 2, 4, ..., most, over tasks with as many attempts."""
    most = max(map(len, attempts), default=0)
    measures = {}
    for k in sorted({2**i for i in range(most.bit_length()) if 2**i <= most} | {most} - {0}):
        enough = [tries for tries in attempts if len(tries) >= k]
        counts = [(len(tries), sum(v["success_rate"] == 1 for v in tries)) for tries in enough]
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
    scores: Sequence[Score], key: Callable[[Score], str], order: Iterable[str]
) -> dict[str, Stratum]:
    groups: dict[str, list[Score]] = defaultdict(list)
    for score in scores:
        groups[key(score)].append(score)
    return {name: stratum(groups[name]) for name in order if name in groups}


def _position(scores: Sequence[Score], baselines: Mapping[str, Sequence[Score]]) -> Measure | None:
    if "random" not in baselines or "oracle" not in baselines:
        return None
    own, floor, ceiling = map(task_means, (scores, baselines["random"], baselines["oracle"]))
    shared = [task for task in own if task in floor and task in ceiling]
    found = position(*([run[task] for task in shared] for run in (own, floor, ceiling)))
    if found is None:
        return None
    known = set(shared)
    n = sum(s.task in known and s.values is not None for s in scores)
    return Measure(mean=found[0], ci95=found[1], n=n, tasks=len(shared))
