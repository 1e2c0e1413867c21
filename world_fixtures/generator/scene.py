"""The descriptions of rooms, and the parts of them that can be examined."""

from __future__ import annotations

from functools import cache

from world_fixtures.generator.draft import Draft, Spot
from world_fixtures.generator.lexicon.scenery import PARTS, WORDS, Part
from world_fixtures.generator.lexicon.themes import AIRS, USE_LINES
from world_fixtures.generator.words import a, expand, sentence
from world_fixtures.spec import Room, Scenery


@cache
def _parts(place: str) -> tuple[Part, ...]:
    return tuple(p for p in PARTS if place in p.places)


def describe(draft: Draft, spot: Spot) -> Room:
    """Write a room's description with two to four parts, of which the first sentence names one."""
    rng = draft.rng
    parts = rng.sample(_parts(spot.place), rng.choice((2, 2, 3, 4)) if draft.scale < 4 else 2)
    scenery, lines = [], []
    for part in parts:
        found, adjective, noun = draft.call(part.noun, WORDS[part.matter])
        name = f"{adjective} {noun}"
        lines.append(expand(rng.choice(part.lines), rng, a=a(name)))
        desc = f"{a(name)}. {expand(rng.choice(part.descs), rng)}"
        scenery.append(Scenery(id=found, name=name, desc=sentence(desc)))
    mood = rng.choice((*AIRS[draft.theme], *USE_LINES[spot.use]))
    lines.insert(rng.randrange(1, len(lines) + 1), expand(mood, rng))
    text = " ".join(f"{sentence(line)}." for line in lines)
    return Room(id=spot.id, name=spot.name, desc=text, dark=spot.dark, scenery=tuple(scenery))
