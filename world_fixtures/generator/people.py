"""The people of a world: they wrote its texts, keep its rooms and own its boxes."""

from __future__ import annotations

from world_fixtures.generator.draft import Draft, Person
from world_fixtures.generator.lexicon.people import MEN, SURNAMES, WOMEN
from world_fixtures.generator.trades import trades
from world_fixtures.generator.words import share


def populate(draft: Draft) -> None:
    """Invent four to ten people, each with a trade and a place of work of their own."""
    rng = draft.rng
    count = min(10, len(draft.spots), 4 + len(draft.spots) // 4)
    surnames = rng.sample(share(SURNAMES, draft.split), max(4, count))
    women, men = (rng.sample(names := share(w, draft.split), len(names)) for w in (WOMEN, MEN))
    works = rng.sample(trades(draft.theme, draft.split), max(4, count))
    rooms = list(draft.spots.values())
    rng.shuffle(rooms)
    for n in range(max(4, count)):
        she = rng.random() < 0.5
        first = (women if she else men).pop()
        draft.people.append(
            Person(
                name=f"{first} {surnames[n]}",
                pronoun="she" if she else "he",
                trade=works[n],
                room=rooms[n % len(rooms)].id,
                born=draft.year(140, 30),
            )
        )


def somebody(draft: Draft) -> str:
    """Draw the name of one of the people."""
    return draft.rng.choice(draft.people).name
