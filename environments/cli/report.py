"""`evennia-world report RUN`: write a run's metrics, summary and report again."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from environments.cli.verb import new_verb
from world_fixtures.common import UserError

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
    from environments.evaluation.metrics import scored
    from environments.evaluation.results import conclude_directory
    from environments.evaluation.run_samples import check_starts, check_versions, load_samples

    found = {name: load_samples(path) for name, path in map(_baseline, baseline or [])}
    if found:
        own = load_samples(run)
        for other in found.values():
            check_versions(own, other)
            check_starts(own, other)
    scores = {name: scored(other.rollouts) for name, other in found.items()}
    conclude_directory(run, baselines=scores or None)
    print(run / "report.html")
    return 0


def _baseline(given: str) -> tuple[str, Path]:
    name, mark, path = given.partition("=")
    if not (name and mark and path):
        raise UserError(f"--baseline {given!r}: write NAME=RUN, e.g. random=runs/demo/random")
    return name, Path(path)
