"""Observations as data: room views and lists of things, read from text.

Works on observations alone. The forms are those of `world_fixtures.rules`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_ITEM = re.compile(r"^(?P<name>.*?)(?: \((?P<note>open|closed|lit)\))?$")
_EXIT = re.compile(r"^(?P<direction>[a-z]+)(?: \((?P<door>.*), (?P<state>open|closed)\))?$")
_COMMA = re.compile(r", (?![^(]*\))")
_DISCOVERY = re.compile(r"You discover a way ([a-z]+)\.")
_SHUT = re.compile(r"The .+ falls shut behind you\.$")
_INSIDE = re.compile(r"(?:^|\s)(?:In it|On it): (?P<items>[^\n]+)")


@dataclass(frozen=True)
class Seen:
    """A thing as it is listed."""

    name: str
    note: str = ""
    """open, closed, lit, or nothing."""


@dataclass(frozen=True)
class Way:
    """An exit as it is listed."""

    direction: str
    door: str = ""
    closed: bool = False


@dataclass(frozen=True)
class RoomView:
    """A room as `look` shows it."""

    name: str
    desc: str
    ways: tuple[Way, ...]
    things: tuple[Seen, ...]
    """Listed after `Here:` and `On the ...:`."""
    dark: bool = False


def room_view(text: str) -> RoomView | None:
    """Read the room that `text` shows; None where it shows none."""
    lines = text.split("\n")
    if _SHUT.match(lines[0]):
        del lines[0]
    at = next((n for n, line in enumerate(lines) if line.startswith("Exits: ")), 0)
    if at == 0:
        return None
    head, tail = lines[:at], lines[at + 1 :]
    things: list[Seen] = []
    for line in tail:
        label, _, listed = line.partition(": ")
        if label == "Here" or label.startswith("On the "):
            things += items(listed)
    return RoomView(
        name=head[0],
        desc="\n".join(head[1:]),
        ways=ways(lines[at]),
        things=tuple(things),
        dark=head[-1].startswith("It is too dark to see"),
    )


def ways(line: str) -> tuple[Way, ...]:
    """Read the exits of a line `Exits: north, east (Oak Door, closed)`."""
    found = (_EXIT.match(part) for part in _COMMA.split(line.removeprefix("Exits: ")))
    return tuple(
        Way(m["direction"], m["door"] or "", m["state"] == "closed")
        for m in found
        if m and m["direction"] != "none"
    )


def items(listed: str) -> tuple[Seen, ...]:
    """Read the things of a list `Oil Lamp (lit), Chest (closed)`."""
    found = (_ITEM.match(part.strip()) for part in _COMMA.split(listed.rstrip(".")))
    return tuple(
        Seen(m["name"], m["note"] or "") for m in found if m and m["name"] not in ("", "nothing")
    )


def inside(text: str) -> tuple[Seen, ...]:
    """Read the things that a look at a thing shows in or on it."""
    match = _INSIDE.search(text)
    return items(match["items"]) if match else ()


def discovery(text: str) -> str:
    """Read the direction of a way just discovered; empty where there is none."""
    match = _DISCOVERY.search(text)
    return match[1] if match else ""
