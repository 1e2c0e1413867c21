"""`evennia-world report RUN`: write a run's metrics, summary and report again."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from environments.cli.verb import new_verb
from world_fixtures.common import UserError

if TYPE_CHECKING:
    from environments.evaluation.metrics import Score


app = new_verb()


@app.command()
def report(
    run: Annotated[Path, typer.Argument(metavar="RUN")],
    baseline: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=RUN",
            help="a run of another policy on the same tasks, to stand in every table; `random` "
            "and `oracle` together give the position between them "
            "(default: RUN/baselines/*, or those that ship for the suite)",
        ),
    ] = None,
) -> int:
    """Write metrics.json, summary.md and report.html of a run directory again, from its samples.

    Works on an interrupted run too.
    """
    # numpy and scipy
    from environments.evaluation.results import conclude_directory

    conclude_directory(run, baselines=dict(map(_baseline, baseline or [])) or None)
    print(run / "report.html")
    return 0


def _baseline(given: str) -> tuple[str, Sequence[Score]]:
    # numpy and scipy
    from environments.evaluation.compare import load_samples
    from environments.evaluation.metrics import scored

    name, mark, path = given.partition("=")
    if not (name and mark and path):
        raise UserError(f"--baseline {given!r}: write NAME=RUN, e.g. random=runs/demo/random")
    return name, scored(load_samples(Path(path)).rollouts)
