"""Matching the words of a command to the names of things."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

Words = tuple[str, ...]

_ARTICLES = frozenset(("the", "a", "an"))
_WORD = re.compile(r"[\w']+")
_NUMBERED = re.compile(r"^(.*\S)-(\d{1,3})$")


@lru_cache(maxsize=4096)
def words(text: str) -> Words:
    """Return the words of a name, case-folded, without articles and punctuation."""
    found = _WORD.findall(text.casefold())
    return tuple(w for w in found if w not in _ARTICLES) or tuple(found)


def match(query: str, candidates: Sequence[str], names: dict[str, tuple[Words, ...]]) -> list[str]:
    """Return the ids among `candidates` that `query` may mean, in their order.

    A whole name or alias beats names that merely contain all the words. `lamp-2` picks
    the second of several.
    """
    found = _matches(words(query), candidates, names)
    if not found and (numbered := _NUMBERED.match(query.strip())):
        found = _matches(words(numbered[1]), candidates, names)
        index = int(numbered[2]) - 1
        return [found[index]] if 0 <= index < len(found) else []
    return found


def _matches(
    query: Words, candidates: Iterable[str], names: dict[str, tuple[Words, ...]]
) -> list[str]:
    if not query:
        return []
    partial = []
    wanted = set(query)
    exact = []
    for candidate in candidates:
        own = names[candidate]
        if query in own:
            exact.append(candidate)
        elif any(wanted.issubset(name) for name in own):
            partial.append(candidate)
    return exact or partial
