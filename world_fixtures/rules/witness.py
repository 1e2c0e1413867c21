"""What others see of a deed: a line in the third person, and what they remember of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from world_fixtures.facts import Fact
from world_fixtures.protocol import Change
from world_fixtures.rules.outcome import Outcome
from world_fixtures.rules.scene import Scene, SpecIndex, StateReader
from world_fixtures.rules.several import Ahead

_DEEDS = {
    "get": "takes the {0}.",
    "drop": "puts down the {0}.",
    "put": "puts the {0} into or onto the {1}.",
    "open": "opens the {0}.",
    "close": "closes the {0}.",
    "unlock": "unlocks the {0}.",
    "lock": "locks the {0}.",
    "light": "lights the {0}.",
    "extinguish": "puts out the {0}.",
    "combine": "makes something.",
    "write": "writes on the {0}.",
    "read": "reads the {0}.",
    "give": "gives the {1} to {0}.",
    "pay": "gives {0} money.",
    "show": "shows {0} the {1}.",
    "greet": "greets {0}.",
    "follow": "follows {0}.",
    "whisper": "whispers something to {0}.",
    "start": "starts the {0}.",
    "buy": "buys something from {0}.",
    "sell": "sells something to {0}.",
    "trade": "trades with {0}.",
}
"""Verb -> what is seen of it, with the names of what it was done to."""
LINES = 20
"""Lines kept, at most, for a character who does nothing while others act."""


class Sight(NamedTuple):
    """What can be seen in a room of something that happens."""

    room: str
    line: str
    facts: tuple[Fact, ...] = ()


def sights(scene: Scene, outcome: Outcome) -> list[Sight]:
    """Return what others see of what a character does, from its scene before the changes.

    Where it moves, it is seen in both rooms.
    """
    name, index = scene.index.name(scene.actor), scene.index
    came = next((c for c in outcome.changes if c.entity == scene.actor), None)
    if came is not None and came.field == "location":
        return _walked(scene, outcome, name, came.before, came.after)
    if outcome.verb == "say":
        said = outcome.args.get("text", "")
        fact = Fact(scene.actor, "said", said)
        return [Sight(scene.room, f'{name} says, "{said}"', (fact,))]
    if outcome.verb in ("ask", "tell"):
        about = outcome.args.get("topic") or outcome.args.get("text", "")
        verb = "asks" if outcome.verb == "ask" else "tells"
        whom = index.name(outcome.objects[0])
        lines = [f"{name} {verb} {whom}: {about}"]
        if outcome.text and outcome.verb == "ask":
            lines.append(outcome.text)
        return [Sight(scene.room, "\n".join(lines), outcome.reveals)]
    deed = _DEEDS.get(outcome.verb or "")
    if deed is None or not outcome.objects:
        return []
    names = [index.name(o) for o in outcome.objects]
    return [Sight(scene.room, f"{name} {deed.format(*names, *[''] * 2)}")]


def _walked(scene: Scene, outcome: Outcome, name: str, before: str, after: str) -> list[Sight]:
    way = next((e for e in scene.index.exits[before] if e.id in outcome.objects), None)
    left = f"{name} goes {way.direction}." if way else f"{name} leaves."
    back = next((e for e in scene.index.exits[after] if e.target == before and not e.hidden), None)
    came = f"{name} comes in from the {back.direction}." if back else f"{name} comes in."
    if back and back.direction in ("up", "down", "in", "out"):
        came = f"{name} comes in."
    return [
        Sight(before, left, (Fact(scene.actor, "left", after),)),
        Sight(after, came, (Fact(scene.actor, "location", after),)),
    ]


def watchers(index: SpecIndex, state: StateReader, room: str, but: str) -> Iterator[str]:
    """Iterate over the characters in a room who see what happens there, in the spec's order."""
    here = [i for i in state.contents(room) if i in index.characters and i != but]
    lit = not index.rooms[room].dark
    for character in sorted(here, key=index.order.__getitem__):
        if lit or not Scene(index, state, character).is_dark():
            yield character


def remembered(
    index: SpecIndex, state: StateReader, outcome: Outcome, rooms: list[str]
) -> list[Change]:
    """Return the changes of what people remember, after `outcome` was seen in `rooms`.

    `state` is the one before the changes of `outcome`.
    """
    if not index.heeding:
        return []
    ahead = Ahead(state)
    for change in outcome.changes:
        ahead.make(change)
    made = []
    spots: dict[str, tuple[str, str]] = {}
    for room in dict.fromkeys(rooms):
        for person in watchers(index, ahead, room, ""):
            if person in index.heeding:
                before = ahead.get(person, "seen")
                after = _looked_round(index, ahead, person, room, before, spots)
                if after != before:
                    made.append(Change(entity=person, field="seen", before=before, after=after))
                    ahead.make(made[-1])
    return made


def _looked_round(
    index: SpecIndex, state: StateReader, person: str, room: str, seen: dict[str, str],
    spots: dict[str, tuple[str, str]],
) -> dict[str, str]:  # fmt: skip
    """Return where a person in `room` knows things to be after a look; `spots` are found once."""
    found = dict(seen)
    for entity in index.heeding[person]:
        if entity not in spots:
            spots[entity] = _spot(index, state, entity)
        where, carrier = spots[entity]
        if where == room and carrier != person:
            found[entity] = room
        elif found.get(entity, index.start_room(entity)) == room:
            found[entity] = ""
    return found


def _spot(index: SpecIndex, state: StateReader, entity: str) -> tuple[str, str]:
    """Return the room in which an entity can be seen, and who carries it; empty where in none.

    What somebody carries in something else is not seen.
    """
    place: str | None = state.get(entity, "location")
    if place in index.characters:
        return state.get(place, "location"), place
    while place in index.things:
        holder = index.things[place]
        if not (holder.surface or (holder.container and state.get(place, "open"))):
            return "", ""
        place = state.get(place, "location")
    return (place, "") if place in index.rooms else ("", "")
