"""`evennia-world bench NAME [--quick] [--json FILE]`, in a clone of the project."""

from __future__ import annotations

import asyncio
import importlib
import inspect
import json
import sys
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from environments.cli.verb import new_verb
from environments.rollouts.files import write_file
from environments.rollouts.replacing import check_findings
from world_fixtures.common import UserError

SUITES = {
    "world": "benchmarks.world",
    "process": "benchmarks.process",
    "soak": "benchmarks.soak_serve",
    "replay": "benchmarks.replay",
    "evaluate": "benchmarks.evaluation",
    "limits": "benchmarks.limits",
    "hostile": "benchmarks.hostile",
    "faults": "benchmarks.faults",
    "abilities": "benchmarks.abilities",
    "fork": "benchmarks.fork",
    "scale": "benchmarks.scale",
    "game": "benchmarks.game",
    "adapters": "benchmarks.adapters.compare",
}
"""Name -> module with `async measure(quick, say, ...) -> dict`; what else it takes are options."""
CLONE = Path(__file__).resolve().parents[2]
"""Where the project lies, if it was not installed from a wheel."""

app = new_verb()


@app.command()
def bench(
    suite: Literal[
        "world",
        "process",
        "soak",
        "replay",
        "evaluate",
        "limits",
        "hostile",
        "faults",
        "abilities",
        "fork",
        "scale",
        "game",
        "adapters",
    ],
    quick: Annotated[
        bool, typer.Option("--quick", help="a minute or two, with fewer repetitions")
    ] = False,
    seconds: Annotated[
        float | None, typer.Option(help="length of a run that is not quick (faults)")
    ] = None,
    seed: Annotated[
        int | None, typer.Option(help="of what is drawn (faults, soak, abilities)")
    ] = None,
    case: Annotated[int | None, typer.Option(help="play this case alone (faults)")] = None,
    openenv_python: Annotated[
        Path | None, typer.Option(metavar="FILE", help="interpreter that has OpenEnv (adapters)")
    ] = None,
    file: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="also write the figures there")
    ] = None,
) -> int:
    """Measure on this machine; exit code 1 where something was found to be wrong."""
    if not (CLONE / "benchmarks").is_dir():
        raise UserError("the benchmarks are not installed: run `bench` in a clone of the project")
    sys.path.insert(0, str(CLONE))
    module = importlib.import_module(SUITES[suite])
    given = {"seconds": seconds, "seed": seed, "case": case, "openenv_python": openenv_python}
    options = {name: value for name, value in given.items() if value is not None}
    known = inspect.signature(module.measure).parameters
    for name in options:
        if name not in known:
            raise UserError(f"bench {suite} has no --{name.replace('_', '-')}: leave it out")
    if file:  # before the work, or its figures would be lost where that fails
        check_findings(file)
        file.parent.mkdir(parents=True, exist_ok=True)
    figures = asyncio.run(module.measure(quick, _say, **options))
    if file:
        write_file(file, json.dumps(figures, indent=2) + "\n", elsewhere="choose another --json")
    failures = figures.pop("failures", [])  # said already, one by one
    _print_table(figures)
    return int(bool(failures))


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
