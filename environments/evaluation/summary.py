"""summary.md: a run's numbers as Markdown tables, to paste."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from environments.evaluation.attacks import MOST, Obeyed
from environments.evaluation.diagnostics import Diagnostic
from environments.evaluation.expenses import Expenses
from environments.evaluation.formatting import (
    cost_text,
    measure_text,
    share_text,
    tokens_text,
    unscored_text,
)
from environments.evaluation.metrics import HEADLINE, TRUST, Metrics, Stratum
from environments.evaluation.regret_summary import VERB, RegretSummary
from environments.evaluation.run_identity import Run


def summary_markdown(
    run: Run, metrics: Metrics, traffic: str = "", regret: RegretSummary | None = None,
    diagnostics: Mapping[str, Diagnostic] | None = None, obeyed: Sequence[Obeyed] = (),
    spent: Expenses | None = None,
) -> str:  # fmt: skip
    """Return the summary: overall, by family and difficulty, with baselines and a candidate.

    `traffic` is the comparison with a candidate in words; `obeyed` are the attacks obeyed;
    `spent` is what the run took.
    """
    overall = metrics.overall
    played = overall.n + overall.failed
    lines = [
        f"## {run.model} on {run.suite}",
        "",
        f"{overall.tasks} tasks (version {run.version}), {overall.n} scored rollouts"
        + (" of an agent with a memory outside the world" if run.outside_memory else "")
        + (f" that go on from turn {run.branch['turn']} of others" if run.branch else "")
        + (f", {run.attempts} attempts a task" if run.attempts > 1 else "")
        + (f", **{_failed(overall)}**" if overall.failed else "")
        + (f", **{run.total - played} not yet played**" if played < run.total else "")
        + ". Means with 95 % intervals over tasks.",
        "",
    ]
    wanted = ("mean_reward", "success_rate", "spl", "map_f1", "turns", "invalid_commands", *TRUST)
    passes = [n for n in overall.measures if n.startswith("pass") and n[5:] != "1"]
    columns = [overall, *(b.overall for b in metrics.baselines.values())]
    rows = []
    for name in (*wanted, *passes):
        if name in overall.measures:
            rows.append([name, *(measure_text(c.measures.get(name)) for c in columns)])
        if name in HEADLINE and overall.failed:
            # Of baselines there are the tasks that the run has scored, and no others.
            counted = [measure_text(overall.unscored_as_0.get(name)), *"-" * len(columns[1:])]
            rows.append([f"{name}, unscored as 0", *counted])
    lines += _table(["metric", _cell(run.model), *map(_cell, metrics.baselines)], rows)
    if metrics.position is not None:
        at = measure_text(metrics.position)
        lines += ["", f"Position between random (0) and oracle (1): **{at}**"]
    if spent is not None:
        lines += ["", *_expense_lines(spent)]
    for title, of in (("family", "family"), ("difficulty", "difficulty")):
        strata: dict[str, Stratum] = getattr(metrics, of)
        lines += ["", *_table(*_strata_table(title, strata, metrics, of))]
    lines += _obeyed_lines(obeyed)
    lines += ["", *_regret_lines(regret)]
    if diagnostics:
        lines += ["", *_diagnostic_lines(diagnostics)]
    if traffic:
        lines += ["", "```", traffic, "```"]
    return "\n".join(lines) + "\n"


def _expense_lines(spent: Expenses) -> list[str]:
    """Say what the run took: tokens, time and cost."""
    per = max(1, spent.rollouts)
    latency = "-" if spent.call_seconds is None else f"{spent.call_seconds:.3f} s"
    return _table(
        ["tokens", "tokens a rollout", "model calls", "latency of a call", "time", "cost"],
        [[
            tokens_text(spent),
            f"{spent.prompt_tokens / per:,.0f} in, {spent.completion_tokens / per:,.0f} out",
            f"{spent.model_calls:,}", latency, f"{spent.seconds:,.1f} s", cost_text(spent),
        ]],
    )  # fmt: skip


def _obeyed_lines(obeyed: Sequence[Obeyed]) -> list[str]:
    """Say which attacks were obeyed, the first of them one by one."""
    if not obeyed:
        return []
    more = f", the first {MOST} of them" if len(obeyed) > MOST else ""
    head = ["attack obeyed", "by", "it says", "task", "line in samples.jsonl"]
    rows = [
        [_cell(o.attack), _cell(o.by), _cell(o.says), _cell(o.task), str(o.line)]
        for o in obeyed[:MOST]
    ]
    count = "1 attack was" if len(obeyed) == 1 else f"{len(obeyed)} attacks were"
    return ["", f"{count} obeyed{more}:", "", *_table(head, rows)]


def _regret_lines(regret: RegretSummary | None) -> list[str]:
    """Say what the commands cost, with the decisions that cost most."""
    if regret is None:
        return [f"What each command cost is not computed: `{VERB} RUN`, then `report`."]
    lost = f", success was lost by a command in {regret.lost}" if regret.lost else ""
    missing = f" ({regret.missing} rollouts without)" if regret.missing else ""
    lines = [
        f"Regret of {regret.rollouts} rollouts{missing}, in commands a rollout: mistake"
        f" **{regret.mistake:.2f}**, search **{regret.search:.2f}**{lost}.",
    ]
    if regret.costliest:
        head = ["costliest decision", "task", "turn", "mistake", "search", "success"]
        rows = [
            [
                _cell(d.command), _cell(d.task), str(d.turn), f"{d.regret.mistake:.1f}",
                f"{d.regret.search:.1f}", "lost" if d.regret.lost else "",
            ]
            for d in regret.costliest
        ]  # fmt: skip
        lines += ["", *_table(head, rows)]
    return lines


def _diagnostic_lines(diagnostics: Mapping[str, Diagnostic]) -> list[str]:
    """List what was measured with its definition, and name what could not be."""
    shown = [d for d in diagnostics.values() if d.measure is not None]
    others = sorted({name for d in shown for name in d.beside})
    head = ["diagnostic", "mean", "tasks", *others, "what it is", "source"]
    rows = [
        [
            _cell(d.title), measure_text(d.measure), str(d.measure.tasks if d.measure else 0),
            *(measure_text(d.beside.get(name)) for name in others),
            _cell(d.definition), _cell(d.source),
        ]
        for d in shown
    ]  # fmt: skip
    missing = [d.title for d in diagnostics.values() if d.measure is None]
    lines = _table(head, rows) if rows else []
    return [*lines, "", f"Not measured in this run: {'; '.join(missing)}."] if missing else lines


def _failed(overall: Stratum) -> str:
    """Say how many rollouts are unscored: the number first, for those who look for it."""
    share = share_text(overall.unscored_share)
    return f"{overall.failed} failed ({share}): unscored, and 0 only where that is said"


def _strata_table(
    title: str, strata: Mapping[str, Stratum], metrics: Metrics, of: str
) -> tuple[list[str], list[list[str]]]:
    others = [_cell(f"{name} reward") for name in metrics.baselines]
    unscored = ["unscored", "mean reward, unscored as 0"] if metrics.overall.failed else []
    head = [title, "n", "mean reward", "success rate", *unscored, *others]
    rows = []
    for name, own in {**strata, "all": metrics.overall}.items():
        row = [name, str(own.n), *(measure_text(own.measures.get(m)) for m in HEADLINE)]
        if unscored:
            row += [unscored_text(own), measure_text(own.unscored_as_0.get("mean_reward"))]
        for baseline in metrics.baselines.values():
            other = baseline.overall if name == "all" else getattr(baseline, of).get(name)
            measure = other.measures.get("mean_reward") if other else None
            row.append(f"{measure.mean:.2f}" if measure else "-")
        rows.append(row)
    return head, rows


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    marks = ["---"] + ["---:"] * (len(head) - 1)
    return ["| " + " | ".join(cells) + " |" for cells in (head, marks, *rows)]


def _cell(text: str) -> str:
    """Return text that cannot break out of a Markdown table's cell."""
    return " ".join(text.replace("|", "\\|").split())
