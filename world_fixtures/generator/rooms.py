"""The rooms of a world: which there are, and the finished spec around them."""

from __future__ import annotations

from world_fixtures.generator.draft import Draft, Spot
from world_fixtures.generator.layout import direction
from world_fixtures.generator.lexicon.themes import ROOM_ADJECTIVES, ROOMS
from world_fixtures.generator.scene import describe
from world_fixtures.generator.words import expand, share
from world_fixtures.spec import Character, Exit, WorldSpec

_CARETAKERS = (
    "[Tall|Stout|Bent|Wiry], in [a grey smock|a leather apron|a coat with many pockets], with"
    " [a ring of chalk|sawdust|ink] on [one sleeve|both cuffs]. The Caretaker of the {place} nods"
    " and goes on working."
)


def place_rooms(draft: Draft) -> None:
    """Name the rooms, with nouns of the theme that come again only when all have been used."""
    nouns: list[str] = []
    for cell in draft.graph:
        if not nouns:
            nouns = list(share(ROOMS[draft.theme], draft.split))
            draft.rng.shuffle(nouns)
        found, adjective, noun = draft.call(chosen := nouns.pop(), ROOM_ADJECTIVES)
        use, place = chosen[-2], chosen[-1]
        name = f"{adjective} {noun}".title()
        draft.spots[cell] = Spot(found, name, noun, use, place, cell)


def finished(draft: Draft) -> WorldSpec:
    """Return the spec of a draft that has everything."""
    start = draft.start.id
    place = f"{draft.theme}_{draft.split}"
    return WorldSpec(
        name=place,
        title=f"The {draft.theme}",
        theme=draft.theme,
        rooms=tuple(describe(draft, spot) for spot in draft.spots.values()),
        exits=tuple(_exits(draft)),
        doors=tuple(draft.doors),
        things=tuple(draft.things),
        recipes=tuple(draft.recipes),
        characters=(
            Character(
                id="you", name="Traveller", location=start,
                desc="A traveller with a good pair of boots.",
            ),
            Character(
                id="caretaker", name="Caretaker", location=start,
                desc=expand(_CARETAKERS, draft.rng, place=draft.start.name),
            ),
        ),
    )  # fmt: skip


def _exits(draft: Draft) -> list[Exit]:
    exits = []
    for here, near in draft.graph.items():
        for there in near:
            if (here, there) in draft.one_way:
                continue
            exits.append(
                Exit(
                    source=draft.spots[here].id,
                    direction=direction(here, there),
                    target=draft.spots[there].id,
                    door=draft.door_of.get(frozenset((here, there))),
                    hidden=(here, there) in draft.hidden,
                )
            )
    return exits
