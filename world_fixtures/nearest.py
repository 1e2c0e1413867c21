"""The known name that a mistyped one was meant to be. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def did_you_mean(name: object, known: Iterable[str]) -> str:
    """Return ` (did you mean 'counter'?)` for the known name nearest to `name`, empty for none."""
    if not isinstance(name, str):
        return ""
    spelled = {other.casefold(): other for other in known}
    found = get_close_matches(name.casefold(), spelled, n=1)
    return f" (did you mean {spelled[found[0]]!r}?)" if found else ""
