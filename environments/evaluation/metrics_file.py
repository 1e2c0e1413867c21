"""metrics.json: all numbers of a run.

It has the form of Atropos's evaluate_log (after lighteval): flat numbers under `results`, and
each mean followed by its interval as `<name>_ci95`. The same numbers with their `n` are nested
under `detail`, the diagnostics, with what each is, under `diagnostics`, and tokens, time and cost
under `expenses`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from environments.evaluation.diagnostics import Diagnostic
from environments.evaluation.expenses import expenses
from environments.evaluation.metrics import TRUST, Measure, Metrics, Stratum
from environments.evaluation.run_identity import Run
from environments.rollouts.record import Rollout

ENVIRONMENT = "evennia_world"
"""Name of the environment in the keys of `results`."""


def metrics_document(
    run: Run, rollouts: Sequence[Rollout], metrics: Metrics, name: str = ENVIRONMENT,
    diagnostics: Mapping[str, Diagnostic] | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Return the content of metrics.json."""
    flat = flat_metrics(metrics)
    spent = expenses(rollouts, run.prices)
    return {
        "config_general": {
            "model_name": run.model,
            "total_evaluation_time_seconds": f"{spent.seconds:.3f}",
            "generation_parameters": run.settings,
            "suite": run.suite,
            "tasks_hash": run.tasks_hash,
            "tasks_version": run.version,
            "attempts": run.attempts,
            "rollouts_planned": run.total,
        },
        "results": {f"atropos|{name}_eval|0": flat, "all": flat},
        "expenses": spent.model_dump(mode="json"),
        "detail": metrics.model_dump(mode="json"),
        "diagnostics": {n: d.model_dump(mode="json") for n, d in (diagnostics or {}).items()},
    }


def flat_metrics(metrics: Metrics) -> dict[str, Any]:
    """Return every mean under its name, strata as `family/errand/mean_reward`, with its ci95.

    The figures of attacks are there in any run, null where no task has any.
    """
    flat: dict[str, Any] = {key: None for name in TRUST for key in (name, f"{name}_ci95")}
    flat |= _flat_counts("", metrics.overall) | _flat_stratum("", metrics.overall)
    if metrics.position is not None:
        flat |= _flat_measure("position", metrics.position)
    for path, stratum in metrics.strata().items():
        flat |= _flat_counts(f"{path}/", stratum) | _flat_stratum(f"{path}/", stratum)
    for baseline, other in metrics.baselines.items():
        flat |= _flat_stratum(f"baseline/{baseline}/", other.overall)
    return flat


def _flat_counts(prefix: str, stratum: Stratum) -> dict[str, Any]:
    return {
        f"{prefix}n": stratum.n,
        f"{prefix}failed": stratum.failed,
        f"{prefix}unscored_share": stratum.unscored_share,
    }


def _flat_stratum(prefix: str, stratum: Stratum) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, measure in stratum.measures.items():
        flat |= _flat_measure(prefix + name, measure)
    for name, measure in stratum.unscored_as_0.items():
        flat |= _flat_measure(f"{prefix}{name}_unscored_as_0", measure)
    return flat


def _flat_measure(name: str, measure: Measure) -> dict[str, Any]:
    return {name: measure.mean, f"{name}_ci95": measure.ci95 and list(measure.ci95)}
