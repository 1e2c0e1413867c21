"""The files of the report on the small model's proof."""

from __future__ import annotations

import json
from pathlib import Path

from environments.learning.proof.ledger import LEDGER, Ledger
from environments.learning.proof.page import PLOT, page, plot
from environments.learning.proof.summary import Stages, summary
from environments.rollouts.files import write_file


def write_report(run: Path, out: Path) -> Path:
    """Write summary.json, results.md and, after reinforcement learning, the plot; the page's path.

    Raises UserError where `run` holds no measured models.
    """
    stages = Stages(run)
    figures = summary(stages, Ledger(run / LEDGER).all())
    out.mkdir(parents=True, exist_ok=True)
    write_file(out / "summary.json", json.dumps(figures, indent=1) + "\n")
    if stages.seeds:
        write_file(out / PLOT, plot(stages))
    write_file(out / "results.md", page(stages, figures))
    return out / "results.md"
