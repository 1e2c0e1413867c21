"""`evennia-world report RUN`: write a run's metrics, summary and report again."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from world_fixtures.common import UserError

if TYPE_CHECKING:
    from environments.evaluation.metrics import Score


def run(argv: list[str]) -> int:
    """0 written."""
    parser = argparse.ArgumentParser(
        prog="evennia-world report",
        description="Write metrics.json, summary.md and report.html of a run directory again, "
        "from its samples. Works on an interrupted run too.",
    )
    parser.add_argument("run", type=Path, metavar="RUN")
    parser.add_argument(
        "--baseline", action="append", default=[], metavar="NAME=RUN",
        help="a run of another policy on the same tasks, to stand in every table; `random` "
        "and `oracle` together give the position between them "
        "(default: RUN/baselines/*, or those that ship for the suite)",
    )  # fmt: skip
    args = parser.parse_args(argv[1:])

    from environments.evaluation.results import conclude_directory

    conclude_directory(args.run, baselines=dict(map(_baseline, args.baseline)) or None)
    print(args.run / "report.html")
    return 0


def _baseline(given: str) -> tuple[str, Sequence[Score]]:
    from environments.evaluation.compare import load_samples
    from environments.evaluation.metrics import scored

    name, mark, path = given.partition("=")
    if not (name and mark and path):
        raise UserError(f"--baseline {given!r}: write NAME=RUN, e.g. random=runs/demo/random")
    return name, scored(load_samples(Path(path)).rollouts)
