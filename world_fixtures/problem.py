"""One error of a world's description, and what is wrong with a told fact. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

from world_fixtures.facts import Fact

_ID = re.compile(r"[a-z][a-z0-9_]*$")


@dataclass(frozen=True)
class Problem:
    """One error of a spec."""

    place: tuple[str | int, ...]
    """Path into the spec's data, e.g. ("exits", 3, "target")."""
    message: str


def wrong_fact(fact: Fact, known: Collection[str]) -> str:
    """Return what is wrong with a fact that is told; empty for a sound one.

    `known` are the ids of the world's entities and scenery.
    """
    entity, field, value = fact
    if entity not in known and _ID.match(entity):
        return f"of {entity!r}: there is no such entity (a person goes by a full name)"
    if not field.strip():
        return f"of {entity!r} and names no field"
    if not isinstance(value, str | int | float):
        return f"of {entity!r}, and its value is neither text nor a number"
    return ""
