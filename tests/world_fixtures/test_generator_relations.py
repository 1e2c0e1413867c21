"""What the texts of generated worlds tell: said in them, asked for, followed, and drawn anew."""

from __future__ import annotations

import random
import re
from collections import Counter
from functools import partial
from itertools import pairwise

import pytest

from world_fixtures.facts import Fact
from world_fixtures.generator import SPLITS, generate_world
from world_fixtures.generator.layout import shape
from world_fixtures.generator.relations import (
    RELATIONS,
    ask,
    chains,
    redrawn,
    relation_of,
    shown,
    tellings,
)
from world_fixtures.generator.words import a, expand, number, split_of_number
from world_fixtures.library import load_world
from world_fixtures.reachability import obtainable
from world_fixtures.spec import WorldSpec
from world_fixtures.validation import problems

WORLDS = [
    (1 + seed % 10, generate_world(seed, 1 + seed % 10, split=SPLITS[seed % 3]))
    for seed in range(60)
]
EACH = pytest.mark.parametrize(("level", "spec"), WORLDS, ids=[f"{n}" for n in range(len(WORLDS))])


@EACH
def test_texts_say_what_they_tell(level, spec) -> None:
    told = Counter((fact.entity, fact.field) for fact, _ in tellings(spec))
    assert set(told.values()) == {1}
    for fact, source in tellings(spec):
        text = spec.entities[source].text
        assert shown(fact.value, spec).casefold() in text.casefold()
        said = shown(fact.entity, spec)
        assert said.casefold() in text.casefold() or fact.entity == source
        assert relation_of(fact.field) is not None
    documents = [t for t in spec.things if t.text]
    assert all(2 <= len(t.tells) <= 5 and len(t.text) <= 900 for t in documents)
    assert all(len(re.findall(r"[.:!?](?: |$)", t.text)) > len(t.tells) for t in documents)


@EACH
def test_what_is_told_is_so(level, spec) -> None:
    locks = {lock.id: lock for lock in (*spec.doors, *spec.things) if lock.key}
    fits = {f.value: f.entity for f, _ in tellings(spec) if f.field == "fits"}
    assert fits == {lock.id: lock.key for lock in locks.values()}
    for fact, _ in tellings(spec):
        if fact.field == "kept_in":
            assert spec.entities[fact.entity].location == fact.value


@EACH
def test_no_lock_stands_before_the_text_that_names_its_key(level, spec) -> None:
    keyless = {"key": None}
    shut = spec.model_copy(
        update={
            group: tuple(e.model_copy(update=keyless) for e in getattr(spec, group))
            for group in ("doors", "things")
        }
    )
    handled = obtainable(shut)[1]
    assert {source for fact, source in tellings(spec) if fact.field == "fits"} <= handled


@EACH
def test_references_lead_from_text_to_text(level, spec) -> None:
    wanted = 1 if level < 2 else 2 if level < 5 else 3
    chain = next(chains(spec, wanted))
    assert len({telling.source for telling in chain}) == wanted
    for one, other in pairwise(chain):
        assert one.fact.value == other.fact.entity


@EACH
def test_each_question_means_one_fact(level, spec) -> None:
    asked = [ask(fact, spec, random.Random(0)) for fact, _ in tellings(spec)]
    assert len(set(asked)) == len(asked)
    assert not any(re.search(r"[\[\]{}|]", phrase) for phrase in asked)


def test_questions_can_be_nested() -> None:
    spec = WORLDS[0][1]
    fact = Fact(spec.rooms[0].id, "founded", 1731)
    assert ask(fact, spec, random.Random(0), entity="the room we mean").endswith(
        ("the room we mean was built", "the building of the room we mean", "the room we mean dates")
    )


@pytest.mark.parametrize("relation", RELATIONS.values(), ids=RELATIONS)
def test_a_relation_is_worded_in_many_ways(relation) -> None:
    assert len(set(relation.sentences)) >= 6
    assert len(set(relation.questions)) >= 3
    slots = {"e": "E", "v": "V", "w": "W", "g": "G"}
    rng = random.Random(0)
    said = {expand(rng.choice(relation.sentences), rng, **slots) for _ in range(300)}
    assert len(said) >= 9
    assert all("E" in line and "V" in line for line in said)
    assert all("E" in expand(phrase, rng, **slots) for phrase in relation.questions)


def differing(one: WorldSpec, other: WorldSpec) -> float:
    pairs = list(zip(tellings(one), tellings(other), strict=True))
    assert all(p.source == q.source and p.fact.field == q.fact.field for p, q in pairs)
    return sum(p.fact != q.fact for p, q in pairs) / len(pairs)


@EACH
def test_a_redrawn_world_tells_otherwise_and_is_sound(level, spec) -> None:
    other = redrawn(spec, random.Random(level))
    assert problems(other) == []
    assert redrawn(spec, random.Random(level)) == other
    assert differing(spec, other) > 0.5
    fits = {f.value: f.entity for f, _ in tellings(other) if f.field == "fits"}
    assert fits == {lock.id: lock.key for lock in (*other.doors, *other.things) if lock.key}
    for fact, _ in tellings(other):
        kind = relation_of(fact.field).value
        if fact.field == "kept_in":
            assert other.entities[fact.entity].location == fact.value
        if kind in ("room", "lock"):
            assert fact.value in other.entities
        if kind in ("year", "number"):
            assert isinstance(fact.value, int)
    numbers = [
        (split_of_number(int(p.fact.value)), split_of_number(int(q.fact.value)))
        for p, q in zip(tellings(spec), tellings(other), strict=True)
        if relation_of(p.fact.field).value in ("year", "number", "code")
    ]
    assert all(one == new for one, new in numbers)


def test_an_authored_world_is_redrawn_too() -> None:
    home = load_world("timmy_home")
    other = redrawn(home, random.Random(1))
    assert problems(other) == []
    assert max(differing(home, redrawn(home, random.Random(n))) for n in range(5)) > 0.5


def test_a_redrawn_value_may_be_any_of_those_that_are_possible() -> None:
    spec = generate_world(1, 6)
    keeps = [n for n, (fact, _) in enumerate(tellings(spec)) if fact.field == "works_in"]
    drawn = [tellings(redrawn(spec, random.Random(n))) for n in range(60)]
    for n in keeps:
        here = [worlds[n].fact.value for worlds in drawn]
        values = {tellings(spec)[k].fact.value for k in keeps}
        assert set(here) == values if len(values) > 1 else tellings(spec)[n].fact.value in here


def test_a_number_that_is_said_is_still_that_of_a_room() -> None:
    for field in ("founded", "paces"):
        spec = next(w for w in map(partial(generate_world, difficulty=6), range(50))
                    if len(values_of(w, field)) > 1)  # fmt: skip
        values = values_of(spec, field)
        for n in range(3):
            said = f"the {values[0]}"
            other = redrawn(spec, random.Random(n), said)
            assert sorted(values_of(other, field)) == sorted(values)


def values_of(spec: WorldSpec, field: str) -> list[int]:
    return [fact.value for fact in {f: None for f, _ in tellings(spec)} if fact.field == field]


def test_isomorphic_graphs_have_one_shape() -> None:
    line = {(0, 0): [(1, 0)], (1, 0): [(0, 0), (2, 0)], (2, 0): [(1, 0)]}
    corner = {(5, 5): [(5, 6), (4, 5)], (5, 6): [(5, 5)], (4, 5): [(5, 5)]}
    star = {**line, (1, 0): [*line[1, 0], (1, 1)], (1, 1): [(1, 0)]}
    assert shape(line) == shape(corner) != shape(star)


def test_numbers_belong_to_one_split() -> None:
    rng = random.Random(0)
    drawn = {split: {number(rng, split, 1400, 1894) for _ in range(500)} for split in SPLITS}
    assert all(split_of_number(n) == split for split, found in drawn.items() for n in found)


@pytest.mark.parametrize(
    ("noun", "phrase"),
    [("oak", "an oak"), ("key", "a key"), ("hour", "an hour"), ("unit", "a unit")],
)
def test_articles_agree(noun, phrase) -> None:
    assert a(noun) == phrase
