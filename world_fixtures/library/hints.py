"""The id that a wrong reference was meant to be. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from world_fixtures.document import Place
from world_fixtures.nearest import did_you_mean
from world_fixtures.spec import WorldSpec

_GROUPS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("source", "target", "room", "rooms"), ("rooms",)),
    "door": ("doors",),
    **dict.fromkeys(
        ("key", "parts", "makes", "thing", "things", "machine", "needs", "into", "gives", "wants",
         "has", "shown"),
        ("things",),
    ),
    **dict.fromkeys(("location", "to", "heeds"), ("rooms", "things", "characters")),
    "id": ("characters",),
    "tells": ("rooms", "things", "doors", "characters"),
}  # fmt: skip
"""Field of a reference -> groups of what it may name."""


def hint(spec: WorldSpec, data: Any, place: Place) -> str:
    """Return ` (did you mean ...?)` where `place` in a world's data names what it has not."""
    field = next((step for step in reversed(place) if isinstance(step, str)), "")
    value = _value(data, place)
    if field == "tells" and isinstance(value, list | tuple) and value:
        value = value[0]
    if not isinstance(value, str):
        return ""
    known = set(_known(spec, field)) if field != "id" or place[0] == "living" else set()
    return "" if value in known else did_you_mean(value, known)


def _known(spec: WorldSpec, field: str) -> Iterable[str]:
    if field == "reveals":
        return [way.id for way in spec.exits if way.hidden]
    return [part.id for group in _GROUPS.get(field, ()) for part in getattr(spec, group)]


def _value(data: Any, place: Place) -> Any:
    """Return the text or list at a place; None where there is none."""
    for step in place:
        try:
            data = data[step]
        except (KeyError, IndexError, TypeError):
            return None
    return data if isinstance(data, str | list | tuple) else None
