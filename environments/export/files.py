"""Rows as JSON Lines and as Parquet."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from world_fixtures.common import UserError

Row = dict[str, Any]


def write(path: Path, rows: Sequence[Row]) -> None:
    """The rows in the form that the file's name asks for: `.parquet`, or JSON Lines."""
    (write_parquet if path.suffix == ".parquet" else write_jsonl)(path, rows)


def write_jsonl(path: Path, rows: Sequence[Row]) -> None:
    """One row a line, UTF-8."""
    write_lines(path, [line(row) for row in rows])


def write_lines(path: Path, lines: Sequence[bytes]) -> None:
    """A file of these lines. Raises UserError where it cannot be written."""
    _replace(path, lambda new: new.write_bytes(b"".join(lines)))


def write_parquet(path: Path, rows: Sequence[Row]) -> None:
    """The rows as one table; a field that some rows lack is null there."""
    import pyarrow
    import pyarrow.parquet

    table = pyarrow.Table.from_pylist([json.loads(line(row)) for row in rows])
    _replace(path, lambda new: pyarrow.parquet.write_table(table, new))


def line(row: Row) -> bytes:
    """A row as one line of JSON."""
    # A model may write half a surrogate pair, which no UTF-8 can hold.
    text = json.dumps(row, ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-8", "replace") + b"\n"


def _replace(path: Path, write: Callable[[Path], Any]) -> None:
    """Write a file so that it is at any moment the old one or the new one, whole."""
    new = path.with_name(f".{path.name}.new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write(new)
        os.replace(new, path)
    except OSError as error:
        raise UserError(
            f"cannot write {path} ({error.strerror or error}): choose another --out"
        ) from error
