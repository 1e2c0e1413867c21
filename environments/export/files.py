"""Rows as JSON Lines and as Parquet."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from environments.rollouts.files import json_line, replace_file, write_lines
from world_fixtures.disk import disk

ELSEWHERE = "choose another --out"

Row = dict[str, Any]
"""One row of a table: plain JSON data by column."""


def write(path: Path, rows: Sequence[Row]) -> None:
    """Write rows in the form that the file's name asks for: `.parquet`, or JSON Lines.

    Raises UserError where the file cannot be written.
    """
    (write_parquet if path.suffix == ".parquet" else write_jsonl)(path, rows)


def write_jsonl(path: Path, rows: Sequence[Row]) -> None:
    """Write one row a line, as UTF-8 JSON. Raises UserError where the file cannot be written."""
    _make_directory(path)
    write_lines(path, map(json_line, rows), elsewhere=ELSEWHERE)


def write_parquet(path: Path, rows: Sequence[Row]) -> None:
    """Write rows as one Parquet table; a column that some rows lack is null there.

    Raises UserError where the file cannot be written.
    """
    # pyarrow takes half a second to load, and only this format needs it.
    import pyarrow
    import pyarrow.parquet

    table = pyarrow.Table.from_pylist([json.loads(json_line(row)) for row in rows])
    _make_directory(path)
    replace_file(path, lambda new: pyarrow.parquet.write_table(table, new), elsewhere=ELSEWHERE)


def _make_directory(path: Path) -> None:
    with disk(path, elsewhere=ELSEWHERE):
        path.parent.mkdir(parents=True, exist_ok=True)
