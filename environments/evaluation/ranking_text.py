"""A ranking of runs as text for a terminal."""

from __future__ import annotations

from environments.evaluation.formatting import (
    dollars,
    interval_text,
    measure_text,
    shortened,
)
from environments.evaluation.ranking import Ranking, Standing
from environments.evaluation.results_text import aligned

MOST_PAIRS = 15
"""Pairs that are printed; the page has all of them."""


def ranking_text(ranking: Ranking, *, pairs: bool = True) -> str:
    """Return the ranking, the best first, and with `pairs` which differences are significant."""
    suites = f" of {', '.join(ranking.suites)}" if ranking.suites else ""
    count = len(ranking.standings)
    lines = [
        f"{count} run{'s' * (count > 1)} by {ranking.metric}, over {ranking.tasks} tasks{suites}"
        f" (version {ranking.version}) that each has scored"
    ]
    if ranking.left_out:
        lines[0] += f"; {ranking.left_out} that not all have scored are left out"
    head = ["place", "could be", "run", f"mean {ranking.metric}", "success", "unscored"]
    head += ["tokens", "s a call", "cost"]
    rows = [_row(standing) for standing in ranking.standings]
    lines += ["", *aligned([head, *rows], left=3)]
    lines.append("[ ]: 95 % intervals over tasks; could be: places that the tests leave open")
    missing = [f"{s.name} {s.missing}" for s in ranking.standings if s.missing]
    if missing:
        lines.append(f"rollouts not yet played: {', '.join(missing)}")
    if pairs and ranking.pairs:
        lines += ["", *_pair_lines(ranking)]
    return "\n".join(lines)


def places_text(standing: Standing) -> str:
    """Return the places that the tests leave open, e.g. `1-3`."""
    return str(standing.best) if standing.best == standing.worst else (
        f"{standing.best}-{standing.worst}"
    )  # fmt: skip


def _row(standing: Standing) -> list[str]:
    spent = standing.spent
    return [
        str(standing.place), places_text(standing), standing.name, measure_text(standing.score),
        f"{standing.success.mean:.2f}", str(standing.failed),
        shortened(spent.prompt_tokens + spent.completion_tokens),
        "-" if spent.call_seconds is None else f"{spent.call_seconds:.2f}",
        "unknown" if spent.cost is None else dollars(spent.cost),
    ]  # fmt: skip


def _pair_lines(ranking: Ranking) -> list[str]:
    number = len(ranking.pairs)
    certain = sum(pair.significant for pair in ranking.pairs)
    rows = [["B - A", "difference", "tasks", "p", "corrected", ""]]
    for pair in sorted(ranking.pairs, key=lambda pair: pair.p_holm)[:MOST_PAIRS]:
        rows.append([
            f"{pair.b} - {pair.a}", f"{pair.difference:+.3f}{interval_text(pair.ci95)}",
            str(pair.tasks), f"{pair.p_value:.4f}", f"{pair.p_holm:.4f}",
            "significant" if pair.significant else "",
        ])  # fmt: skip
    more = f", the first {MOST_PAIRS} here" if number > MOST_PAIRS else ""
    return [
        f"pairs: {certain} of {number} differ significantly{more} (paired permutation tests,"
        f" p corrected by Holm for {number})",
        *aligned(rows),
    ]
