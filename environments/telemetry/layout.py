"""Paths of traces: `<root>/YYYYMMDD/<session_id>.jsonl`, its meta file beside it."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

from world_fixtures.common import UserError

DEFAULT_ROOT = Path("~/.timmy/training-data/evennia")
SESSION_ID = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$"
"""A session id is a file's name: it can neither hide a file nor leave the directory."""
DAY = re.compile(r"\d{8}")
EVENTS = ".jsonl"
META = ".meta.json"


def root_path(given: str | Path | None = None) -> Path:
    """Return the root that was given, or the default one, with `~` expanded."""
    return Path(given or DEFAULT_ROOT).expanduser()


def trace_path(root: Path, session_id: str, started: float) -> Path:
    """Return the file of the events of a session that began at Unix time `started`.

    Raises UserError for a session id that is no plain file name.
    """
    if not re.fullmatch(SESSION_ID, session_id) or session_id.endswith("\n"):
        raise UserError(
            f"session id {session_id!r} cannot name a file: use letters, digits, '.', '_' and "
            "'-', a letter or digit first, 128 at most"
        )
    return root / datetime.fromtimestamp(started, UTC).strftime("%Y%m%d") / (session_id + EVENTS)


def meta_path(events: Path) -> Path:
    """Return the meta file of an events file."""
    return events.with_name(events.name.removesuffix(EVENTS) + META)


def find_traces(path: Path) -> list[Path]:
    """Find the events files at `path`: itself, or all below it with a meta file, sorted.

    Raises UserError where there is none.
    """
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise UserError(f"{path} does not exist: give a trace (.jsonl) or a tree of traces")
    found = sorted(p for p in path.rglob("*" + EVENTS) if meta_path(p).is_file())
    if not found:
        raise UserError(f"{path} holds no trace: a trace is NAME{EVENTS} with NAME{META} beside it")
    return found
