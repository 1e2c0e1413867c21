"""What came of the small model's proof, from its run directories: figures, plot and page."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from statistics import fmean
from typing import Any

from environments.evaluation.compare import compare
from environments.evaluation.metrics import Measure, scored, stratum
from environments.evaluation.run_samples import RunSamples, load_samples
from environments.evaluation.statistics import Interval, rate_interval
from environments.learning.training.trainer import read_steps
from environments.rollouts.record import Rollout
from world_fixtures.common import UserError

STAGES = {
    "base": "as it comes",
    "sft": "tuned on the follower's play",
    "sft_continued": "tuned on for as much processor time as reinforcement learning took",
    "rl": "trained by reinforcement",
}
"""The stages of a proof, by their names in summary.json, and what the model is there."""
PACKAGES = ("torch", "transformers", "trl", "atroposlib", "evennia", "evennia-world-env")


class Stages:
    """The rollouts of each stage on the suite `learn`, all its seeds together."""

    def __init__(self, out: Path) -> None:
        """Read a proof's directory. Raises UserError where the tuned model was not measured."""
        self.out = out
        self.runs = _finished(out)
        named = {"base": ["base"], "sft": ["sft"]}
        if self.runs:
            named["sft_continued"] = [f"continued-{run}" for run in self.runs.values()]
            named["rl"] = [f"rl-{run}" for run in self.runs.values()]
        for name in ("base", "sft"):
            if not _complete(self._run(name)):
                raise UserError(f"{out} holds no evaluation of {name}: evennia-world learn sft")
        self.samples = {
            stage: _together(stage, [load_samples(self._run(n)) for n in names])
            for stage, names in named.items()
        }
        self.steps = {
            seed: read_steps(out / "rl" / f"seed-{seed}" / "steps.jsonl") for seed in self.runs
        }
        """What each step of reinforcement learning was made of, by seed."""

    @property
    def seeds(self) -> list[int]:
        """Those that were trained by reinforcement, and measured."""
        return list(self.runs)

    def unseen(self) -> dict[str, RunSamples]:
        """Return the rollouts on the suite `unseen`, of the stages that were measured on it."""
        runs = {stage: self._run(f"{stage}-unseen") for stage in ("base", "sft")}
        return {stage: load_samples(run) for stage, run in runs.items() if _complete(run)}

    def _run(self, name: str) -> Path:
        return self.out / "evaluations" / name


def summary(stages: Stages, spent: Mapping[str, float]) -> dict[str, Any]:
    """Return what stands in summary.json; `spent` are processor seconds by part."""
    found: dict[str, Any] = {
        stage: _figures(reward(run.rollouts)) for stage, run in stages.samples.items()
    }
    if stages.seeds:
        difference = compare(stages.samples["sft_continued"], stages.samples["rl"])
        found["rl_minus_sft_continued"] = {
            "mean": round(difference.difference, 4),
            "ci95": _rounded(difference.ci95),
            "tasks": difference.tasks,
            "p_value": difference.p_value,
        }
        found["reinforcement"] = _reinforcement(stages.steps)
    return found | {
        "unseen": {stage: _figures(reward(run.rollouts)) for stage, run in stages.unseen().items()},
        "seeds": stages.seeds,
        "minutes": round(sum(spent.values()) / 60, 1),
        "minutes_by_part": {part: round(seconds / 60, 1) for part, seconds in spent.items()},
        "minutes_are": "of processor time, all cores together",
        "cores": os.cpu_count(),
        "versions": {name: version(name) for name in PACKAGES},
    }


def _reinforcement(steps: Mapping[int, Sequence[Mapping[str, Any]]]) -> dict[str, Any]:
    """Return the figures of training; a step whose rows all have advantage 0 has learnt nothing."""
    lines = [line for run in steps.values() for line in run]
    learnt = [[line["learning"] for line in run if line["learning"]] for run in steps.values()]
    return {
        "steps": {str(seed): len(run) for seed, run in steps.items()},
        "equal_groups": round(
            sum(line["equal"] for line in lines) / sum(line["groups"] for line in lines), 3
        ),
        "sampled_tokens_per_second": round(
            sum(line["sampled"] for line in lines) / sum(line["seconds"] for line in lines), 1
        ),
        "seconds_per_step": round(fmean(line["seconds"] for line in lines), 1),
        "first_difference_of_logprobs": max(
            (run[0]["difference"] for run in learnt if run), default=0.0
        ),
        "mean_ratio": round(fmean([step["ratio"] for run in learnt for step in run] or [1.0]), 5),
    }


def reward(rollouts: Sequence[Rollout]) -> Measure:
    """Return the mean reward over tasks, with its interval; rollouts that failed have none."""
    return stratum(scored(rollouts)).measures["mean_reward"]


def by_kind(rollouts: Sequence[Rollout]) -> dict[str, Measure]:
    """Return the mean reward of each kind, in the order of their first tasks."""
    kinds: dict[str, list[Rollout]] = {}
    for rollout in rollouts:
        kinds.setdefault(f"{rollout.task.family}.{rollout.task.kind}", []).append(rollout)
    return {kind: reward(found) for kind, found in kinds.items()}


def smoothed(
    lines: Sequence[Mapping[str, Any]], window: int = 5
) -> tuple[list[float], list[Interval]]:
    """Return the mean reward around each step and its interval, over the groups of `window` steps.

    Near the ends the window is what there is of it.
    """
    means, bounds = [], []
    for n in range(len(lines)):
        near = lines[max(0, n - window // 2) : n + window // 2 + 1]
        scores = [score for line in near for score in line["scores"]]
        means.append(fmean(scores))
        bounds.append(rate_interval(scores) or (means[-1], means[-1]))
    return means, bounds


def _finished(out: Path) -> dict[int, str]:
    """Return the longest run of each seed that was measured with what is compared with it."""
    found: dict[int, tuple[int, str]] = {}
    for directory in (out / "evaluations").glob("rl-seed-*-steps-*"):
        name = directory.name.removeprefix("rl-")
        _, seed, _, steps = name.split("-")
        if all(_complete(directory.with_name(f"{stage}-{name}")) for stage in ("rl", "continued")):
            found[int(seed)] = max(found.get(int(seed), (0, "")), (int(steps), name))
    return {seed: name for seed, (_, name) in sorted(found.items())}


def _together(stage: str, runs: Sequence[RunSamples]) -> RunSamples:
    return RunSamples(source=stage, rollouts=tuple(r for run in runs for r in run.rollouts))


def _complete(run: Path) -> bool:
    return (run / "metrics.json").is_file()


def _figures(found: Measure) -> dict[str, Any]:
    return {"mean_reward": round(found.mean, 4), "ci95": _rounded(found.ci95), "n": found.n}


def _rounded(interval: Interval | None) -> list[float] | None:
    return None if interval is None else [round(bound, 4) for bound in interval]
