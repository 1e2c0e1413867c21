"""From a family, a seed and a difficulty to a task. Pure: the same arguments, the same bytes."""

from __future__ import annotations

import random

from environments.tasks.families import KINDS
from environments.tasks.families.common import BuildContext
from environments.tasks.model import Family, Task
from environments.tasks.planner import Unsolvable
from world_fixtures.common import UserError, digest
from world_fixtures.facts import Fact
from world_fixtures.generator import generate_world
from world_fixtures.generator.words import Split
from world_fixtures.spec import WorldSpec

__all__ = ["KINDS", "make_task"]

TRIES = 50
"""Worlds or draws tried before a kind is given up for a difficulty."""


def make_task(
    family: Family,
    seed: int,
    difficulty: int,
    kind: str | None = None,
    split: Split = "train",
    world: tuple[WorldSpec, tuple[Fact, ...]] | None = None,
) -> Task:
    """Make a task of `family` (and `kind`, if given) in `world`, or in one made for the seed.

    `difficulty` is 1 to 10; `split` says whose words and shapes a made world has; `world` is a
    spec with the facts that are written in it.

    Raises UserError for a difficulty outside 1 to 10, a kind that does not exist, and a kind that
    the world or the difficulty does not allow.
    """
    if not 1 <= difficulty <= 10:
        raise UserError(f"difficulty {difficulty} is out of range: choose 1 to 10")
    kinds = KINDS[family]
    if kind is not None and kind not in kinds:
        raise UserError(f"unknown kind {kind!r} of {family}: choose from {', '.join(kinds)}")
    wanted = [kind] if kind else list(kinds)
    for attempt in range(TRIES):
        name = wanted[(seed + attempt // 8) % len(wanted)]
        key = f"{split}/{family}/{name}/{difficulty}/{seed}/{attempt}"
        spec, facts = world or generate_world(_seed(key), difficulty, split=split)
        try:
            draft = kinds[name](BuildContext(spec, facts, random.Random(key), difficulty))
        except Unsolvable:
            continue  # this draw asks for what the world does not allow
        if draft is not None:
            longest = sum(len(s.walkthrough) for s in draft.stages) + 2 * len(draft.stages)
            return Task(
                id=f"{split}/{family}.{name}/{difficulty}/{seed}",
                family=family,
                kind=name,
                difficulty=difficulty,
                seed=seed,
                split=split,
                spec=draft.spec or spec,
                stages=draft.stages,
                goals=draft.goals,
                evidence=draft.evidence,
                shortest_path=draft.shortest_path,
                max_turns=max(20, 3 * longest),
            )
    where = "in this world" if world else "here: worlds gain obstacles with the difficulty"
    raise UserError(
        f"no {family} task of kind {kind or 'any'} of difficulty {difficulty} can be made {where}"
    )


def _seed(key: str) -> int:
    """Return a world seed that depends on the whole key and is equal in any process."""
    return int.from_bytes(digest(key)[:6], "big")
