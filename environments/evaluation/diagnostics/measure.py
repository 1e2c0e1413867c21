"""Rollouts -> diagnostics: means over a run with their intervals."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from environments.evaluation.diagnostics.definitions import DEFINITIONS
from environments.evaluation.diagnostics.horizon import progress
from environments.evaluation.diagnostics.memory import memory_value
from environments.evaluation.diagnostics.trace import Trace
from environments.evaluation.diagnostics.values import Curves, rollout_diagnostics
from environments.evaluation.metrics import Measure, measured
from environments.rollouts.record import Rollout
from world_fixtures.common import Frozen

RANDOM = "random"
"""The policy that progress is compared with."""


class Diagnostic(Frozen):
    """One diagnostic of a run."""

    title: str
    definition: str
    source: str
    measure: Measure | None
    """None where nothing of the run could be measured."""
    beside: dict[str, Measure] = {}
    """The same of other policies on the tasks of the run, by name."""


def diagnose(
    rollouts: Sequence[Rollout],
    baselines: Mapping[str, Sequence[Rollout]] | None = None,
    notes: Mapping[str, Sequence[Rollout]] | None = None,
) -> dict[str, Diagnostic]:
    """Return all diagnostics of a run by name, those that could not be measured included.

    `baselines` are rollouts of other policies by name; that of `random` is what progress is
    compared with. `notes` are rollouts of the same model with the agent's notes `wiped` or
    `swapped` between conversations. Rollouts without a verdict count nowhere.
    """
    curves = _curves((baselines or {}).get(RANDOM, ()))
    tasks = {r.task.id for r in rollouts if r.verdict is not None}
    own = _measures(rollouts, curves)
    for name, others in (notes or {}).items():
        if (found := memory_value(rollouts, others)) is not None:
            own[f"memory_value_{name}"] = found
    beside = {
        name: _measures([r for r in others if r.task.id in tasks], curves)
        for name, others in (baselines or {}).items()
    }
    return {
        name: Diagnostic(
            title=given.title, definition=given.meaning, source=given.source,
            measure=own.get(name),
            beside={other: found[name] for other, found in beside.items() if name in found},
        )
        for name, given in DEFINITIONS.items()
    }  # fmt: skip


def _curves(rollouts: Iterable[Rollout]) -> dict[str, list[list[float]]]:
    found: dict[str, list[list[float]]] = defaultdict(list)
    for rollout in rollouts:
        if rollout.verdict is not None and (made := progress(Trace.of(rollout))) is not None:
            found[rollout.task.id].append(made)
    return found


def _measures(rollouts: Iterable[Rollout], curves: Curves) -> dict[str, Measure]:
    values: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for rollout in rollouts:
        if rollout.verdict is not None:
            for name, value in rollout_diagnostics(rollout, curves).items():
                values[name][rollout.task.id].append(value)
    return {name: measured(by, count=DEFINITIONS[name].counts) for name, by in values.items()}
