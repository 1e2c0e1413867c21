"""References: how a question leads from a name to what is meant, through what texts tell.

A reference starts at an entity or a person and follows links. A link goes along a told fact, from
its entity to its value (the ledger -> who wrote it) or back (a person -> the room that this person
keeps). It holds no told value: the same reference means something else in a world where other
things are told.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from environments.tasks.actor import Unsolvable
from world_fixtures.facts import Fact
from world_fixtures.generator.relations import RELATIONS, ask, relation_of, shown, tellings
from world_fixtures.generator.words import expand
from world_fixtures.spec import WorldSpec

FORWARD: dict[str, str] = {
    "author": "[the writer of|the person who wrote|whoever wrote] {e}",
    "keeper": "[the keeper of|the person who keeps|whoever keeps] {e}",
    "owner": "[the owner of|the person who owns|whoever owns] {e}",
    "maker": "[the maker of|the person who made|whoever made] {e}",
    "kept_in": "[the room where {e} is kept|the room in which {e} is kept]",
    "works_in": "[the room where {e} works|the room in which {e} works]",
}
"""Field -> a noun phrase for the value of the fact of `{e}`."""
BACK: dict[str, str] = {
    "author": "[the document that {e} wrote|the document written by {e}]",
    "keeper": "[the room that {e} keeps|the room that is in the care of {e}]",
    "owner": "[the container that {e} owns|the container that belongs to {e}]",
    "maker": "[the thing that {e} made|the thing that was made by {e}]",
    "works_in": "[the person who works in {e}|whoever works in {e}]",
}
"""Field -> a noun phrase for the entity of the fact that has the value `{e}`."""

Link = tuple[str, bool]
"""The field of a fact, and whether it is followed from the entity to the value."""


class Reference(NamedTuple):
    """A way from `start` along `links`, and a noun phrase that says it. As JSON a list."""

    start: str
    links: tuple[Link, ...]
    phrase: str


class Meant(NamedTuple):
    """What a reference means in a world, and the told facts by which it is found."""

    entity: str
    facts: tuple[Fact, ...]


class Told:
    """What the texts of a world tell, by entity and by value."""

    def __init__(self, spec: WorldSpec) -> None:
        self.spec = spec
        self.sources: dict[Fact, list[str]] = {}
        """Fact -> ids of the things whose texts tell it."""
        for fact, source in tellings(spec):
            self.sources.setdefault(fact, []).append(source)
        self._forward: dict[tuple[str, str], list[Fact]] = {}
        self._back: dict[tuple[Any, str], list[Fact]] = {}
        self._links: dict[str, list[Link]] = {}
        self._of: dict[str, list[Fact]] = {}
        for fact in self.sources:
            self._of.setdefault(fact.entity, []).append(fact)
            self._forward.setdefault((fact.entity, fact.field), []).append(fact)
            self._back.setdefault((fact.value, fact.field), []).append(fact)
            if fact.field in FORWARD:
                self._links.setdefault(fact.entity, []).append((fact.field, True))
            if fact.field in BACK and isinstance(fact.value, str):
                self._links.setdefault(fact.value, []).append((fact.field, False))

    def facts(self, *fields: str) -> list[Fact]:
        """Return the facts of these fields, in the order in which they are told."""
        return [f for f in self.sources if f.field in fields]

    def of(self, entity: str) -> list[Fact]:
        """Return what is told of an entity."""
        return self._of.get(entity, [])

    def is_only(self, fact: Fact) -> bool:
        """Tell whether nothing else is told of the same field of its entity."""
        return len(self._forward[fact.entity, fact.field]) == 1

    def telling(self, field: str, value: Any) -> list[Fact]:
        """Return the facts of a field that have a value."""
        return self._back.get((value, field), [])

    def fact(self, entity: str, field: str) -> Fact:
        """Return what is told of a field of an entity. Raises Unsolvable where nothing is."""
        found = self._forward.get((entity, field))
        if not found:
            raise Unsolvable(f"nothing tells {field} of {entity}")
        return found[0]

    def follow(self, start: str, links: Sequence[Sequence[Any]]) -> Meant:
        """Return what a reference means; raises Unsolvable where the world tells nothing of it."""
        entity, facts = start, []
        for field, forward in links:
            found = self._candidates(entity, field, forward)
            if not found:
                raise Unsolvable(f"nothing tells {field} of {entity}")
            facts.append(found[0])
            entity = found[0].value if forward else found[0].entity
        return Meant(entity, tuple(facts))

    def _candidates(self, entity: str, field: str, forward: bool) -> list[Fact]:
        if forward:
            return self._forward.get((entity, field), [])
        # nobody may be told of now, in a world where other things are told
        return self._back.get((entity, field), []) or self.facts(field)

    def people(self) -> list[str]:
        """Return the names of the people whom the texts tell of, in alphabetical order."""
        found: set[str] = set()
        for fact in self.sources:
            relation = relation_of(fact.field)
            if relation is not None and relation.entity == "person":
                found.add(fact.entity)
            if relation is not None and relation.value == "person":
                found.add(str(fact.value))
        return sorted(found)

    def ways(self, length: int) -> Iterator[tuple[str, tuple[Link, ...], Meant]]:
        """Yield the references of `length` links: each means one thing, each link in another text.

        No entity occurs twice in one.
        """
        for start in self._links:
            if length:
                yield from self._ways(start, (), Meant(start, ()), {start}, set(), length)

    def _ways(
        self, start: str, links: tuple[Link, ...], meant: Meant, passed: set[str], read: set[str],
        length: int,
    ) -> Iterator[tuple[str, tuple[Link, ...], Meant]]:  # fmt: skip
        if len(links) == length:
            yield start, links, meant
            return
        for field, forward in dict.fromkeys(self._links.get(meant.entity, ())):
            found = self._forward if forward else self._back
            facts = found[meant.entity, field]
            there = facts[0].value if forward else facts[0].entity
            source = self.sources[facts[0]][0]
            if len(facts) == 1 and there not in passed and source not in read:
                yield from self._ways(
                    start, (*links, (field, forward)), Meant(there, (*meant.facts, facts[0])),
                    passed | {there}, read | {source}, length,
                )  # fmt: skip

    def read_in(self, fact: Fact, facts: Sequence[Fact]) -> bool:
        """Tell whether a text that tells one of `facts` tells `fact`, too."""
        return any(s in self.sources[fact] for f in facts for s in self.sources[f])


def named(entity: str, spec: WorldSpec) -> Reference:
    """Return the reference that says the name."""
    return Reference(entity, (), shown(entity, spec))


def reference(start: str, links: Sequence[Link], spec: WorldSpec, rng: random.Random) -> Reference:
    """Return a reference with a phrase that nests its links."""
    phrase = shown(start, spec)
    for link in links:
        phrase = link_phrase(link, phrase, rng)
    return Reference(start, tuple(links), phrase)


def link_phrase(link: Link, entity: str, rng: random.Random) -> str:
    """Return a noun phrase for what a link leads to from `entity`, a noun phrase itself."""
    field, forward = link
    return expand((FORWARD if forward else BACK)[field], rng, e=entity)


def sort_after(link: Link) -> str:
    """Return what sort of entity a link leads to: document, room, container, thing, person."""
    relation = RELATIONS[link[0]]
    return relation.value if link[1] else relation.entity


def asks(reference: Reference, fact: Fact, spec: WorldSpec, rng: random.Random) -> str:
    """Return a noun phrase for the value of a fact of what a reference means."""
    return ask(fact, spec, rng, entity=reference.phrase)


def sort_of_value(fact: Fact) -> str:
    """Return the sort of a fact's value: year, number, code, person, room, lock, trade."""
    relation = relation_of(fact.field)
    return relation.value if relation else ""
