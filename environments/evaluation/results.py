"""What a run leaves for its reader: metrics.json, summary.md and report.html.

metrics.json has the form of Atropos's evaluate_log (after lighteval): flat numbers under
`results`, and beside each mean its interval as `<name>_ci95`. The same numbers with their
`n` stand nested under `detail`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from environments.evaluation.metrics import Measure, Metrics, Stratum, measure_run
from environments.evaluation.rundir import RUN, SAMPLES, Run, read_run, read_samples
from environments.trajectories.record import Rollout
from world_fixtures.errors import UserError

ENVIRONMENT = "evennia_world"
METRICS = "metrics.json"
SUMMARY = "summary.md"
REPORT = "report.html"
BASELINES = "baselines"
"""Directory of the baselines' runs, one named after each policy."""


def conclude(
    out: Path,
    *,
    baselines: Mapping[str, Sequence[Rollout]] | None = None,
    report: bool = True,
    name: str = ENVIRONMENT,
) -> Metrics:
    """Write the results of the run in `out`, whole or partial; its metrics.

    `baselines` are rollouts of other policies on the same tasks by the policies' names;
    without them, those of the runs in `out/baselines/<name>`. Those with the names
    `random` and `oracle` give the run its position between them.
    Raises UserError where `out` holds no run.
    """
    run, rollouts = load_run(out)
    metrics = measure_run(rollouts, _baselines(out) if baselines is None else baselines)
    document = metrics_document(run, rollouts, metrics, name)
    (out / METRICS).write_text(json.dumps(document, indent=1, allow_nan=False) + "\n", "utf-8")
    (out / SUMMARY).write_text(summary_markdown(run, metrics), "utf-8")
    if report:
        from environments.evaluation.report import render_report

        (out / REPORT).write_text(render_report(run, rollouts, metrics), "utf-8")
    return metrics


def load_run(out: Path) -> tuple[Run, list[Rollout]]:
    """A run directory's identity and its rollouts in order. Raises UserError without one."""
    run = read_run(out)
    if run is None:
        raise UserError(f"{out} holds no {RUN}: name a directory that `evaluate` wrote")
    return run, run.in_order(read_samples(out / SAMPLES))


def _baselines(out: Path) -> dict[str, list[Rollout]]:
    known = ("random", "explorer", "noisy", "oracle")
    names = [path.parent.name for path in (out / BASELINES).glob(f"*/{SAMPLES}")]
    order = sorted(names, key=lambda n: (known.index(n) if n in known else len(known), n))
    return {name: read_samples(out / BASELINES / name / SAMPLES) for name in order}


def metrics_document(
    run: Run, rollouts: Sequence[Rollout], metrics: Metrics, name: str = ENVIRONMENT
) -> dict[str, Any]:
    """The content of metrics.json."""
    flat = flat_metrics(metrics)
    return {
        "config_general": {
            "model_name": run.model,
            "total_evaluation_time_seconds": f"{busy_seconds(rollouts):.3f}",
            "generation_parameters": run.settings,
            "suite": run.suite,
            "tasks_hash": run.tasks_hash,
            "attempts": run.attempts,
            "rollouts_planned": run.total,
        },
        "results": {f"atropos|{name}_eval|0": flat, "all": flat},
        "detail": metrics.model_dump(mode="json"),
    }


def flat_metrics(metrics: Metrics) -> dict[str, Any]:
    """Every mean under its name, strata as `family/errand/mean_reward`, with its ci95."""
    flat: dict[str, Any] = {"n": metrics.overall.n, "failed": metrics.overall.failed}
    flat |= _flat_stratum("", metrics.overall)
    if metrics.position is not None:
        flat |= _flat_measure("position", metrics.position)
    for path, stratum in metrics.strata().items():
        flat |= {f"{path}/n": stratum.n, f"{path}/failed": stratum.failed}
        flat |= _flat_stratum(f"{path}/", stratum)
    for baseline, other in metrics.baselines.items():
        flat |= _flat_stratum(f"baseline/{baseline}/", other.overall)
    return flat


def _flat_stratum(prefix: str, stratum: Stratum) -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, measure in stratum.measures.items():
        flat |= _flat_measure(prefix + name, measure)
    return flat


def _flat_measure(name: str, measure: Measure) -> dict[str, Any]:
    return {name: measure.mean, f"{name}_ci95": measure.ci95 and list(measure.ci95)}


def busy_seconds(rollouts: Sequence[Rollout]) -> float:
    """Time during which at least one rollout was played: pauses of a resumed run don't count."""
    total, until = 0.0, float("-inf")
    for start, end in sorted((r.started, r.started + r.seconds) for r in rollouts):
        total += max(0.0, end - max(start, until))
        until = max(until, end)
    return total


def summary_markdown(run: Run, metrics: Metrics) -> str:
    """A page to paste: the headline, families and difficulties, baselines."""
    overall = metrics.overall
    played = overall.n + overall.failed
    lines = [
        f"## {run.model} on {run.suite}",
        "",
        f"{overall.tasks} tasks, {overall.n} scored rollouts"
        + (f", {run.attempts} attempts a task" if run.attempts > 1 else "")
        + (f", **{overall.failed} failed and in no number below**" if overall.failed else "")
        + (f", **{run.total - played} not yet played**" if played < run.total else "")
        + ". Means with 95 % intervals over tasks.",
        "",
    ]
    wanted = ("mean_reward", "success_rate", "spl", "map_f1", "turns", "invalid_commands")
    passes = [n for n in overall.measures if n.startswith("pass") and n[5:] != "1"]
    rows = [[n, shown(overall.measures.get(n))] for n in (*wanted, *passes)]
    if metrics.position is not None:
        rows.append(["position between random (0) and oracle (1)", shown(metrics.position)])
    lines += _table(["metric", _cell(run.model)], [row for row in rows if row[1] != "-"])
    for title, of in (("family", "family"), ("difficulty", "difficulty")):
        strata: dict[str, Stratum] = getattr(metrics, of)
        lines += ["", *_table(*_strata_table(title, strata, metrics, of))]
    return "\n".join(lines) + "\n"


def _strata_table(
    title: str, strata: Mapping[str, Stratum], metrics: Metrics, of: str
) -> tuple[list[str], list[list[str]]]:
    others = [_cell(f"{name} reward") for name in metrics.baselines]
    head = [title, "n", "mean reward", "success rate", *others]
    rows = []
    for name, own in {**strata, "all": metrics.overall}.items():
        row = [name, str(own.n), *(shown(own.measures.get(m)) for m in HEADLINE)]
        for baseline in metrics.baselines.values():
            other = baseline.overall if name == "all" else getattr(baseline, of).get(name)
            measure = other.measures.get("mean_reward") if other else None
            row.append(f"{measure.mean:.2f}" if measure else "-")
        rows.append(row)
    return head, rows


HEADLINE = ("mean_reward", "success_rate")


def shown(measure: Measure | None) -> str:
    """A mean with its interval, e.g. `0.84 [0.79, 0.88]`; `-` without one."""
    if measure is None:
        return "-"
    digits = 2 if abs(measure.mean) < 10 else 1 if abs(measure.mean) < 100 else 0
    mean = f"{measure.mean:.{digits}f}"
    if measure.ci95 is None:
        return mean
    return f"{mean} [{measure.ci95[0]:.{digits}f}, {measure.ci95[1]:.{digits}f}]"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    marks = ["---"] + ["---:"] * (len(head) - 1)
    return ["| " + " | ".join(cells) + " |" for cells in (head, marks, *rows)]


def _cell(text: str) -> str:
    """Text that cannot break out of a Markdown table's cell."""
    return " ".join(text.replace("|", "\\|").split())
