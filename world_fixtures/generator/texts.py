"""Documents: which facts each tells, and the prose in which it tells them."""

from __future__ import annotations

from dataclasses import dataclass, field

from world_fixtures.facts import Fact
from world_fixtures.generator.draft import Draft, Person
from world_fixtures.generator.furnish import look
from world_fixtures.generator.lexicon import looks, things
from world_fixtures.generator.lexicon.filler import FILLERS, LINKS, OPENINGS
from world_fixtures.generator.lexicon.people import DAYS, GOODS
from world_fixtures.generator.people import somebody
from world_fixtures.generator.relation import relation_of
from world_fixtures.generator.sentences import TOLD
from world_fixtures.generator.trades import trades
from world_fixtures.generator.words import expand, number, sentence, share

MOST_FACTS = 5
LONGEST = 900
"""Characters of a text at most."""


@dataclass
class Page:
    """A document in the making."""

    called: tuple[str, str, str]
    place: str
    in_plain_sight: bool
    """Can be read before any lock is opened."""
    author: Person
    wanted: int
    """Facts that it is to tell."""
    facts: list[Fact] = field(default_factory=list)


def write_documents(draft: Draft) -> None:
    """Add the documents of the world."""
    pages = _pages(draft)
    _share_out(draft, pages)
    names = _names(draft, pages)
    for page in pages:
        noun = page.called
        draft.add(
            noun, page.place, look(draft, noun, looks.PAPERS, "p"),
            text=_prose(draft, page, names), tells=tuple(page.facts),
        )  # fmt: skip


def _pages(draft: Draft) -> list[Page]:
    rng = draft.rng
    count = max(3, (len(draft.spots) + 1) // 2 + (draft.difficulty // 4 if draft.scale <= 1 else 0))
    spots, plain = list(draft.spots.values()), draft.plain()
    surfaces = [t.id for t in draft.things if t.surface]
    boxes = [t.id for t in draft.things if t.container and not t.locked]
    authors = rng.sample(draft.people, len(draft.people))
    pages = []
    for n in range(count):
        near = n < 3 or n < count // 2
        place = rng.choice(plain).id if near else draft.choose_spot(spots, "s").id
        if n % 4 < 2:
            place = rng.choice((surfaces, boxes)[n % 4])
        called = draft.name(" ".join(f"{d}:p" for d in things.DOCUMENTS.split()))
        page = Page(
            called, place, near or n % 4 < 2, authors[n % len(authors)], rng.choice((2, 3, 4, 5))
        )
        page.facts = _own_facts(draft, page)
        pages.append(page)
    return pages


def _own_facts(draft: Draft, page: Page) -> list[Fact]:
    """Return one or two facts about the document itself, more often its author than not."""
    rng, split, own = draft.rng, draft.split, page.called[0]
    goods = rng.choice(share(GOODS[draft.theme], split))
    others = [
        Fact(own, "begun", number(rng, split, page.author.born + 16, page.author.born + 75)),
        Fact(own, f"amount of {goods}", number(rng, split, 15, 990)),
        Fact(own, "mark", str(number(rng, split, 1000, 99990))),
    ]
    rng.shuffle(others)
    facts = [Fact(own, "author", page.author.name), *others]
    return facts[:2] if rng.random() < 0.7 else others[:2]


def _share_out(draft: Draft, pages: list[Page]) -> None:
    """Give the pages what else they tell, so that references go from one page to another."""
    rng = draft.rng
    for key, lock in draft.locks:
        open_pages = [p for p in pages if p.in_plain_sight]
        _give(draft, Fact(key, "fits", lock), open_pages, always=True)
    first = pages[0]
    if first.facts[0].field != "author":
        first.facts[0] = Fact(first.called[0], "author", first.author.name)
    chain = [
        Fact(first.author.name, "works_in", first.author.room),
        _about_room(draft, first.author.room),
    ]
    for fact, page in zip(chain, pages[1:3], strict=True):
        page.facts.append(fact)
    told = {(f.entity, f.field) for f in (*chain, *(f for p in pages for f in p.facts))}
    facts = [f for f in _world_facts(draft) if (f.entity, f.field) not in told]
    authors = {p.author.name for p in pages}
    # where the writers work, and those rooms, come first: they make references longer
    works = {p.room for p in draft.people}
    leading = {(name, "works_in") for name in authors}
    weights = [
        0.3 if (f.entity, f.field) in leading else 0.5 if f.field in ("owner", "keeper") else
        0.6 if f.entity in works else 1
        for f in facts
    ]  # fmt: skip
    order = {fact: rng.random() * weight for fact, weight in zip(facts, weights, strict=True)}
    facts.sort(key=order.__getitem__)
    for fact in facts:
        _give(draft, fact, pages)


def _give(draft: Draft, fact: Fact, pages: list[Page], always: bool = False) -> None:
    """Add a fact to a page that has room for it and tells nothing that it refers to."""
    able = [
        p for p in pages
        if len(p.facts) < (MOST_FACTS - 1 if always else p.wanted)
        and all(fact.entity not in (f.entity, f.value) and fact.value != f.entity for f in p.facts)
    ]  # fmt: skip
    if not able and always:
        able = [min(pages, key=lambda p: len(p.facts))]
    if able:
        draft.rng.choice(able).facts.append(fact)


def _about_room(draft: Draft, room: str) -> Fact:
    rng = draft.rng
    return rng.choice(
        (
            Fact(room, "founded", draft.year(400, 40)),
            Fact(room, "keeper", somebody(draft)),
            Fact(room, "paces", number(rng, draft.split, 15, 95)),
        )
    )


def _world_facts(draft: Draft) -> list[Fact]:
    """Return what there is to tell of people, rooms and things: no entity has a field twice."""
    rng = draft.rng
    rooms = {s.id for s in draft.spots.values()}
    facts = [_about_room(draft, room) for room in room_ids(draft)]
    for person in draft.people:
        facts += [
            Fact(person.name, "trade", person.trade),
            Fact(person.name, "works_in", person.room),
            Fact(person.name, "born", person.born),
        ]
    keys = {t.id for t in draft.things if t.id.endswith("_key")}
    for thing in draft.things:
        if thing.container:
            facts.append(Fact(thing.id, "owner", somebody(draft)))
        elif thing.portable and not thing.light and thing.id not in keys and thing.location:
            facts.append(Fact(thing.id, "maker", somebody(draft)))
        if thing.portable and not thing.light and thing.id not in keys and thing.location in rooms:
            facts.append(Fact(thing.id, "kept_in", thing.location))
    return rng.sample(facts, len(facts))


def room_ids(draft: Draft) -> list[str]:
    """Return the ids of the rooms."""
    return [s.id for s in draft.spots.values()]


def _names(draft: Draft, pages: list[Page]) -> dict[str, str]:
    """Return how prose names what has an id."""
    names = {s.id: f"the {s.name}" for s in draft.spots.values()}
    names |= {d.id: f"the {d.name}" for d in draft.doors}
    names |= {t.id: f"the {t.name}" for t in draft.things}
    return names | {p.called[0]: f"the {p.called[1]} {p.called[2]}" for p in pages}


def _prose(draft: Draft, page: Page, names: dict[str, str]) -> str:
    rng = draft.rng
    told: list[tuple[str, str]] = [(f.entity, _telling(draft, f, page, names)) for f in page.facts]
    count = rng.choice((1, 2, 2, 3, 4))
    for filler in rng.sample(FILLERS, count):
        told.insert(rng.randrange(len(told) + 1), ("", _filler(draft, filler, page, names)))
    opening = ""
    if rng.random() < 0.4:
        opening = sentence(_filler(draft, rng.choice(OPENINGS), page, names)) + ". "
    while True:
        text = opening + " ".join(_joined(draft, told))
        if len(text) <= LONGEST:
            return text
        told.remove(next(t for t in reversed(told) if not t[0]))


def _joined(draft: Draft, told: list[tuple[str, str]]) -> list[str]:
    """Return the sentences, some with a pronoun where the one before has the same subject."""
    pronouns = {p.name: p.pronoun for p in draft.people}
    lines, before = [], ""
    for entity, line in told:
        name = pronouns.get(entity)
        if name and entity == before and line.startswith(entity + " "):
            line = name + line[len(entity) :]
        lines.append(sentence(line))
        before = entity
    return lines


def _telling(draft: Draft, fact: Fact, page: Page, names: dict[str, str]) -> str:
    rng = draft.rng
    base = "amount" if fact.field.startswith("amount of ") else fact.field
    entity = names.get(fact.entity, fact.entity)
    if fact.entity == page.called[0] and rng.random() < 0.5:
        entity = f"this {page.called[2]}"
    line = expand(
        rng.choice(TOLD[base]), rng, e=entity, v=names.get(fact.value, str(fact.value)),
        w=_wrong(draft, fact, names), g=fact.field.removeprefix("amount of "),
    )  # fmt: skip
    return (rng.choice(LINKS) if rng.random() < 0.2 else "") + line


def _wrong(draft: Draft, fact: Fact, names: dict[str, str]) -> str:
    """Return the name of a value of the same kind that is not the fact's."""
    rng, relation = draft.rng, relation_of(fact.field)
    kind = relation.value if relation else ""
    if kind in ("year", "number", "code"):
        value = wrong = int(fact.value)
        span = 40 if kind == "year" else 10 + value // 8
        while wrong == value:
            wrong = number(rng, draft.split, max(10, value - span), value + 20)
        return str(wrong)
    if kind == "person":
        return rng.choice([p.name for p in draft.people if p.name not in fact])
    if kind == "trade":
        return rng.choice([t for t in trades(draft.theme, draft.split) if t != fact.value])
    if kind == "room":
        return rng.choice([f"the {s.name}" for s in draft.spots.values() if s.id != fact.value])
    used = {key for key, _ in draft.locks}
    return rng.choice(
        [f"the {t.name}" for t in draft.things if t.name.endswith(" key") and t.id not in used]
    )


def _filler(draft: Draft, template: str, page: Page, names: dict[str, str]) -> str:
    rng, split = draft.rng, draft.split
    told = {f.field.removeprefix("amount of ") for f in page.facts}
    goods = [g for g in share(GOODS[draft.theme], split) if g not in told]
    return expand(
        template, rng, p=somebody(draft), h=rng.choice(goods), g=rng.choice(goods),
        d=rng.choice(DAYS.split()), r=names[rng.choice(room_ids(draft))],
        y=str(draft.year(80, 0)), n=str(number(rng, split, 6, 90)),
        m=str(number(rng, split, 100, 190)),
    )  # fmt: skip
