"""More for the texts of a world to tell, where a task needs it."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from environments.tasks.actor import Unsolvable
from environments.tasks.families.common import BuildContext, with_things
from environments.tasks.families.references import Link, Reference, Told, reference, sort_after
from world_fixtures.facts import Fact
from world_fixtures.generator.relations import RELATIONS, relation_of, shown
from world_fixtures.generator.words import expand, number, sentence
from world_fixtures.spec import Thing, WorldSpec

TRIES = 40
RIVALS = 7
"""Other values of the field that is asked for, which texts are made to tell."""
FEWEST_RIVALS = 3
"""So many are needed: where hardly another value is told, the answer needs no reading."""
LINKS: dict[str, tuple[Link, ...]] = {
    "document": (("author", True),),
    "container": (("owner", True),),
    "room": (("keeper", True), ("works_in", False)),
    "person": (("works_in", True), ("author", False), ("keeper", False)),
}
"""Sort of entity -> the links that lead on from it."""
LAST = {"document": ("mark", "begun"), "room": ("founded", "paces"), "person": ("born",)}
"""Sort of entity -> the numbers that can be asked of it."""
NUMBERS = {"year": (1400, 1894), "code": (1000, 99990), "number": (15, 95)}
"""Sort of value -> the least and the greatest that is made up."""
Addition = list[Any]
"""Id of the text, entity, field, value, and the sentence that tells it: plain JSON."""


def addition(fact: Fact, source: str, other: Any, spec: WorldSpec, rng: random.Random) -> Addition:
    """Word a fact for the text of `source`; `other` is a value of its sort that is not its own."""
    relation = relation_of(fact.field)
    assert relation is not None
    line = expand(
        rng.choice(relation.sentences), rng, e=shown(fact.entity, spec), v=shown(fact.value, spec),
        w=shown(other, spec), g=fact.field.removeprefix("amount of "),
    )  # fmt: skip
    return [source, *fact, sentence(line)]


def rivals(context: BuildContext, told: Told, fact: Fact) -> list[Addition]:
    """Word the field of a fact for other entities of its sort, each with a value of its own.

    Raises Unsolvable where the world has too few of them.
    """
    spec, rng = context.spec, context.rng
    relation = relation_of(fact.field)
    known = told.facts(fact.field)
    values = {f.value for f in known} | {fact.value}
    found: list[Addition] = []
    if relation is not None and relation.value in NUMBERS:
        of = {f.entity for f in known} | {fact.entity}
        others = [e for e in entities_of(relation.entity, told) if e not in of]
        rng.shuffle(others)
        for entity in others[: max(0, RIVALS - len(values - {fact.value}))]:
            texts = texts_outside(spec, entity)
            value, other = (number_of(fact.field, context) for _ in range(2))
            if texts and value not in values:
                values.add(value)
                rival = Fact(entity, fact.field, value)
                found.append(addition(rival, rng.choice(texts), other, spec, rng))
    if len(values) - 1 < FEWEST_RIVALS:
        raise Unsolvable(f"too little is told of {fact.field}")
    return found


def entities_of(sort: str, told: Told) -> list[str]:
    """List what texts may tell of: documents, containers, rooms, people."""
    spec = told.spec
    if sort == "document":
        return [t.id for t in spec.things if told.of(t.id) and t.text is not None]
    if sort == "container":
        return [t.id for t in spec.things if t.container]
    return [r.id for r in spec.rooms] if sort == "room" else told.people()


def number_of(field: str, context: BuildContext) -> int | str:
    """Draw a value of a field that has numbers, years or codes."""
    relation = relation_of(field)
    assert relation is not None
    low, high = NUMBERS[relation.value]
    if field.startswith("amount of "):
        high = 990
    value = number(context.rng, context.split, low, high)
    return str(value) if relation.value == "code" else value


def told_by_person(
    context: BuildContext, told: Told, entity: str, field: str, written: bool = False
) -> tuple[Reference, list[Addition]] | None:
    """Refer to an entity by its owner or maker, or, where `written`, this person by a document.

    Returns what has to be told for it besides; None where no person is left to tell of.
    """
    spec, rng = context.spec, context.rng
    known = [f for f in told.of(entity) if f.field == field]
    if known:
        person, source, additions = str(known[0].value), told.sources[known[0]][0], []
    else:
        people = [p for p in told.people() if not told.telling(field, p)]
        wrote = [p for p in people if len(told.telling("author", p)) == 1]
        texts = texts_outside(spec, entity)
        if len(people) < 2 or not texts:
            return None
        person, source = rng.choice(wrote or people), rng.choice(texts)
        other = rng.choice([p for p in people if p != person])
        additions = [addition(Fact(entity, field, person), source, other, spec, rng)]
    if len(told.telling(field, person)) > 1:
        return None
    if not written:
        return reference(person, [(field, False)], spec, rng), additions
    document = told.telling("author", person)
    if len(document) != 1 or source in told.sources[document[0]]:
        return None
    way: list[Link] = [("author", True), (field, False)]
    return reference(document[0].entity, way, spec, rng), additions


class Trail(NamedTuple):
    """A way through several texts to a told fact, with what has to be told for it besides."""

    start: str
    links: tuple[Link, ...]
    last: Fact
    additions: list[Addition]


def trail(context: BuildContext, told: Told, links: int) -> Trail:
    """Draw a trail of so many links, each link and the last fact told in a text of its own.

    Raises Unsolvable where the world has too few texts.
    """
    for _ in range(TRIES):
        found = _Walk(context, told).trail(links)
        if found is not None:
            return found
    raise Unsolvable(f"no trail of {links} links can be told")


class _Walk:
    """A trail in the making: takes what is told, and makes up what is not."""

    def __init__(self, context: BuildContext, told: Told) -> None:
        self.context, self.rng, self.spec = context, context.rng, context.spec
        self.told = told
        self.entities = {sort: entities_of(sort, told) for sort in LINKS}
        self.passed: set[str] = set()
        self.read: set[str] = set()
        self.additions: list[Addition] = []

    def trail(self, links: int) -> Trail | None:
        """Return a trail, None where this draw leads nowhere."""
        rng = self.rng
        sort = rng.choice([s for s in LINKS if s != "container" or links > 1])
        if not self.entities[sort]:
            return None
        start = entity = rng.choice(self.entities[sort])
        self.passed.add(entity)
        way: list[Link] = []
        for n in range(links):
            back = (way[-1][0], not way[-1][1]) if way else None
            options = [
                link for link in LINKS[sort]
                if link != back and (n < links - 1 or sort_after(link) in LAST)
            ]  # fmt: skip
            if not options:
                return None
            link = rng.choice(options)
            fact = self._step(entity, link)
            if fact is None:
                return None
            way.append(link)
            entity, sort = (fact.value if link[1] else fact.entity), sort_after(link)
            self.passed.add(entity)
        field = rng.choice(LAST[sort])
        values = [f for f in self.told.of(entity) if f.field == field]
        last = values[0] if values else Fact(entity, field, number_of(field, self.context))
        if len(values) > 1 or not self._tell(last, number_of(field, self.context)):
            return None
        return Trail(start, tuple(way), last, self.additions)

    def _step(self, entity: str, link: Link) -> Fact | None:
        """Return the fact that a link goes along from an entity, made up where none is told."""
        field, forward = link
        told = self.told
        here = [f for f in told.of(entity) if f.field == field]
        known = here if forward else told.telling(field, entity)
        if len(known) > 1:
            return None
        others = [e for e in self.entities[sort_after(link)] if e not in self.passed]
        if not forward:
            others = [e for e in others if all(f.field != field for f in told.of(e))]
        if not known and not others:
            return None
        there = self.rng.choice(others) if not known else ""
        ends = (entity, there) if forward else (there, entity)
        fact = known[0] if known else Fact(ends[0], field, ends[1])
        if (fact.value if forward else fact.entity) in self.passed:
            return None
        sort = RELATIONS[field].value
        wrong = [e for e in self.entities[sort] if e not in (fact.value, fact.entity)]
        return fact if wrong and self._tell(fact, self.rng.choice(wrong)) else None

    def _tell(self, fact: Fact, other: Any) -> bool:
        """See to it that a text of its own tells a fact; False where that is not possible."""
        sources = self.told.sources.get(fact)
        if sources is None:
            free = [t for t in texts_outside(self.spec, fact.entity) if t not in self.read]
            if not free:
                return False
            sources = [self.rng.choice(free)]
            self.additions.append(addition(fact, sources[0], other, self.spec, self.rng))
        if not self.read.isdisjoint(sources):
            return False
        self.read.update(sources)
        return True


def texts_outside(spec: WorldSpec, thing: str) -> list[str]:
    """List the ids of the texts that are not in a thing."""
    places = {t.id: t.location for t in spec.things}

    def outside(place: str | None) -> bool:
        return place not in places or (place != thing and outside(places[place]))

    return [t.id for t in spec.things if t.text is not None and outside(t.location)]


def with_told(spec: WorldSpec, additions: Iterable[Sequence[Any]]) -> WorldSpec:
    """Return the world whose texts tell these, too; a text that tells the field already stays."""
    changed: dict[str, Thing] = {}
    things = {t.id: t for t in spec.things}
    for source, entity, field, value, line in additions:
        thing = changed.get(source, things[source])
        if any((f.entity, f.field) == (entity, field) for f in thing.tells):
            continue
        changed[source] = thing.model_copy(
            update={
                "text": f"{thing.text or ''} {line}".strip(),
                "tells": (*thing.tells, Fact(entity, field, value)),
            }
        )
    return with_things(spec, *changed.values())
