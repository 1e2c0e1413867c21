"""Suites that ship, on disk: what takes up to half a minute to make is read within seconds.

They lie in `suites` of the directory that EVENNIA_WORLD_HOME moves, each under the hash of its
content and of the code that made it, so that a change of the code makes it anew. A suite takes a
file for its own only where what is read has its hash: it is safe to delete one, to damage it, or to
write it twice at once.
"""

from __future__ import annotations

import contextlib
import hashlib
import sys
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from environments.tasks.model import Task
from world_fixtures.home import PACKAGE, world_home_path

MAKERS = (Path(__file__).resolve().parents[1], PACKAGE)
"""Directories of the code that tasks are made by."""
NO_MAKERS = ("game", "foreign")
"""Directories of PACKAGE that no task of ours is made by."""


def read_kept(content: str) -> tuple[Task, ...] | None:
    """Return the tasks that are kept under a hash, unverified; None where there are none."""
    try:
        with _path(content).open(encoding="utf-8") as lines:
            return tuple(map(Task.model_validate_json, lines))
    except (OSError, ValueError):
        return None


def keep(content: str, tasks: Iterable[Task]) -> None:
    """Write tasks in the place of those that other code made under this hash.

    Where they cannot be written, nothing is kept.
    """
    path = _path(content)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        for earlier in path.parent.glob(f"{content}-*"):
            earlier.unlink(missing_ok=True)
        with path.open("w", encoding="utf-8") as file:
            file.writelines(task.model_dump_json() + "\n" for task in tasks)
    except OSError:
        with contextlib.suppress(OSError):
            path.unlink()


def _path(content: str) -> Path:
    return world_home_path() / "suites" / f"{content}-{code_hash()}.jsonl"


@cache
def code_hash() -> str:
    """Hash the files of the code that makes tasks, and the version of Python: 8 hex digits."""
    found = hashlib.blake2b(sys.version.encode(), digest_size=4)
    for root in MAKERS:
        for file in sorted(root.rglob("*.py")):
            inside = file.relative_to(root)
            if inside.parts[0] not in NO_MAKERS:
                found.update(inside.as_posix().encode() + b"\0" + file.read_bytes() + b"\0")
    return found.hexdigest()
