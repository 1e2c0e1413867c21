"""Worlds from a seed: the same seed, difficulty, theme, split and rooms give the same bytes.

What grows with the difficulty, 1 to 10: rooms (7 to 23), locked doors and keys that fit nothing
(from 2), dark rooms, lights and doors without locks (from 3), hidden exits, recipes and locks that
break a wrong key (from 4), one-way exits, doors that fall shut and boxes in boxes (from 5), locked
boxes (from 6), and the number of texts and things throughout.
"""

from __future__ import annotations

import random

from world_fixtures.common import UserError
from world_fixtures.generator.draft import Draft
from world_fixtures.generator.furnish import furnish
from world_fixtures.generator.layout import lay_out
from world_fixtures.generator.lexicon.themes import THEMES
from world_fixtures.generator.obstacles import add_obstacles, shut_rooms
from world_fixtures.generator.people import populate
from world_fixtures.generator.rooms import finished, place_rooms
from world_fixtures.generator.texts import write_documents
from world_fixtures.generator.words import SPLITS, Split
from world_fixtures.spec import WorldSpec

__all__ = ["SPLITS", "THEMES", "Split", "generate_world"]

FEWEST_ROOMS, MOST_ROOMS = 3, 200


def generate_world(
    seed: int,
    difficulty: int,
    theme: str | None = None,
    split: Split = "train",
    rooms: int | None = None,
) -> WorldSpec:
    """Make the world of a seed. `rooms`, 3 to 200, overrides the number that is usual.

    Other numbers scale with the rooms. Raises UserError for what is out of range.
    """
    if not 1 <= difficulty <= 10:
        raise UserError(f"difficulty {difficulty} is out of range: choose 1 to 10")
    if theme is not None and theme not in THEMES:
        raise UserError(f"unknown theme {theme!r}: choose from {', '.join(THEMES)}")
    if split not in SPLITS:
        raise UserError(f"unknown split {split!r}: choose from {', '.join(SPLITS)}")
    if rooms is not None and not FEWEST_ROOMS <= rooms <= MOST_ROOMS:
        told = f"choose {FEWEST_ROOMS} to {MOST_ROOMS}"
        raise UserError(f"a world of {rooms} rooms cannot be made: {told}")
    rng = random.Random(f"world/{split}/{theme}/{difficulty}/{rooms}/{seed}")
    usual = max(6 + difficulty, 3 + 2 * difficulty)
    size = rooms or max(7, usual + rng.choice((-1, 0, 0, 1)))
    scale = (rooms or usual) / usual
    draft = Draft(rng, split, difficulty, theme or rng.choice(THEMES), min(scale, scale**0.7))
    draft.epoch = rng.randrange(1550, 1900)
    draft.graph = lay_out(rng, size, split, shut_rooms(draft), cycles=int(difficulty >= 5))
    place_rooms(draft)
    populate(draft)
    add_obstacles(draft)
    furnish(draft)
    write_documents(draft)
    return finished(draft)
