"""Observations as data: what `look` shows of a room, and lists of things."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_COMMA = re.compile(r", (?![^(]*\))")
_EXIT = re.compile(r"^(?P<direction>[a-z]+)(?: \((?P<door>.*), (?P<state>open|closed)\))?$")
_ITEM = re.compile(r"^(?P<name>.*?)(?: \((?P<note>open|closed|lit)\))?\.?$")


@dataclass
class RoomView:
    """A room as it was shown."""

    name: str
    desc: str
    dark: bool
    ways: list[tuple[str, str, bool]]
    """Direction, name of the door if there is one, whether that is open."""
    listed: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    """Things with their notes, by the name of the room or thing that holds them."""


def room_view(text: str) -> RoomView | None:
    """Read the room that a text shows; None where it shows none."""
    lines = text.split("\n")
    at = next((n for n, line in enumerate(lines) if line.startswith("Exits: ")), 0)
    if at == 0:
        return None
    dark = lines[at - 1].startswith("It is too dark")
    ways = _ways(lines[at].removeprefix("Exits: "))
    view = RoomView(lines[0], "\n".join(lines[1:at]), dark, ways, {lines[0]: []})
    for line in lines[at + 1 :]:
        label, _, listed = line.partition(": ")
        if label == "Here":
            view.listed[view.name] = items(listed)
        elif label.startswith("On the "):
            view.listed[label.removeprefix("On the ")] = items(listed)
    return view


def items(listed: str) -> list[tuple[str, str]]:
    """Read a list of things: name, and `open`, `closed`, `lit` or nothing."""
    found = (_ITEM.match(part.strip()) for part in _COMMA.split(listed) if part.strip())
    return [(m["name"], m["note"] or "") for m in found if m and m["name"] not in ("", "nothing")]


def _ways(listed: str) -> list[tuple[str, str, bool]]:
    found = (_EXIT.match(part) for part in _COMMA.split(listed))
    return [
        (m["direction"], m["door"] or "", m["state"] == "open")
        for m in found
        if m and m["direction"] != "none"
    ]
