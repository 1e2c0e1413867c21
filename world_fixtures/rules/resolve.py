"""Finding the one thing that the words of a command mean, or why there is none."""

from __future__ import annotations

from collections.abc import Sequence

from world_fixtures.protocol import ResultKind
from world_fixtures.rules.names import match, words
from world_fixtures.rules.outcome import Outcome, unknown
from world_fixtures.rules.scene import Scene


def resolve(scene: Scene, query: str, candidates: Sequence[str]) -> str | Outcome:
    """Return the id of the one candidate meant, else the outcome that says why not."""
    found = match(query, candidates, scene.index.names)
    if len(found) == 1:
        return found[0]
    if not found:
        return unknown(f"There is no '{query[:60]}' here.")
    noun = words(query)[-1]
    options = ", ".join(f"{noun}-{n} ({scene.index.name(i)})" for n, i in enumerate(found, 1))
    return Outcome(ResultKind.AMBIGUOUS, f"Which do you mean: {options}?", tuple(found))


def resolve_pair(
    scene: Scene, splits: list[tuple[str, str]], candidates: Sequence[str]
) -> tuple[str, str] | Outcome:
    """Find the first reading of "A ... B" in which both name something."""
    failure: Outcome | None = None
    for left, right in splits:
        first = resolve(scene, left, candidates)
        second = resolve(scene, right, candidates)
        if isinstance(first, str) and isinstance(second, str):
            return first, second
        problem = first if isinstance(first, Outcome) else second
        assert isinstance(problem, Outcome)
        if failure is None or failure.kind is ResultKind.UNKNOWN:
            failure = problem
    assert failure is not None
    return failure
