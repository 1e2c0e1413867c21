"""Worlds of a chosen size for benchmarks: a grid of rooms, with things to handle."""

from __future__ import annotations

from world_fixtures.spec import OPPOSITE, Character, Exit, Room, Thing, WorldSpec


def grid_world(rooms: int, things: int = 10) -> WorldSpec:
    """Make `rooms` rooms in rows of four, exits both ways, and `things` things in them."""
    names = [f"room{n}" for n in range(rooms)]
    exits = []
    for n, name in enumerate(names):
        for direction, other in (("east", n + 1 if n % 4 < 3 else rooms), ("south", n + 4)):
            if other < rooms:
                exits.append(Exit(source=name, direction=direction, target=names[other]))
                back = OPPOSITE[direction]
                exits.append(Exit(source=names[other], direction=back, target=name))
    return WorldSpec(
        name="grid",
        title=f"Grid of {rooms}",
        rooms=tuple(
            Room(
                id=name, name=f"Room {n}", desc=f"A plain square room, numbered {n} on the lintel."
            )
            for n, name in enumerate(names)
        ),
        exits=tuple(exits),
        things=tuple(
            Thing(
                id=f"thing{n}",
                name=f"Token {chr(65 + n)}",
                desc="A brass token.",
                location=names[n * rooms // (things * 2)],
                text=f"Number {n}." if n % 2 else None,
                writable=n % 3 == 0,
            )
            for n in range(things)
        ),
        characters=(Character(id="you", name="Traveller", location=names[0]),),
    )


WALK = (
    "look", "get token a", "examine token b", "read token b", "get token b", "east", "look",
    "get token c", "write hello on token a", "west", "drop token a", "inventory", "south",
    "drop token b", "north",
)  # fmt: skip
"""Fifteen commands as an agent mixes them; playable on every grid."""
