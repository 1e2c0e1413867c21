"""What programs share that measure or check: numbers as options, and figures as JSON."""

from __future__ import annotations

import argparse
import asyncio
import json
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

Figures = dict[str, Any]
"""What was found, as it goes into JSON."""


def found_by(
    doc: str, measure: Callable[[argparse.Namespace], Coroutine[Any, Any, Figures]], **numbers: int
) -> Figures:
    """Return what `measure` finds with the options of the command line, once it is told.

    Each of `numbers` is an option with this default; `doc` is that of the program.
    """
    parser = argparse.ArgumentParser(description=doc.partition("\n")[0])
    for name, default in numbers.items():
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--json", type=Path, metavar="FILE")
    args = parser.parse_args()
    figures = asyncio.run(measure(args))
    tell(figures, args.json)
    return figures


def tell(figures: Figures, file: Path | None) -> None:
    """Print figures as JSON, and write them into a file where one is given."""
    text = json.dumps(figures, indent=2)
    if file:
        file.write_text(text + "\n")
    print(text)
