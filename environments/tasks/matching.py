"""How well a submitted answer matches what was expected: a degree in [0, 1]. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from environments.tasks.model import Answered

_ARTICLES = frozenset(("the", "a", "an"))
MIN_F1 = 0.5
"""Below this a list is no better than a guess and counts nothing."""


def match(condition: Answered, answer: dict[str, Any] | None) -> float:
    """Return the degree, in [0, 1], to which the answer's field is what `condition` expects."""
    given = (answer or {}).get(condition.field)
    if given is None:
        return 0.0
    if condition.match == "text":
        return float(normal(given) in {normal(e) for e in condition.expected})
    if condition.match == "number":
        return float(
            _number(given) is not None and _number(given) == _number(condition.expected[0])
        )
    keys = _edges if condition.match == "edges" else _names
    score = f1(keys(given), keys(list(condition.expected)))
    return score if score >= MIN_F1 else 0.0


def normal(value: Any) -> str:
    """Normalise a value for comparison: lower case, without articles and punctuation.

    What is neither text nor number becomes the empty string.
    """
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    words = re.findall(r"[\w']+", str(value).casefold())
    return " ".join(w for w in words if w not in _ARTICLES)


def f1(given: set[str], expected: set[str]) -> float:
    """Return the harmonic mean of precision and recall of two sets, in [0, 1]."""
    if not given or not expected:
        return float(given == expected)
    return 2 * len(given & expected) / (len(given) + len(expected))


def _number(value: Any) -> int | float | None:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value  # a whole number of a thousand digits has no float
    if isinstance(value, str) and re.fullmatch(r"\s*-?\d{1,15}(\.\d{1,6})?\s*", value):
        return float(value)
    return None


def _names(value: Any) -> set[str]:
    parts: Iterable[Any] = value if isinstance(value, list) else str(value).split(",")
    return {normal(p) for p in parts if normal(p)}


def _edges(value: Any) -> set[str]:
    """Return edges as "room | direction | room", whether given as texts, lists or objects."""
    edges = set()
    for item in value if isinstance(value, list) else str(value).splitlines():
        parts: Sequence[Any] = (
            item.split("|") if isinstance(item, str)
            else list(item.values()) if isinstance(item, dict)
            else item if isinstance(item, list) else ()
        )  # fmt: skip
        if len(parts) == 3:
            edges.add(" | ".join(normal(p) for p in parts))
    return edges
