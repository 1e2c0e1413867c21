"""What a world is: a `WorldSpec`, as frozen data.

A spec holds everything about a world that never changes while it is played, and the
state in which every instance of it starts. Nothing here does I/O. What is wrong with a
spec is found by `world_fixtures.validation`, all of it at once.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any, Literal

from pydantic import Field

from world_fixtures.common import Frozen, digest
from world_fixtures.facts import Fact
from world_fixtures.living import Living
from world_fixtures.words import Id, Name, Prose

Direction = Literal[
    "north", "northeast", "east", "southeast", "south", "southwest",
    "west", "northwest", "up", "down", "in", "out",
]  # fmt: skip

OPPOSITE: dict[str, str] = {
    "north": "south", "northeast": "southwest", "east": "west", "southeast": "northwest",
    "south": "north", "southwest": "northeast", "west": "east", "northwest": "southeast",
    "up": "down", "down": "up", "in": "out", "out": "in",
}  # fmt: skip


class Scenery(Frozen):
    """A part of a room that its description names: it can be examined and nothing else."""

    id: Id
    name: Name
    aliases: tuple[Name, ...] = ()
    desc: Prose


class Room(Frozen):
    """A room."""

    id: Id
    name: Name
    desc: Prose
    dark: bool = False
    """Nothing but the exits can be seen without a lit light in the room."""
    scenery: tuple[Scenery, ...] = Field(default=(), max_length=20)


class Exit(Frozen):
    """A way from one room to another; the way back is an exit of its own."""

    source: Id
    direction: Direction
    target: Id
    door: Id | None = None
    """A door that must be open to pass; the exits of both its sides name it."""
    hidden: bool = False
    """Not shown and not usable until a thing that `reveals` it is examined."""

    @property
    def id(self) -> str:
        """`<source>:<direction>`, unique in a valid spec."""
        return f"{self.source}:{self.direction}"


class Door(Frozen):
    """A door that exits name; it stands in no room."""

    id: Id
    name: Name
    desc: Prose = ""
    open: bool = False
    locked: bool = False
    key: Id | None = None
    """The thing that locks and unlocks it."""
    fragile: bool = False
    """Its lock breaks a wrong key, and a command must name the key."""
    shuts: bool = False
    """It falls shut behind whoever passes."""


class Thing(Frozen):
    """Something that can be examined, and what else its fields say."""

    id: Id
    name: Name
    aliases: tuple[Name, ...] = ()
    desc: Prose
    location: Id | None
    """A room, a character, or a thing with `container` or `surface`; None while out of play."""
    offstage: bool = False
    """Is out of play at the start, and may be brought into play between stages."""
    portable: bool = True
    heavy: bool = False
    """Looks portable and is too heavy to take."""
    text: Prose | None = None
    """What `read` shows."""
    tells: tuple[Fact, ...] = ()
    """What a reader of the text learns, out of the agent's sight."""
    writable: bool = False
    inscriptions: tuple[Prose, ...] = ()
    """What is written on it at the start, oldest first."""
    lines: int = Field(default=20, ge=0, le=100)
    """Inscriptions it holds at most, those of the start included."""
    width: int = Field(default=200, ge=1, le=200)
    """Characters in one inscription at most."""
    container: bool = False
    open: bool = False
    locked: bool = False
    key: Id | None = None
    fragile: bool = False
    """Its lock breaks a wrong key, and a command must name the key."""
    surface: bool = False
    light: bool = False
    """Can be lit."""
    lit: bool = False
    reveals: str | None = None
    """Id of the hidden exit that examining this thing makes known."""


class Recipe(Frozen):
    """Combining all `parts` (held or present) takes them out of play and yields `makes`."""

    parts: tuple[Id, ...] = Field(min_length=2, max_length=6)
    makes: Id


class Character(Frozen):
    """Someone who acts: an agent, or who acts between its stages."""

    id: Id
    name: Name
    location: Id
    desc: Prose = ""
    capacity: int | None = Field(default=None, ge=1)
    """Things carried in hand at most; None: no limit."""


class GameWorld(Frozen):
    """That a world is a game which somebody else wrote (`world_fixtures.foreign`)."""

    name: str = Field(min_length=1, max_length=60)
    """Of a shipped preparation, or of the game's directory."""
    content: str = Field(pattern=r"^[0-9a-f]{32}$")
    """Hash of the game's files and of how it is prepared: what snapshots are kept by."""
    account: str
    """Name of the account that plays."""
    seed: int = 0
    """Of everything that is drawn while it is played."""
    seconds: float = Field(default=2.0, gt=0, le=3600)
    """Of the game's time that pass with each command."""
    initial: dict[str, dict[str, Any]]
    """The state in which it begins: fields by entity."""


class WorldSpec(Frozen):
    """A whole world. `characters[0]` is the agent, its location the starting room."""

    name: Id
    title: Name
    theme: str = ""
    rooms: tuple[Room, ...] = Field(min_length=1, max_length=200)
    exits: tuple[Exit, ...] = Field(default=(), max_length=1000)
    doors: tuple[Door, ...] = Field(default=(), max_length=200)
    things: tuple[Thing, ...] = Field(default=(), max_length=500)
    recipes: tuple[Recipe, ...] = Field(default=(), max_length=50)
    characters: tuple[Character, ...] = Field(min_length=1, max_length=40)
    living: Living | None = Field(default=None, exclude_if=lambda value: value is None)
    """Time and people; None: nothing happens but what characters are told to do."""
    game: GameWorld | None = Field(default=None, exclude_if=lambda value: value is None)
    """None: our own rules hold in it. Otherwise the rooms, ways and things are what the map shows
    of a game at its start, and the rest follows from its own code."""

    @property
    def agent(self) -> Character:
        """The character that the agent plays."""
        return self.characters[0]

    @property
    def goes_on(self) -> bool:
        """Whether things happen in it that the agent does not do."""
        return self.living is not None or self.game is not None

    @cached_property
    def hash(self) -> str:
        """32 hex digits over the canonical JSON: equal for equal worlds, on any platform."""
        return digest(self.model_dump(mode="json")).hex()

    @cached_property
    def entities(self) -> dict[str, Room | Exit | Door | Thing | Character]:
        """Every entity by its id, in the order of the spec."""
        groups = (self.rooms, self.exits, self.doors, self.things, self.characters)
        return {entity.id: entity for group in groups for entity in group}

    @cached_property
    def exits_of(self) -> dict[str, tuple[Exit, ...]]:
        """Exits by the room they leave."""
        found: dict[str, list[Exit]] = {room.id: [] for room in self.rooms}
        for exit_ in self.exits:
            if exit_.source in found:
                found[exit_.source].append(exit_)
        return {room: tuple(exits) for room, exits in found.items()}
