"""From a family, a seed and a difficulty to a task. Pure: the same arguments, the same bytes."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

from environments.tasks.actor import Unsolvable
from environments.tasks.budget import budget_of, search_of
from environments.tasks.families import KINDS, kinds_of
from environments.tasks.families.common import BEGINNERS, BuildContext, Kind
from environments.tasks.model import Family, Task
from world_fixtures.common import UserError, digest
from world_fixtures.generator import generate_world
from world_fixtures.generator.words import Split
from world_fixtures.nearest import did_you_mean
from world_fixtures.spec import WorldSpec

__all__ = ["KINDS", "kind_named", "make_task"]

TRIES = 150
"""Worlds or draws tried, at least, before a task is given up for a difficulty."""
IN_A_ROW = 8
"""Attempts at one kind before the next kind's turn."""
SEARCHES = 5
"""Runs of the searcher that a budget is made of."""


def make_task(
    family: Family,
    seed: int,
    difficulty: int,
    kind: str | None = None,
    split: Split = "train",
    world: WorldSpec | None = None,
) -> Task:
    """Make a task of `family` (and `kind`, if given) in `world`, or in one made for the seed.

    `difficulty` is 1 to 10; `split` says whose words and maps a made world has.

    Raises UserError for a difficulty outside 1 to 10, a kind that does not exist, and a kind that
    the world or the difficulty does not allow.
    """
    if not 1 <= difficulty <= 10:
        raise UserError(f"difficulty {difficulty} is out of range: choose 1 to 10")
    wanted = list(KINDS[family].values()) if kind is None else [kind_named(family, kind)]
    for chosen, attempt in _attempts(wanted, seed):
        drawn_as = chosen.twin_of or chosen.name
        key = f"{split}/{family}/{drawn_as}/{difficulty}/{seed}/{attempt}"
        spec = world or generate_world(_seed(key), difficulty, split=split)
        context = BuildContext(spec, random.Random(key), difficulty, split)
        try:
            question = chosen.choose(context)
            if question is None:
                continue
            draft = chosen.plan(context, question)
            first = world is None and difficulty == 1 and chosen.for_beginners
            if first and draft.commands > BEGINNERS:
                continue
            searching = [context.searching(f"{key}/{n}") for n in range(SEARCHES)]
            costs = [chosen.plan(searcher, question).commands for searcher in searching]
        except Unsolvable:
            continue  # this draw asks for what the world does not allow
        search = search_of(costs, seed)
        budget = budget_of(search, draft.commands, max(costs))
        return Task(
            id=f"{split}/{family}.{chosen.name}/{difficulty}/{seed}",
            family=family,
            kind=chosen.name,
            difficulty=difficulty,
            seed=seed,
            split=split,
            abilities=tuple(sorted(chosen.abilities)),
            spec=draft.spec,
            question=question,
            stages=draft.stages,
            attacks=draft.attacks,
            twin_of=chosen.twin_of,
            budget=budget,
            search=search,
            shortest_path=draft.shortest_path,
            max_turns=budget + 5 * len(draft.stages) + 10,
        )
    where = "in this world" if world else "here: worlds gain obstacles with the difficulty"
    raise UserError(
        f"no {family} task of kind {kind or 'any'} of difficulty {difficulty} can be made {where}"
    )


def _attempts(kinds: Sequence[Kind], seed: int) -> Iterator[tuple[Kind, int]]:
    """Iterate over the kinds to try, the seed's own first, each with the number of its attempt.

    An attempt of a kind has the same number whichever others are tried before it.
    """
    for n in range(max(TRIES, IN_A_ROW * len(kinds))):
        turn, attempt = divmod(n, IN_A_ROW)
        rounds, place = divmod(turn, len(kinds))
        yield kinds[(seed + place) % len(kinds)], rounds * IN_A_ROW + attempt


def kind_named(family: Family, name: str) -> Kind:
    """Return the kind of a family. Raises UserError where there is none of this name."""
    known = kinds_of(family)
    found = known.get(name)
    if found is None:
        raise UserError(
            f"unknown kind {name!r} of {family}{did_you_mean(name, known)}: choose from"
            f" {', '.join(known)}"
        )
    return found


def _seed(key: str) -> int:
    """Return a world seed that depends on the whole key and is equal in any process."""
    return int.from_bytes(digest(key)[:6], "big")
