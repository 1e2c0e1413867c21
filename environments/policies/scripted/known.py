"""What can be known of rooms, ways and things."""

from __future__ import annotations

from dataclasses import dataclass, field

ME = "(carried)"
"""Place of what the agent carries."""
GONE = "(gone)"
"""Place of what was used up."""
OPPOSITE = {
    "north": "south", "northeast": "southwest", "east": "west", "southeast": "northwest",
    "up": "down", "in": "out",
}  # fmt: skip
OPPOSITE |= {there: here for here, there in OPPOSITE.items()}


@dataclass
class Thing:
    """A thing or a door, as far as it is known."""

    name: str
    place: str = ""
    """Name of the room or thing that holds it, ME, GONE, or empty where unknown."""
    door: bool = False
    container: bool = False
    open: bool = False
    locked: bool = False
    shuts: bool = False
    """A door that falls shut behind whoever passes."""
    lit: bool = False
    light: bool | None = None
    """None: nobody knows yet."""
    fixed: bool = False
    examined: bool = False
    inspected: bool = False
    """What it holds has been seen since it was opened."""
    writable: bool = False
    writing: bool = False
    desc: str = ""
    text: str | None = None
    """What a reader reads; None where it was not read."""
    lines: list[str] = field(default_factory=list)
    """Written by others, in order."""
    mine: list[str] = field(default_factory=list)
    """Written by the agent, in order."""
    misfits: set[str] = field(default_factory=set)
    """Names of keys that do not turn its lock."""
    home: str = ""
    """Where it was before the agent first took it."""
    taken: int = 0
    """How often the agent took it from there."""


@dataclass
class Way:
    """One way out of a room."""

    door: str = ""
    target: str = ""
    """Name of the room behind it, empty where unknown."""
    guessed: bool = False
    """Nobody has walked it yet: it is taken to lead back."""
    hidden: bool = False
    """It was discovered by a close look."""
    refused: bool = False
    """The last try came to nothing."""


@dataclass
class Room:
    """A room that was entered."""

    name: str
    desc: str = ""
    dark: bool = False
    ways: dict[str, Way] = field(default_factory=dict)
