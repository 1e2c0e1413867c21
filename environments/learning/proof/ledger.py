"""Processor time of each part of a proof, kept in a file, so that parts that were stopped count."""

from __future__ import annotations

import json
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from environments.rollouts.files import write_file

LEDGER = "processor-seconds.json"
"""Name of the file in a proof's directory."""


class Ledger:
    """The processor seconds of each part, by name, in a JSON file."""

    def __init__(self, path: Path) -> None:
        """Take the file; what it holds goes on."""
        self._path = path
        self._spent = _read(path)

    @contextmanager
    def counting(self, part: str) -> Iterator[None]:
        """Count what the block uses to `part`, however it ends."""
        begun = processor_seconds()
        try:
            yield
        finally:
            used = processor_seconds() - begun
            self._spent = _read(self._path)  # another part may have ended meanwhile
            self._spent[part] = round(self._spent.get(part, 0.0) + used, 1)
            write_file(self._path, json.dumps(self._spent, indent=1) + "\n")

    def of(self, part: str) -> float:
        """Return the seconds of a part so far."""
        return self._spent.get(part, 0.0)

    def all(self) -> dict[str, float]:
        """Return the seconds of all parts."""
        return dict(self._spent)


def _read(path: Path) -> dict[str, float]:
    found: dict[str, float] = json.loads(path.read_text()) if path.is_file() else {}
    return found


def processor_seconds() -> float:
    """Return what this process has used so far, and the programs that it started and that ended."""
    found = 0.0
    for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN):
        used = resource.getrusage(who)
        found += used.ru_utime + used.ru_stime
    return found
