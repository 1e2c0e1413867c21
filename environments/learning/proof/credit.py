"""A study: what training credits turns with, compared at an equal number of computed tokens.

The same tiny models are trained with each way of giving credit. What is equal is how many tokens
the model server has computed, since continuations for branches are computed, too.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np

from environments.evaluation.line_plot import Line, line_plot, mean_line
from environments.learning.proof.stages import Say
from environments.learning.proof.tiny import Lane, Sizes
from environments.rollouts.files import write_file

CREDITS = ("group", "shaped", "branches")
POINTS = 20
"""At which curves are read off, to take their mean over seeds."""
Curve = tuple[list[float], list[float]]
"""Thousands of tokens computed so far, and the mean reward of the step that they led to."""


def study_credit(out: Path, seeds: Sequence[int], say: Say, sizes: Sizes | None = None) -> Path:
    """Train with each way of giving credit into the empty directory `out`; the path of the plot.

    Writes credit.json, with the area below each curve and the reward on unseen tasks, and
    credit-by-tokens.svg.
    """
    lane = Lane(out, say, sizes)
    curves: dict[str, list[Curve]] = {credit: [] for credit in CREDITS}
    unseen: dict[str, list[float]] = {credit: [] for credit in CREDITS}
    for seed in seeds:
        tuned, _ = lane.tuned(seed)
        for credit in CREDITS:
            name = f"seed-{seed}/{credit}"
            trained, steps = lane.reinforced(tuned, name, seed, credit=credit)
            computed = [step["computed"] / 1000 for step in steps]
            curves[credit].append((computed, [step["reward"] for step in steps]))
            found = lane.measured(trained, f"seed-{seed}-{credit}")
            unseen[credit].append(found["mean_reward"])
    budget = min(places[-1] for runs in curves.values() for places, _ in runs)
    lines = [_line(credit, runs, budget) for credit, runs in curves.items()]
    told: dict[str, Any] = {
        "budget_thousand_tokens": round(budget, 1),
        "seeds": [*seeds],
        "sizes": asdict(lane.sizes),
        "credits": {
            credit: {
                "area": _areas(runs, budget),
                "unseen": [round(value, 4) for value in unseen[credit]],
                "curves": runs,
            }
            for credit, runs in curves.items()
        },
    }
    write_file(out / "credit.json", json.dumps(told, indent=1) + "\n")
    path = out / "credit-by-tokens.svg"
    counted = "thousand tokens that the model server computed"
    write_file(path, line_plot(lines, title="Reward by tokens and credit", counted=counted))
    return path


def _line(credit: str, runs: Sequence[Curve], budget: float) -> Line:
    """Return the mean of a credit's curves over the seeds, with its interval."""
    places = [budget * n / POINTS for n in range(1, POINTS + 1)]
    read = [np.interp(places, *curve).tolist() for curve in runs]
    area = fmean(_areas(runs, budget))
    name = f"{credit}: mean reward {area:.2f} up to there"
    return mean_line(name, places, list(zip(*read, strict=True)))


def _areas(runs: Sequence[Curve], budget: float) -> list[float]:
    """Return the mean reward of each run up to the budget."""
    places = np.linspace(0, budget, 201)[1:]
    return [round(float(np.interp(places, *curve).mean()), 4) for curve in runs]
