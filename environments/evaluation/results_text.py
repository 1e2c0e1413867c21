"""The results of a run as text for a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from environments.evaluation.expenses import Expenses, expenses
from environments.evaluation.formatting import (
    cost_text,
    measure_text,
    tokens_text,
    unscored_text,
)
from environments.evaluation.metrics import Metrics, Stratum
from environments.evaluation.run_identity import Run
from environments.rollouts.record import Rollout


def results_text(run: Run, rollouts: Sequence[Rollout], metrics: Metrics) -> str:
    """Return the table of a run's results: families with baselines, tokens, time and cost."""
    overall = metrics.overall
    head = f"{run.model} on {run.suite}: {overall.tasks} tasks, {overall.n} scored rollouts"
    if overall.failed:
        head += f", {unscored_text(overall)} unscored"
    missing = run.total - overall.n - overall.failed
    if missing > 0:
        head += f", {missing} not yet played"
    return "\n".join(
        ["", head, "", *_families(metrics), "", *expense_lines(expenses(rollouts, run.prices))]
    )


def expense_lines(spent: Expenses) -> list[str]:
    """Return tokens, time and cost, a line each."""
    each = max(1, spent.rollouts)
    time = f"{spent.seconds:,.1f} s"
    if spent.call_seconds is not None:
        time += f"; {spent.call_seconds:.3f} s a model call, {spent.model_calls:,} calls"
    return [
        f"tokens  {tokens_text(spent)} ({spent.prompt_tokens / each:,.0f} in,"
        f" {spent.completion_tokens / each:,.0f} out a rollout)",
        f"time    {time}",
        f"cost    {cost_text(spent)}",
    ]


def _families(metrics: Metrics) -> list[str]:
    """Return a row a family and one for all; baselines by their mean reward on the same tasks."""
    rows = [["family", "n", "mean reward", "success", *metrics.baselines]]
    for name, own in {**metrics.family, "all": metrics.overall}.items():
        row = [name, str(own.n), _reward(own), _mean(own, "success_rate")]
        for baseline in metrics.baselines.values():
            row.append(_mean(baseline.overall if name == "all" else baseline.family.get(name)))
        rows.append(row)
    lines = aligned(rows)
    note = "[ ]: 95 % intervals over tasks"
    if metrics.baselines:
        note += f"\n{', '.join(metrics.baselines)}: mean reward of policies on the same tasks"
    if metrics.overall.failed:
        counted = metrics.overall.unscored_as_0.get("mean_reward")
        note += f"\nmean reward with unscored as 0: {measure_text(counted)}"
    return [*lines, note]


def _reward(stratum: Stratum) -> str:
    return measure_text(stratum.measures.get("mean_reward"))


def _mean(stratum: Stratum | None, name: str = "mean_reward") -> str:
    measure = stratum.measures.get(name) if stratum is not None else None
    return "-" if measure is None else f"{measure.mean:.2f}"


def aligned(rows: Sequence[Sequence[str]], left: int = 1) -> list[str]:
    """Return rows of cells as lines with columns in line: the first `left` ones to the left."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            cell.ljust(width) if i < left else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
