"""Rows as JSON Lines and as Parquet."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from environments.rollouts.files import disk, json_line, replace_file

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
    write_lines(path, [json_line(row) for row in rows])


def write_lines(path: Path, lines: Sequence[bytes]) -> None:
    """Write a file of these lines. Raises UserError where it cannot be written."""
    _write(path, lambda new: new.write_bytes(b"".join(lines)))


def write_parquet(path: Path, rows: Sequence[Row]) -> None:
    """Write rows as one Parquet table; a column that some rows lack is null there.

    Raises UserError where the file cannot be written.
    """
    # pyarrow takes half a second to load, and only this format needs it.
    import pyarrow
    import pyarrow.parquet

    table = pyarrow.Table.from_pylist([json.loads(json_line(row)) for row in rows])
    _write(path, lambda new: pyarrow.parquet.write_table(table, new))


def _write(path: Path, write: Callable[[Path], Any]) -> None:
    with disk(path, elsewhere=ELSEWHERE):
        path.parent.mkdir(parents=True, exist_ok=True)
    replace_file(path, write, elsewhere=ELSEWHERE)
