"""Filling the rooms: furniture, boxes, keys, lights and what lies about."""

from __future__ import annotations

from typing import Any

from world_fixtures.generator.draft import Draft
from world_fixtures.generator.lexicon import looks, things
from world_fixtures.generator.lexicon.people import DAYS, GOODS
from world_fixtures.generator.words import a, expand, number, sentence, share
from world_fixtures.spec import Recipe, Thing

Called = tuple[str, str, str]


def furnish(draft: Draft) -> None:
    """Add everything but documents."""
    _add_surfaces(draft)
    _add_boxes(draft)
    _add_locks(draft)
    _add_light(draft)
    _add_boards(draft)
    _add_fixtures(draft)
    _add_recipes(draft)
    _add_trinkets(draft)


def look(draft: Draft, called: Called, firsts: tuple[str, ...], matter: str = "") -> str:
    """Describe a thing: a sentence of its sort, and one of its material if that is given."""
    rng = draft.rng
    text = expand(rng.choice(firsts), rng, a=a(f"{called[1]} {called[2]}"))
    if matter:
        text += " " + expand(rng.choice(looks.MATTER[matter]), rng)
    return sentence(text)


def _add(
    draft: Draft,
    nouns: str,
    firsts: tuple[str, ...],
    place: str | None,
    more: str = "",
    **fields: Any,
) -> Thing:
    """Add a thing named by one of `nouns`, each with its material; `more` ends its description."""
    noun = draft.rng.choice(share(nouns, draft.split))
    called = draft.call(noun)
    desc = f"{look(draft, called, firsts, noun.partition(':')[2])} {more}".rstrip()
    return draft.add(called, place, desc, **fields)


def _add_surfaces(draft: Draft) -> None:
    for _ in range(draft.scaled(1 + draft.difficulty // 3, least=1)):
        spot = draft.rng.choice(draft.plain())
        _add(draft, things.SURFACES, looks.LARGE, spot.id, portable=False, surface=True)


def _add_boxes(draft: Draft) -> None:
    """Add closed containers with things in them; from difficulty 5 one lies in another."""
    rng = draft.rng
    for n in range(draft.scaled(2 + draft.difficulty // 3, least=2)):
        spot = rng.choice(draft.plain())
        box = _add(
            draft, things.CONTAINERS, looks.BOXES, spot.id, portable=n % 2 == 1, container=True
        )
        place = box.id
        if draft.difficulty >= 5 and n % 4 == 0:
            place = _add(draft, things.CONTAINERS, looks.BOXES, box.id, container=True).id
        for _ in range(rng.choice((1, 1, 2))):
            _add_trinket(draft, place)


def _add_locks(draft: Draft) -> None:
    """Give each locked door a key, add locked boxes, and keys that fit nothing."""
    rng, level = draft.rng, draft.difficulty
    pattern = (rng.choice(looks.KEYS),)
    plain = [s.id for s in draft.plain()]
    boxes = [t.id for t in draft.things if t.container and not t.portable]
    earlier: list[str] = []  # rooms that can be entered with the keys so far
    for n, door in enumerate(draft.doors):
        if door.locked:
            places = (earlier or plain) if level >= 5 and rng.random() < 0.3 else plain
            key = _add_key(draft, rng.choice(places), pattern)
            draft.doors[n] = door.model_copy(update={"key": key.id})
            draft.locks.append((key.id, door.id))
            earlier += draft.behind[door.id]
    if level >= 6:
        for _ in range(draft.scaled(1 + (level >= 9), least=1)):
            key = _add_key(draft, rng.choice(boxes if rng.random() < 0.5 else plain), pattern)
            box = _add(
                draft, things.CONTAINERS, looks.BOXES, rng.choice(plain), portable=False,
                container=True, locked=True, key=key.id, fragile=True,
                more=rng.choice(looks.FRAGILE),
            )  # fmt: skip
            draft.locks.append((key.id, box.id))
            _add_trinket(draft, box.id)
    if draft.locks:
        for _ in range(draft.scaled(2 + level // 3, least=2)):
            _add_key(draft, rng.choice(plain), pattern)


def _add_key(draft: Draft, place: str, pattern: tuple[str, ...]) -> Thing:
    called = draft.call("key", things.KEY_WORDS)
    return draft.add(called, place, look(draft, called, pattern))


def _add_light(draft: Draft) -> None:
    if any(s.dark for s in draft.spots.values()):
        for _ in range(draft.scaled(1, least=1)):
            spot = draft.rng.choice(draft.plain())
            _add(draft, things.LIGHTS, looks.LIGHTS, spot.id, light=True)


def _add_boards(draft: Draft) -> None:
    rng = draft.rng
    for _ in range(draft.scaled(2 + draft.difficulty // 5, least=2)):
        lines = rng.sample(looks.INSCRIPTIONS, rng.choice((2, 3, 4)))
        written = tuple(_inscription(draft, line) for line in lines)
        _add(
            draft, things.WRITABLES, looks.BOARDS, rng.choice(draft.plain()).id, portable=False,
            writable=True, inscriptions=written,
        )  # fmt: skip


def _inscription(draft: Draft, line: str) -> str:
    one, other = (p.name for p in draft.rng.sample(draft.people, 2))
    return line.format(
        p=one, q=other, d=draft.rng.choice(DAYS.split()),
        g=draft.rng.choice(share(GOODS[draft.theme], draft.split)),
        y=draft.year(80, 0), n=number(draft.rng, draft.split, 6, 60),
    )  # fmt: skip


def _add_fixtures(draft: Draft) -> None:
    for _ in range(draft.scaled(draft.difficulty // 3)):
        spot = draft.rng.choice(draft.plain())
        _add(draft, things.FIXTURES, looks.LARGE, spot.id, heavy=True)


def _add_recipes(draft: Draft) -> None:
    if draft.difficulty < 4:
        return
    spots = list(draft.spots.values())
    parts = [
        _add(draft, things.PARTS, looks.PARTS, draft.choose_spot(spots, "w").id)
        for _ in range(2 + (draft.difficulty >= 8))
    ]
    product = _add(draft, things.PRODUCTS, looks.PRODUCTS, None)
    draft.recipes.append(Recipe(parts=tuple(p.id for p in parts), makes=product.id))


def _add_trinkets(draft: Draft) -> None:
    """Let things lie about, on surfaces too, so that most rooms have some."""
    spots = list(draft.spots.values())
    surfaces = [t.id for t in draft.things if t.surface]
    for n, spot in enumerate(spots[:100]):
        place = spot.id if n % 5 else draft.rng.choice(surfaces)
        _add_trinket(draft, place, spot.use)
    for _ in range(2 + len(spots[100:]) // 2):
        _add_trinket(draft)


def _add_trinket(draft: Draft, place: str = "", use: str = "") -> Thing:
    """Add a thing to handle in `place`, more often than not one of that use.

    With no place given it lies where such things are used.
    """
    rng = draft.rng
    themed = 0.3 / max(1, draft.scale)
    for _ in range(3):
        own = rng.random() < themed
        nouns = things.THEME_TRINKETS[draft.theme] if own else things.TRINKETS
        noun = rng.choice(share(nouns, draft.split))
        if not use or noun[-1] == use:
            break
    where = place or draft.choose_spot(draft.spots.values(), noun[-1]).id
    called = draft.call(noun)
    return draft.add(called, where, look(draft, called, looks.SMALL, noun[-2]))
