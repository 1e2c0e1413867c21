"""`evennia-world bench NAME [--quick] [--json FILE]`."""

from __future__ import annotations

import argparse
import asyncio
import importlib
import json
import sys
from pathlib import Path
from typing import Any

SUITES = {
    "world": "benchmarks.world",
    "process": "benchmarks.process",
    "soak": "benchmarks.soak_serve",
    "replay": "benchmarks.replay",
    "evaluate": "benchmarks.evaluation",
}
"""Name -> module with `async measure(quick, say) -> dict`."""


def run(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="evennia-world bench", description="Measure on this machine."
    )
    parser.add_argument("suite", choices=SUITES)
    parser.add_argument(
        "--quick", action="store_true", help="under a minute, with fewer repetitions"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures there")
    options = parser.parse_args(argv[1:])
    module = importlib.import_module(SUITES[options.suite])
    figures = asyncio.run(module.measure(options.quick, _say))
    if options.json:
        options.json.parent.mkdir(parents=True, exist_ok=True)
        options.json.write_text(json.dumps(figures, indent=2) + "\n")
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
