"""How many commands a task allows, from what searches without the map needed."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence

from environments.tasks.model import Search

__all__ = ["budget_of", "search_of"]

SPARE = 8
"""Commands beyond the shortest known way, at least."""
LEAST = 12
"""Commands that any task allows."""


def search_of(costs: Sequence[int], seed: int) -> Search:
    """Sum up searches: mean and standard deviation of the commands that each needed."""
    return Search(
        mean=round(statistics.fmean(costs), 3),
        spread=round(statistics.pstdev(costs), 3),
        runs=len(costs),
        seed=seed,
    )


def budget_of(search: Search, walkthrough: int, worst: int) -> int:
    """Return the commands that a task allows, all of them counted.

    With `worst` the costliest search and `walkthrough` the commands of the shortest known way,
    that is the greatest of 1.3 x worst, mean + 3 x spread and 1.5 x walkthrough, rounded up, and
    3 more. It is never below `LEAST`, nor below the walkthrough and `SPARE` more: a short task is
    not lost by a look around, a request for help and a wrong door.
    """
    most = max(1.3 * worst, search.mean + 3 * search.spread, 1.5 * walkthrough)
    return max(math.ceil(round(most, 6)) + 3, walkthrough + SPARE, LEAST)
