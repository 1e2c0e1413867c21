"""The files of a run for its reader: metrics.json, summary.md and report.html."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from pydantic import ValidationError

from environments.evaluation.attacks import obeyed_attacks
from environments.evaluation.baselines import baselines_of
from environments.evaluation.candidate_summary import TRAFFIC, TrafficSummary, traffic_text
from environments.evaluation.diagnostics import diagnose_directory
from environments.evaluation.expenses import expenses
from environments.evaluation.metrics import Metrics, Score, measure_run, scored
from environments.evaluation.metrics_file import ENVIRONMENT, metrics_document
from environments.evaluation.regret import REGRETS, read_regrets
from environments.evaluation.regret_summary import summarise
from environments.evaluation.report import render_report
from environments.evaluation.run_directory import RUN, read_run
from environments.evaluation.run_identity import Run
from environments.evaluation.summary import summary_markdown
from environments.rollouts.files import CONTINUES, SAMPLES, read_file, read_samples, write_file
from environments.rollouts.record import Rollout
from world_fixtures.common import UserError

METRICS = "metrics.json"
SUMMARY = "summary.md"
REPORT = "report.html"


def conclude(
    out: Path,
    run: Run,
    rollouts: Sequence[Rollout],
    *,
    baselines: Mapping[str, Sequence[Score]] | None = None,
    report: bool = True,
    name: str = ENVIRONMENT,
) -> Metrics:
    """Write the results of a run, whole or partial, into `out` and return its metrics.

    `rollouts` are in the order of the run, as `RunDirectory` has them when it is closed.
    `baselines` are scores of other policies by the policies' names, by default those that
    `baselines_of` finds; of theirs, the tasks that the run has scored are shown. Those with
    the names `random` and `oracle` give the run its position between them. `name` is the
    environment's in metrics.json.
    """
    scores = scored(rollouts)
    found = baselines_of(out, run) if baselines is None else baselines
    done = {score.task for score in scores if score.values is not None}
    others = {name: [s for s in other if s.task in done] for name, other in found.items()}
    metrics = measure_run(scores, others if done else None)
    diagnostics = diagnose_directory(out, rollouts)
    document = metrics_document(run, rollouts, metrics, name, diagnostics)
    text = json.dumps(document, indent=1, allow_nan=False) + "\n"
    write_file(out / METRICS, text, kept=CONTINUES)
    traffic = _traffic(out / TRAFFIC)
    regrets = read_regrets(out / REGRETS)
    found_regrets = summarise(rollouts, regrets)
    summary = summary_markdown(
        run,
        metrics,
        traffic,
        found_regrets,
        diagnostics,
        obeyed_attacks(rollouts),
        expenses(rollouts, run.prices),
    )
    write_file(out / SUMMARY, summary, kept=CONTINUES)
    if report:
        page = render_report(
            run, rollouts, metrics, traffic=traffic, regrets=regrets, diagnostics=diagnostics
        )
        write_file(out / REPORT, page, kept=CONTINUES)
    return metrics


def conclude_directory(
    out: Path,
    *,
    baselines: Mapping[str, Sequence[Score]] | None = None,
    report: bool = True,
    name: str = ENVIRONMENT,
) -> Metrics:
    """Write the results of the run in `out` again, from its files; see `conclude`.

    Raises UserError where `out` holds no run.
    """
    run, rollouts = load_run(out)
    return conclude(out, run, rollouts, baselines=baselines, report=report, name=name)


def load_run(out: Path) -> tuple[Run, list[Rollout]]:
    """Read a run directory: its identity and its rollouts in order.

    Raises UserError where there is none.
    """
    run = read_run(out)
    if run is None:
        raise UserError(f"{out} holds no {RUN}: name a directory that `evaluate` wrote")
    return run, run.in_order(read_samples(out / SAMPLES))


def _traffic(path: Path) -> str:
    """Return the comparison with a candidate in words; empty without one."""
    if not path.exists():
        return ""
    try:
        return traffic_text(TrafficSummary.model_validate_json(read_file(path)))
    except ValidationError as error:
        raise UserError(f"{path} is damaged: {error.errors()[0]['msg']}; delete it") from error
