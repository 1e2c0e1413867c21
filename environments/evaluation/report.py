"""report.html: a whole run in one file that needs no network.

Numbers, tables and the list of samples are in the page. What a sample holds is embedded
as JSON beside it and is built into the page when the reader opens it, by a script that
sets text and never markup: all of it was written by a model or a world, and a content
security policy lets no other script run.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from environments.evaluation.attacks import obeyed_attacks
from environments.evaluation.diagnostics import Diagnostic
from environments.evaluation.formatting import measure_text, unscored_text
from environments.evaluation.metrics import HEADLINE, TRUST, Measure, Metrics, Stratum
from environments.evaluation.plots import PlotRow, histogram, interval_plot, turn_bars
from environments.evaluation.regret import RolloutRegrets
from environments.evaluation.regret_summary import VERB, summarise
from environments.evaluation.run_identity import Run
from environments.evaluation.sample_detail import outcome, sample_detail
from environments.evaluation.setting_lines import setting_lines
from environments.rollouts.record import Rollout

TEMPLATES = Path(__file__).with_name("templates")
MAX_BYTES = 9_000_000
"""Of embedded samples. Unsolved ones go first; what does not fit is in samples.jsonl."""

COLUMNS = {
    "mean_reward": "mean reward",
    "success_rate": "success",
    "spl": "SPL",
    "map_f1": "map F1",
    "turns": "turns",
    "invalid_commands": "invalid",
    "benign_utility": "benign utility",
    "utility_under_attack": "utility under attack",
    "attack_success": "attack success",
}
UNSCORED = ("unscored", "mean reward, unscored as 0")
"""Further columns where there are such rollouts."""


def render_report(
    run: Run, rollouts: Sequence[Rollout], metrics: Metrics, *,
    traffic: str = "", regrets: Mapping[str, RolloutRegrets] | None = None,
    diagnostics: Mapping[str, Diagnostic] | None = None, max_bytes: int = MAX_BYTES,
) -> str:  # fmt: skip
    """Return the page as HTML.

    `traffic` is the comparison with a candidate in words; `regrets` are by the
    rollouts' ids; `max_bytes` is for embedded samples.
    """
    found = summarise(rollouts, regrets or {})
    turns = "Mean regret by turn"
    script = (TEMPLATES / "report.js").read_text("utf-8")
    return _environment().get_template("report.html").render(
        run=run,
        metrics=metrics,
        overall=metrics.overall,
        unscored=unscored_text(metrics.overall),
        missing=run.total - metrics.overall.n - metrics.overall.failed,
        headline=_headline(metrics),
        traffic=traffic,
        plots=_plots(rollouts, metrics),
        tables=_tables(metrics),
        diagnostics=_diagnostics(diagnostics or {}),
        obeyed=obeyed_attacks(rollouts),
        regret=found,
        regret_verb=VERB,
        regret_plot=Markup(turn_bars(found.bars, turns)) if found else "",
        samples=_samples(rollouts, regrets or {}, max_bytes),
        counts=Counter(map(outcome, rollouts)),
        settings=list(setting_lines(run.settings)),
        families=list(metrics.family),
        style=Markup((TEMPLATES / "report.css").read_text("utf-8")),
        script=Markup(script),
        script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
    )  # fmt: skip


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip


def _headline(metrics: Metrics) -> list[tuple[str, Measure]]:
    measures = metrics.overall.measures
    titles = {"mean_reward": "mean reward", "success_rate": "success rate", "spl": "SPL"}
    titles |= {name: COLUMNS[name] for name in TRUST}
    most = max((int(n[5:]) for n in measures if n.startswith("pass@")), default=1)
    if most > 1:
        titles |= {f"pass@{most}": f"pass@{most}", f"pass^{most}": f"pass^{most}"}
    found = []
    for name, title in titles.items():
        if name in measures:
            found.append((title, measures[name]))
        if name in measures and name in HEADLINE and metrics.overall.failed:
            found.append((f"{title}, unscored as 0", metrics.overall.unscored_as_0[name]))
    if metrics.position is not None:
        found.append(("random 0 to oracle 1", metrics.position))
    return found


def _plots(rollouts: Sequence[Rollout], metrics: Metrics) -> list[tuple[str, Markup]]:
    if not metrics.overall.n:
        return []
    rewards = [r.verdict.reward for r in rollouts if r.verdict is not None]
    families, difficulties = "Mean reward by family", "Mean reward by difficulty"
    unscored = metrics.overall.failed
    spread = "Rollouts by reward" + (f" (without {unscored} unscored)" if unscored else "")
    return [
        (families, Markup(interval_plot(_rows(metrics, "family"), families))),
        (spread, Markup(histogram(rewards, spread))),
        (difficulties, Markup(interval_plot(_rows(metrics, "difficulty"), difficulties))),
    ]


def _rows(metrics: Metrics, of: str) -> list[PlotRow]:
    rows = []
    own: dict[str, Stratum] = getattr(metrics, of)
    for name, stratum in {"all": metrics.overall, **own}.items():
        measure = stratum.measures.get("mean_reward")
        if measure is None:
            continue
        others = {b: _stratum(m, of, name) for b, m in metrics.baselines.items()}
        marks = {
            b: s.measures["mean_reward"].mean
            for b, s in others.items()
            if s is not None and "mean_reward" in s.measures
        }
        counted = stratum.unscored_as_0["mean_reward"].mean if stratum.failed else None
        rows.append(PlotRow(name, measure.mean, measure.ci95, marks, counted))
    return rows


def _stratum(metrics: Metrics, of: str, name: str) -> Stratum | None:
    return metrics.overall if name == "all" else getattr(metrics, of).get(name)


def _tables(metrics: Metrics) -> list[dict[str, Any]]:
    """Make a table each for families, difficulties and splits, with lines for baselines."""
    present = {n: t for n, t in COLUMNS.items() if n in metrics.overall.measures}
    unscored = metrics.overall.failed > 0
    tables = []
    for of in ("family", "difficulty", "split"):
        own: dict[str, Stratum] = getattr(metrics, of)
        if of == "split" and len(own) < 2:
            continue
        groups = []
        for name in (*own, "all"):
            lines = [("", _stratum(metrics, of, name))]
            lines += [(b, _stratum(m, of, name)) for b, m in metrics.baselines.items()]
            groups.append(
                [_line(name, who, s, present, unscored) for who, s in lines if s is not None]
            )
        head = ["n", *(UNSCORED if unscored else ()), *present.values()]
        tables.append({"title": of, "head": head, "groups": groups})
    return tables


def _diagnostics(diagnostics: Mapping[str, Diagnostic]) -> dict[str, Any] | None:
    """Make the table of what was measured, and name what could not be."""
    shown = [d for d in diagnostics.values() if d.measure is not None]
    others = sorted({name for d in shown for name in d.beside})
    return {
        "others": others,
        "rows": [
            {
                "title": d.title, "definition": d.definition, "source": d.source,
                "tasks": d.measure.tasks if d.measure else 0,
                "cells": [_cell(d.measure), *(_cell(d.beside.get(name)) for name in others)],
            }
            for d in shown
        ],
        "missing": [d.title for d in diagnostics.values() if d.measure is None],
    } if diagnostics else None  # fmt: skip


def _line(
    name: str, who: str, stratum: Stratum, columns: dict[str, str], unscored: bool
) -> dict[str, Any]:
    cells = [(str(stratum.n), "")]
    if unscored:
        # Of baselines there are the tasks that the run has scored, and no others.
        counted = None if who else stratum.unscored_as_0.get("mean_reward")
        cells += [(unscored_text(stratum), ""), _cell(counted)]
    cells += [_cell(stratum.measures.get(column)) for column in columns]
    return {"name": who or name, "baseline": bool(who), "cells": cells}


def _cell(measure: Measure | None) -> tuple[str, str]:
    """Return a mean and, apart, its interval."""
    mean, _, interval = measure_text(measure).partition(" ")
    return mean, interval


def _samples(
    rollouts: Sequence[Rollout], regrets: Mapping[str, RolloutRegrets], max_bytes: int
) -> list[dict[str, Any]]:
    samples: list[dict[str, Any]] = [
        {
            "line": i, "task": r.task.id, "attempt": r.attempt, "family": r.task.family.value,
            "difficulty": r.task.difficulty, "outcome": outcome(r), "turns": r.turns,
            "branch": r.branch_turn if r.branch_of is not None else None,
            "reward": None if r.verdict is None else r.verdict.reward, "detail": None,
            "failure": r.failure if r.verdict is None else None,
        }
        for i, r in enumerate(rollouts, start=1)
    ]  # fmt: skip
    room = max_bytes
    for sample in sorted(samples, key=lambda s: s["outcome"] == "solved"):
        detail = _embedded(_detail(rollouts[sample["line"] - 1], regrets))
        if len(detail) <= room:
            room -= len(detail)
            sample["detail"] = Markup(detail)
    return samples


def _detail(rollout: Rollout, regrets: Mapping[str, RolloutRegrets]) -> dict[str, Any]:
    return sample_detail(rollout, regrets.get(rollout.id))


def _embedded(value: Any) -> str:
    """Return JSON that is safe in a script element: it can neither end it nor begin a comment."""
    text = json.dumps(value, ensure_ascii=True, separators=(",", ":"))
    for char in "<>&":
        text = text.replace(char, f"\\u{ord(char):04x}")
    return text
