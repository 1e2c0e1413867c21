"""The known name that a mistyped one was meant to be. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def did_you_mean(name: object, known: Iterable[str]) -> str:
    """Return ` (did you mean 'counter'?)` for the known name nearest to `name`, empty for none."""
    found = nearest(name, known) if isinstance(name, str) else ""
    return f" (did you mean {found!r}?)" if found else ""


def nearest(name: str, known: Iterable[str]) -> str:
    """Return the known name nearest to `name` in whatever case, empty for none."""
    spelled = {other.casefold(): other for other in known}
    found = get_close_matches(name.casefold(), spelled, n=1)
    return spelled[found[0]] if found else ""
