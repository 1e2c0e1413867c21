"""How well a submitted answer matches what was expected: a degree in [0, 1]. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from environments.tasks import forms
from environments.tasks.forms import normal
from environments.tasks.model import Answered

__all__ = ["MIN_F1", "f1", "match", "normal"]

MIN_F1 = 0.8
"""A map that is no better than this counts nothing."""


def match(condition: Answered, answer: dict[str, Any] | None, expected: Sequence[str]) -> float:
    """Return the degree, in [0, 1], to which the answer's field is what is `expected`."""
    given = (answer or {}).get(condition.field)
    if given is None or not expected:
        return 0.0
    match condition.match:
        case "text":
            return float(forms.name(forms.single(given)) in set(map(forms.name, expected)))
        case "number":
            found = forms.number(forms.single(given))
            return float(found is not None and found == forms.number(expected[0]))
        case "set":
            wanted = set(map(forms.name, expected))
            return float(forms.names(given, wanted) == wanted)
        case "route":
            return float(forms.route(given) == forms.route(list(expected)))
        case "edges":
            score = f1(forms.edges(given), forms.edges(list(expected)))
            return max(0.0, (score - MIN_F1) / (1 - MIN_F1))


def f1(given: set[str], expected: set[str]) -> float:
    """Return the harmonic mean of precision and recall of two sets, in [0, 1]."""
    if not given or not expected:
        return float(given == expected)
    return 2 * len(given & expected) / (len(given) + len(expected))
