"""`evennia-world bench NAME [--quick] [--json FILE]`, in a clone of the project."""

from __future__ import annotations

import asyncio
import importlib
import json
import sys
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from environments.cli.verb import new_verb
from environments.rollouts.files import write_file
from world_fixtures.common import UserError

SUITES = {
    "world": "benchmarks.world",
    "process": "benchmarks.process",
    "soak": "benchmarks.soak_serve",
    "replay": "benchmarks.replay",
    "evaluate": "benchmarks.evaluation",
    "limits": "benchmarks.limits",
    "hostile": "benchmarks.hostile",
}
"""Name -> module with `async measure(quick, say) -> dict`."""
CLONE = Path(__file__).resolve().parents[2]
"""Where the project lies, if it was not installed from a wheel."""

app = new_verb()


@app.command()
def bench(
    suite: Literal["world", "process", "soak", "replay", "evaluate", "limits", "hostile"],
    quick: Annotated[
        bool, typer.Option("--quick", help="under a minute, with fewer repetitions")
    ] = False,
    file: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="also write the figures there")
    ] = None,
) -> int:
    """Measure on this machine."""
    if not (CLONE / "benchmarks").is_dir():
        raise UserError("the benchmarks are not installed: run `bench` in a clone of the project")
    sys.path.insert(0, str(CLONE))
    module = importlib.import_module(SUITES[suite])
    figures = asyncio.run(module.measure(quick, _say))
    if file:
        file.parent.mkdir(parents=True, exist_ok=True)
        write_file(file, json.dumps(figures, indent=2) + "\n", elsewhere="choose another --json")
    _print_table(figures)
    return 0


def _say(what: str) -> None:
    print(f"measuring: {what}", file=sys.stderr, flush=True)


def _print_table(figures: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table("figure", "value")
    for name, value in _flat(figures):
        shown = f"{value:,.3f}" if isinstance(value, float) else str(value)
        table.add_row(name, shown)
    Console().print(table)


def _flat(figures: dict[str, Any], prefix: str = "") -> list[tuple[str, Any]]:
    rows: list[tuple[str, Any]] = []
    for name, value in figures.items():
        path = f"{prefix}{name}"
        rows += _flat(value, f"{path}.") if isinstance(value, dict) else [(path, value)]
    return rows
