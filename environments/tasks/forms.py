"""The forms in which an agent may give an answer, brought to one form for comparison. Pure.

Names may be given as a view of the world prints them, directions in short, routes and sets as one
text. No form here makes two answers of one: a list of alternatives is no text and no number.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

from world_fixtures.rules.grammar import DIRECTIONS

_ARTICLES = frozenset(("the", "a", "an"))
_BETWEEN = frozenset(("and", "then", "go"))
"""Words between the directions of a route."""
_ENDS = (("from", "room", "source"), ("direction", "dir"), ("to", "target"))
"""Keys of an edge given as an object."""
_SHOWN = re.compile(r"\((?:[^(),]*, ?)?(?:open|closed|lit)\)", re.IGNORECASE)
"""What a view of the world adds to the names of things and directions."""
_THOUSANDS = re.compile(r"(?<![0-9,.])[0-9]{1,3}(?:,[0-9]{3})+(?![0-9,])")
_NUMBER = re.compile(r"((?<!\w)-)?([0-9]+(?:\.[0-9]+)?)")
MOST_DIGITS = 15
"""Of a number given as text: more are no number of any task."""


def normal(value: Any) -> str:
    """Normalise a value for comparison: lower case, without articles and punctuation.

    What is neither text nor number becomes the empty string.
    """
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    if isinstance(value, int) and value.bit_length() > 1000:
        return ""  # Python writes no number of thousands of digits
    if isinstance(value, float) and value.is_integer() and abs(value) < 10**MOST_DIGITS:
        value = int(value)
    words = re.findall(r"[\w']+", str(value).casefold())
    return " ".join(w for w in words if w not in _ARTICLES)


def name(value: Any) -> str:
    """Normalise a name, without "(closed)" and the like, or a direction, in full."""
    found = normal(_SHOWN.sub(" ", value) if isinstance(value, str) else value)
    return DIRECTIONS.get(found, found)


def single(value: Any) -> Any:
    """Return the one element of a list of one, and anything else as it is."""
    return value[0] if isinstance(value, list) and len(value) == 1 else value


def number(value: Any) -> int | float | None:
    """Return the number that is given, or the only one in a text; None for none or several."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value  # a whole number of a thousand digits has no float
    if not isinstance(value, str):
        return None
    text = _THOUSANDS.sub(lambda m: m[0].replace(",", ""), value)
    found = list(_NUMBER.finditer(text))
    if len(found) != 1 or len(found[0][2]) > MOST_DIGITS:
        return None
    start = found[0].start()
    if start and (text[start - 1].isalpha() or text[start - 1] in "_."):
        return None
    return float("".join(part or "" for part in found[0].groups()))


def names(value: Any, known: Collection[str]) -> set[str]:
    """Return the names in a list, or in a text joined by commas and "and".

    A part of a text that is one of the `known` names, in normal form, is not divided at its "and".
    """
    if isinstance(value, list):
        return {found for found in map(name, value) if found}
    text = _SHOWN.sub(" ", value) if isinstance(value, str) else normal(value)
    longest = 1 + max((k.count(" and ") for k in known), default=0)
    found: set[str] = set()
    for part in re.split(r"[,;\n]", text):
        words = normal(part).removeprefix("and ").split(" and ")
        at = 0
        while at < len(words):
            joined = [" and ".join(words[at : at + size]) for size in range(longest, 0, -1)]
            whole = next((j for j in joined if j in known), joined[-1])
            found.add(DIRECTIONS.get(whole, whole))
            at += 1 + whole.count(" and ")
    return found - {""}


def route(value: Any) -> list[str]:
    """Return directions in full, whether given as a list or as one text."""
    parts = value if isinstance(value, list) else [value]
    words = [
        word
        for part in parts
        for word in normal(_SHOWN.sub(" ", part) if isinstance(part, str) else part).split()
    ]
    return [DIRECTIONS.get(w, w) for w in words if w not in _BETWEEN]


def edges(value: Any) -> set[str]:
    """Return edges as "room | direction | room", whether given as texts, lists or objects."""
    found = set()
    lines = value.splitlines() if isinstance(value, str) else value
    for item in lines if isinstance(lines, list) else []:
        parts: list[Any] = (
            re.split(r"\||->", item) if isinstance(item, str)
            else _ends(item) if isinstance(item, dict)
            else item if isinstance(item, list) else []
        )  # fmt: skip
        if len(parts) == 3:
            found.add(" | ".join(map(name, parts)))
    return found


def _ends(item: Mapping[Any, Any]) -> list[Any]:
    """Return room, direction and room of an object: by its keys, else in its order."""
    keyed = {str(key).casefold(): value for key, value in item.items()}
    found = [[keyed[k] for k in keys if k in keyed] for keys in _ENDS]
    if all(len(values) == 1 for values in found):
        return [values[0] for values in found]
    return list(item.values())
