"""Worlds from a seed: the same seed, difficulty, theme and split give the same bytes.

What grows with the difficulty, 1 to 10: rooms (5 to 23), locked doors (from 2), dark rooms
and a light (from 3), hidden exits and recipes (from 4), one-way exits and boxes in boxes
(from 5), locked containers (from 6), and the number of texts and things throughout.
"""

from __future__ import annotations

import random
from typing import NamedTuple

from world_fixtures.common import UserError
from world_fixtures.facts import Fact
from world_fixtures.generator.furnish import WorldDraft, furnish
from world_fixtures.generator.layout import lay_out
from world_fixtures.generator.words import ROOM_NOUNS, Split
from world_fixtures.spec import WorldSpec

__all__ = ["SPLITS", "THEMES", "Generated", "Split", "generate", "generate_world"]

THEMES = tuple(ROOM_NOUNS)
SPLITS: tuple[Split, ...] = ("train", "validation", "test")


class Generated(NamedTuple):
    """A world and what can be known in it."""

    spec: WorldSpec
    facts: tuple[Fact, ...]


def generate_world(
    seed: int, difficulty: int, theme: str | None = None, split: Split = "train"
) -> Generated:
    """Make the world of a seed with its facts. Raises UserError for what is out of range."""
    if not 1 <= difficulty <= 10:
        raise UserError(f"difficulty {difficulty} is out of range: choose 1 to 10")
    if theme is not None and theme not in THEMES:
        raise UserError(f"unknown theme {theme!r}: choose from {', '.join(THEMES)}")
    if split not in SPLITS:
        raise UserError(f"unknown split {split!r}: choose from {', '.join(SPLITS)}")
    rng = random.Random(f"world/{split}/{theme}/{difficulty}/{seed}")
    chosen = theme or rng.choice(THEMES)
    graph = lay_out(rng, 3 + 2 * difficulty, split)
    return Generated(*furnish(WorldDraft(rng, split, difficulty, chosen, graph)))


def generate(
    seed: int, difficulty: int, theme: str | None = None, split: Split = "train"
) -> WorldSpec:
    """Make the world of a seed."""
    return generate_world(seed, difficulty, theme, split).spec
