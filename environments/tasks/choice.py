"""Which tasks are meant, as people write it: `errand,navigation`, `map,errand.chain`, `3`, `2-5`.

Raises ValueError with what is wrong and an example.
"""

from __future__ import annotations

import re
from typing import Any

from environments.tasks.families import KINDS
from environments.tasks.model import Family
from world_fixtures.nearest import nearest

EASIEST, HARDEST = 1, 10
_LEVELS = re.compile(r"\s*(\d+)\s*(?:[-,:]|\.\.)\s*(\d+)\s*")


def levels(given: Any) -> Any:
    """Return the lowest and the highest difficulty of `3`, `2-5`, `[2, 5]` and `(2, 5)`."""
    if type(given) is int:
        given = (given, given)
    elif isinstance(given, str) and given.strip().isdecimal():
        given = (int(given), int(given))
    elif isinstance(given, str) and (found := _LEVELS.fullmatch(given)):
        given = (int(found[1]), int(found[2]))
    pair = tuple(given) if isinstance(given, list | tuple) else ()
    whole = len(pair) == 2 and all(type(level) is int for level in pair)
    if not whole or not EASIEST <= pair[0] <= pair[1] <= HARDEST:
        raise ValueError(
            "give the lowest and the highest level, from 1 to 10, e.g. [1, 5] or 1-5; or one"
            " level, e.g. 3"
        )
    return pair


def weights(given: Any) -> Any:
    """Return the weight of each family of `errand`, `errand,navigation` and `errand:2,time:1`.

    A mapping stays as it is.
    """
    if isinstance(given, dict):
        made: Any = given
    elif not isinstance(given, str):
        raise ValueError("give names, e.g. trust,vigil, or weights, e.g. {trust: 1, vigil: 2}")
    else:
        pairs = [name.partition(":") for name in names(given)]
        made = {name.strip(): weight.strip() or 1 for name, _, weight in pairs}
    if not made:
        raise ValueError("weights must be 0 or more, and one above 0, e.g. {errand: 1}")
    for name in made:
        family(name)
    return made


def families(given: Any) -> list[Family]:
    """Return the families of `errand,navigation`, of a list of names or of a mapping's keys."""
    return [family(name) for name in names(list(given) if isinstance(given, dict) else given)]


def family(name: Any) -> Family:
    """Return the family called `name`."""
    if name not in list(Family):
        raise ValueError(
            f"unknown family {name!r}{_near(str(name), list(Family))}: choose from"
            f" {', '.join(Family)}, e.g. errand,navigation"
        )
    return Family(name)


def kinds(given: Any) -> list[tuple[Family, str]]:
    """Return the kinds of `map`, `map,errand.chain` or a list of such names."""
    every = [(family, kind) for family, found in KINDS.items() for kind in found]
    chosen: list[tuple[Family, str]] = []
    for name in names(given):
        fitting = [(f, k) for f, k in every if name in (k, f"{f}.{k}")]
        if not fitting:
            near = _near(name, [kind for _, kind in every])
            raise ValueError(
                f"unknown kind {name!r}{near}: `evennia-world tasks list` names them, e.g."
                " map,errand.chain"
            )
        chosen += [kind for kind in fitting if kind not in chosen]
    return chosen


def names(given: Any) -> list[str]:
    """Return the names of a list, or of a text with commas between them."""
    listed = given.split(",") if isinstance(given, str) else given
    if not isinstance(listed, list | tuple):
        listed = ()
    found = [part.strip() for part in listed if isinstance(part, str)]
    if not found or not all(found) or len(found) < len(listed):
        raise ValueError("give names with commas between them, e.g. a,b")
    return found


def _near(name: str, known: list[str]) -> str:
    near = nearest(name, known)
    return f" (did you mean {near}?)" if near else ""
