"""The diagnostics of one rollout. Pure, and without the statistics of runs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from statistics import fmean

from environments.evaluation.diagnostics.coverage import coverage
from environments.evaluation.diagnostics.deadlines import punctuality
from environments.evaluation.diagnostics.definitions import COMMANDS, OVERWRITES, STAGES
from environments.evaluation.diagnostics.horizon import horizon, progress
from environments.evaluation.diagnostics.loops import loop_rate
from environments.evaluation.diagnostics.recall import recalls
from environments.evaluation.diagnostics.searches import searches
from environments.evaluation.diagnostics.stale import staleness
from environments.evaluation.diagnostics.trace import Trace
from environments.rollouts.record import Rollout

Curves = Mapping[str, Sequence[Sequence[float]]]
"""Progress of rollouts of `random`, by task."""


def rollout_diagnostics(rollout: Rollout, curves: Curves | None = None) -> dict[str, float]:
    """Return the diagnostics of one rollout by name; what does not apply to it is absent.

    `curves` is the progress of `random` by task, see `horizon.progress`.
    """
    trace = Trace.of(rollout)
    if rollout.task.spec.game is not None:  # what it shows and hides follows rules of its own
        looped = loop_rate(trace)
        return {} if looped is None else {"loop_rate": float(looped)}
    found: dict[str, float | None] = {
        **_recall(trace),
        "loop_rate": loop_rate(trace),
        "coverage": coverage(trace),
    }
    if (stale := staleness(trace)) is not None:
        found |= {"stale_beliefs": stale.rate, "stale_recovery": stale.recovery}
    if (searched := searches(trace)) is not None:
        found |= {"redundant_searches": searched.redundant, "reread_after_wipe": searched.reread}
    if (times := punctuality(trace)) is not None:
        found |= {"earliness": times.earliness, "lateness": times.lateness}
    random = (curves or {}).get(rollout.task.id, ())
    if random and (made := progress(trace)) is not None:
        found["meaningful_horizon"] = horizon(made, random)
    return {name: float(value) for name, value in found.items() if value is not None}


def _recall(trace: Trace) -> dict[str, float]:
    used: dict[str, list[bool]] = defaultdict(list)
    for one in recalls(trace):
        used["exposed_recall"].append(one.used)
        for of, bins, value in (
            ("commands", COMMANDS, one.commands),
            ("conversations", STAGES, one.stages),
            ("overwrites", OVERWRITES, one.overwrites),
        ):
            name = next(name for name, (low, high) in bins.items() if low <= value <= high)
            used[f"exposed_recall/{of}_{name}"].append(one.used)
    return {name: fmean(values) for name, values in used.items()}
