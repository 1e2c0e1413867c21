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

from environments.evaluation.baselines import baselines_of
from environments.evaluation.candidate_summary import TrafficSummary, traffic_text
from environments.evaluation.metrics import Measure, Metrics, Score, Stratum, measure_run, scored
from environments.evaluation.run_directory import RUN, SAMPLES, Run, read_run, read_samples
from environments.rollouts.record import Rollout
from world_fixtures.common import UserError

ENVIRONMENT = "evennia_world"
METRICS = "metrics.json"
SUMMARY = "summary.md"
REPORT = "report.html"
TRAFFIC = "traffic.json"
"""What a candidate beside the run's model came to, where there was one."""


def conclude(
    out: Path,
    *,
    baselines: Mapping[str, Sequence[Score]] | None = None,
    report: bool = True,
    name: str = ENVIRONMENT,
) -> Metrics:
    """Write the results of the run in `out`, whole or partial; its metrics.

    `baselines` are scores of other policies by the policies' names, by default those that
    `baselines_of` finds; of theirs, the tasks that the run has scored are shown. Those with
    the names `random` and `oracle` give the run its position between them.
    Raises UserError where `out` holds no run.
    """
    run, rollouts = load_run(out)
    scores = scored(rollouts)
    found = baselines_of(out, run) if baselines is None else baselines
    done = {score.task for score in scores if score.values is not None}
    beside = {name: [s for s in other if s.task in done] for name, other in found.items()}
    metrics = measure_run(scores, beside if done else None)
    document = metrics_document(run, rollouts, metrics, name)
    (out / METRICS).write_text(json.dumps(document, indent=1, allow_nan=False) + "\n", "utf-8")
    traffic = _traffic(out / TRAFFIC)
    (out / SUMMARY).write_text(summary_markdown(run, metrics, traffic), "utf-8")
    if report:
        from environments.evaluation.report import render_report

        page = render_report(run, rollouts, metrics, traffic=traffic)
        (out / REPORT).write_text(page, "utf-8")
    return metrics


def load_run(out: Path) -> tuple[Run, list[Rollout]]:
    """A run directory's identity and its rollouts in order. Raises UserError without one."""
    run = read_run(out)
    if run is None:
        raise UserError(f"{out} holds no {RUN}: name a directory that `evaluate` wrote")
    return run, run.in_order(read_samples(out / SAMPLES))


def _traffic(path: Path) -> str:
    """The comparison with a candidate in words; empty without one."""
    if not path.exists():
        return ""
    return traffic_text(TrafficSummary.model_validate_json(path.read_bytes()))


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


def summary_markdown(run: Run, metrics: Metrics, traffic: str = "") -> str:
    """A page to paste: the headline, families and difficulties, baselines, the candidate."""
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
    columns = [overall, *(b.overall for b in metrics.baselines.values())]
    rows = [
        [name, *(shown(column.measures.get(name)) for column in columns)]
        for name in (*wanted, *passes)
        if name in overall.measures
    ]
    lines += _table(["metric", _cell(run.model), *map(_cell, metrics.baselines)], rows)
    if metrics.position is not None:
        at = shown(metrics.position)
        lines += ["", f"Position between random (0) and oracle (1): **{at}**"]
    for title, of in (("family", "family"), ("difficulty", "difficulty")):
        strata: dict[str, Stratum] = getattr(metrics, of)
        lines += ["", *_table(*_strata_table(title, strata, metrics, of))]
    if traffic:
        lines += ["", "```", traffic, "```"]
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
