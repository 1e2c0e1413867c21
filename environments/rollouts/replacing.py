"""What a command may write over: files of its own kind, and none of a person's or a run's."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from world_fixtures.errors import UserError

PAGE_MARK = b'<meta name="generator" content="evennia-world">'
"""Stands in the head of every page of a ranking."""
RECORDS = ("run.json", "metrics.json", "traffic.json", ".jsonl")
"""How the names of the files end that hold what was played."""
ROW_KEYS = frozenset(
    {"task_id", "session_id", "metadata", "episode_id", "target_id", "function_name"}
)
"""One of these is in each row that an export writes."""


def check_replaceable(path: Path, is_ours: Callable[[bytes], bool], *, what: str) -> None:
    """Raise UserError where something else than `what` is at `path`, which would be lost.

    An empty file, and what is no ordinary one (/dev/stdout), may be written to.
    """
    if path.is_dir():
        raise UserError(f"{path} is a directory, and a file is written there: move it away")
    if not path.is_file():
        return
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UserError(f"cannot read {path} ({error.strerror}), which is there already") from error
    if content and not is_ours(content):
        raise UserError(
            f"{path} is there already, and is no {what}: choose another name, or move it away"
        )


def check_page(path: Path) -> None:
    """Raise UserError unless a page of a ranking may be written at `path`."""
    check_replaceable(path, lambda content: PAGE_MARK in content[:2000], what="page of a ranking")


def check_findings(path: Path) -> None:
    """Raise UserError unless findings may be written as JSON at `path`."""
    if path.name.endswith(RECORDS):
        check_replaceable(path, lambda _: False, what="file of findings that may be replaced")
    check_replaceable(path, _is_document, what="JSON document")


def check_svg(path: Path) -> None:
    """Raise UserError unless a drawing may be written at `path`."""
    check_replaceable(path, lambda content: content.startswith(b"<svg "), what="SVG drawing")


def check_schema(path: Path, schema: dict[str, Any]) -> None:
    """Raise UserError unless a JSON Schema may be written at `path`."""

    def is_ours(content: bytes) -> bool:
        found = _read(content)
        return isinstance(found, dict) and found.get("title") == schema["title"]

    check_replaceable(path, is_ours, what=f"schema {schema['title']}")


def check_rows(path: Path) -> None:
    """Raise UserError unless rows of an export may be written at `path`."""

    def is_ours(content: bytes) -> bool:
        if path.suffix == ".parquet":
            return content.startswith(b"PAR1")
        row = _read(content.partition(b"\n")[0])
        return isinstance(row, dict) and not ROW_KEYS.isdisjoint(row)

    check_replaceable(path, is_ours, what="file of an export")


def _is_document(content: bytes) -> bool:
    return isinstance(_read(content), dict | list)


def _read(content: bytes) -> Any:
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return None
