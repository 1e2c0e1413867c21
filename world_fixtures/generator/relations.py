"""What texts tell: the relations of facts, how they are asked for, and a redrawing of them. Pure.

A relation is named by the field of a fact. An amount has its goods in the field:
`Fact("copper_ledger", "amount of candles", 412)`. A field that is no relation is the noun phrase of
its question, as authored worlds have them.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any, NamedTuple

from world_fixtures.facts import Fact
from world_fixtures.generator.redraw import redrawn
from world_fixtures.generator.relation import RELATIONS, Relation, relation_of
from world_fixtures.generator.words import expand
from world_fixtures.spec import WorldSpec

__all__ = ["RELATIONS", "Relation", "Telling", "ask", "chains", "redrawn", "relation_of", "shown",
           "tellings"]  # fmt: skip


class Telling(NamedTuple):
    """A fact and the id of the thing whose text tells it."""

    fact: Fact
    source: str


def ask(fact: Fact, spec: WorldSpec, rng: random.Random, entity: str | None = None) -> str:
    """Return a noun phrase for the value of `fact`, unique in the world.

    `entity` replaces the name of the fact's entity, so that questions can be nested: "the year in
    which (the room where the writer of the copper ledger works) was built".
    """
    relation = relation_of(fact.field)
    if relation is None:
        return fact.field
    goods = fact.field.removeprefix("amount of ")
    phrase = rng.choice(relation.questions)
    return expand(phrase, rng, e=entity or shown(fact.entity, spec), g=goods)


def shown(value: Any, spec: WorldSpec) -> str:
    """Return an entity or value as prose has it: a name with its article, a person, a number."""
    found = spec.entities.get(value) if isinstance(value, str) else None
    if found is None or not hasattr(found, "name"):
        return str(value)
    return f"the {found.name}"


def tellings(spec: WorldSpec) -> list[Telling]:
    """Return what the texts of a world tell, in the order of the spec."""
    return [Telling(fact, thing.id) for thing in spec.things for fact in thing.tells]


def chains(spec: WorldSpec, length: int) -> Iterator[tuple[Telling, ...]]:
    """Yield the chains of reference of `length` facts, each told in another text.

    The value of each fact is the entity of the next one, and no entity comes twice.
    """
    told = tellings(spec)
    by_entity: dict[str, list[Telling]] = {}
    for telling in told:
        by_entity.setdefault(telling.fact.entity, []).append(telling)

    def follow(chain: tuple[Telling, ...]) -> Iterator[tuple[Telling, ...]]:
        if len(chain) == length:
            yield chain
            return
        entities = {t.fact.entity for t in chain}
        sources = {t.source for t in chain}
        value = chain[-1].fact.value
        for telling in by_entity.get(value, ()) if isinstance(value, str) else ():
            if telling.source not in sources and telling.fact.entity not in entities:
                yield from follow((*chain, telling))

    for telling in told:
        yield from follow((telling,))
