"""Rankings as one HTML page that needs no network and runs no script."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from environments.evaluation.formatting import (
    cost_text,
    dollars,
    interval_text,
    measure_text,
    share_text,
)
from environments.evaluation.plots import PlotRow, interval_plot
from environments.evaluation.ranking import Ranking
from environments.evaluation.ranking_text import places_text
from world_fixtures.common import Frozen

MOST_LABEL = 16
"""Characters of a name beside the plot."""
TEMPLATES = Path(__file__).with_name("templates")


class Board(Frozen):
    """The runs of the same tasks under the same conditions: ranked, and what is left."""

    title: str
    about: str = ""
    """What tells this board from others of the page."""
    ranking: Ranking | None
    """None where nothing can be ranked."""
    notes: tuple[str, ...] = ()
    """Runs that are not ranked, and why."""


def ranking_page(title: str, boards: Sequence[Board], page: Path) -> str:
    """Return the page as HTML; its links lead from the file `page` to the runs' reports."""
    return _environment().get_template("ranking.html").render(
        title=title,
        boards=[_shown(board, page) for board in boards],
        style=Markup((TEMPLATES / "ranking.css").read_text("utf-8")),
    )  # fmt: skip


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    environment.filters |= {
        "measure": measure_text, "interval": interval_text, "cost": cost_text,
        "dollars": dollars, "places": places_text, "share": share_text,
    }  # fmt: skip
    return environment


def _shown(board: Board, page: Path) -> dict[str, Any]:
    ranking = board.ranking
    shown: dict[str, Any] = {"board": board, "ranking": ranking, "plot": "", "families": []}
    if ranking is None:
        return shown
    rows = [
        PlotRow(_label(s.name), s.score.mean, s.score.ci95, {}, _counted(s.failed, s.unscored_as_0))
        for s in ranking.standings
    ]
    shown["plot"] = Markup(interval_plot(rows, f"mean {ranking.metric}"))
    shown["families"] = list(
        dict.fromkeys(family for s in ranking.standings for family in s.families)
    )
    shown["unscored"] = any(s.failed for s in ranking.standings)
    shown["missing"] = any(s.missing for s in ranking.standings)
    shown["reports"] = {s.name: _report(Path(s.source), page) for s in ranking.standings}
    shown["pairs"] = sorted(ranking.pairs, key=lambda pair: pair.p_holm)
    return shown


def _label(name: str) -> str:
    """Return a name that fits beside the plot on a phone: without the vendor, and cut."""
    short = name.rpartition("/")[2] or name
    return short if len(short) <= MOST_LABEL else short[: MOST_LABEL - 1] + "…"


def _counted(failed: int, measure: Any) -> float | None:
    return measure.mean if failed and measure is not None else None


def _report(source: Path, page: Path) -> str:
    """Return the address of a run's report as seen from the page; empty without one."""
    report = (source if source.is_dir() else source.parent) / "report.html"
    if not report.is_file():
        return ""
    relative = os.path.relpath(report.resolve(), page.resolve().parent)
    return Path(relative).as_posix()
