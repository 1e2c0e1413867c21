"""The file of groups that `process` writes: whole lines only, and resumable."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

from world_fixtures.common import UserError


class GroupsWriter:
    """Appends the groups of items to a file, in the order of the items if asked to."""

    def __init__(
        self,
        file: IO[bytes],
        ordered: bool,
        total: int,
        done: set[int],
        show: Callable[[int, float], None],
    ) -> None:
        """Take a file open for appending that holds the items `done` of `total`.

        `show(items, score)` is called with the number of finished items and the mean score.
        """
        self._file = file
        self._ordered = ordered
        self._held: dict[int, list[dict[str, Any]]] = {}
        self._missing = iter([i for i in range(total) if i not in done])
        self._next = next(self._missing, None)
        self._show = show
        self._scores: list[float] = []
        self.count = len(done)
        show(self.count, 0.0)

    @property
    def mean(self) -> float:
        """Mean score of the groups that this writer has added."""
        return sum(self._scores) / len(self._scores) if self._scores else 0.0

    def add(self, index: int, groups: list[dict[str, Any]]) -> None:
        """Write the groups of item `index`, now or when the items before it are written."""
        self._held[index] = groups
        if not self._ordered:
            self._write(self._held.pop(index))
        while self._ordered and self._next in self._held:
            self._write(self._held.pop(self._next))
            self._next = next(self._missing, None)

    def _write(self, groups: list[dict[str, Any]]) -> None:
        lines = [json.dumps(g, separators=(",", ":"), allow_nan=False) + "\n" for g in groups]
        self._file.write("".join(lines).encode())
        self._file.flush()
        self.count += 1
        self._scores += groups[0]["scores"]
        self._show(self.count, self.mean)


def finished_items(path: Path) -> set[int]:
    """List the items whose groups are in the file; one that is not there whole is cut off.

    Raises UserError where the file is something else.
    """
    if not path.name:
        raise UserError("process needs --env.data_path_to_save_groups FILE")
    if not path.exists():
        return set()
    items: set[int] = set()
    whole = end = 0
    with open(path, "r+b") as file:
        for number, line in enumerate(file, start=1):
            if not line.endswith(b"\n"):
                break
            end += len(line)
            try:
                group = json.loads(line)
                item, last = int(group["item"]), group["part"] == group["parts"] - 1
            except (ValueError, KeyError, TypeError):
                raise UserError(
                    f"{path} line {number} is no group of this project: choose another"
                    " --env.data_path_to_save_groups"
                ) from None
            if last:
                items.add(item)
                whole = end
        file.truncate(whole)
    return items
