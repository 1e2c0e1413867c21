"""The relations that texts tell, each named by the field of its facts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from world_fixtures.generator.sentences import ASKED, TOLD

EntityKind = Literal["document", "room", "container", "thing", "key", "person"]
ValueKind = Literal["year", "number", "code", "person", "room", "lock", "trade"]


@dataclass(frozen=True)
class Relation:
    """What kind of entity has the field, what kind of value it is, and how both are worded."""

    name: str
    entity: EntityKind
    value: ValueKind
    """`year` and `number` are ints, `code` a string of digits, `person` a full name, `trade` a
    noun with its article, `room` and `lock` (a door or container) ids."""

    @property
    def sentences(self) -> tuple[str, ...]:
        """Return the wordings of a sentence that tells it."""
        return TOLD[self.name]

    @property
    def questions(self) -> tuple[str, ...]:
        """Return the wordings of the noun phrase that asks for it."""
        return ASKED[self.name]


_KINDS: dict[str, tuple[EntityKind, ValueKind]] = {
    "begun": ("document", "year"),
    "author": ("document", "person"),
    "amount": ("document", "number"),
    "mark": ("document", "code"),
    "founded": ("room", "year"),
    "keeper": ("room", "person"),
    "paces": ("room", "number"),
    "owner": ("container", "person"),
    "kept_in": ("thing", "room"),
    "fits": ("key", "lock"),
    "maker": ("thing", "person"),
    "trade": ("person", "trade"),
    "works_in": ("person", "room"),
    "born": ("person", "year"),
}
RELATIONS: dict[str, Relation] = {name: Relation(name, *kinds) for name, kinds in _KINDS.items()}


def relation_of(field: str) -> Relation | None:
    """Return the relation of a fact's field; None for the free phrase of an authored fact."""
    return RELATIONS.get(field.partition(" of ")[0] if field.startswith("amount of ") else field)
