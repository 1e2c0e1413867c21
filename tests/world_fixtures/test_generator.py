"""Generated worlds: sound, the same everywhere, with what each difficulty promises."""

from __future__ import annotations

import os
import subprocess
import sys
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from world_fixtures.common import UserError
from world_fixtures.generator import SPLITS, THEMES, generate_world
from world_fixtures.reachability import obtainable
from world_fixtures.rules.names import words
from world_fixtures.spec import Door, Thing, WorldSpec
from world_fixtures.validation import problems

SAMPLE = """
from world_fixtures.generator import generate_world, SPLITS
from world_fixtures.common import digest
print(digest([generate_world(seed, 1 + seed % 10, split=split).model_dump(mode="json")
              for seed in range(20) for split in SPLITS]).hex())
"""
ALL = [
    (seed, 1 + seed % 10, generate_world(seed, 1 + seed % 10, split=SPLITS[seed % 3]))
    for seed in range(60)
]
LEVELS = pytest.mark.parametrize(("seed", "level", "spec"), ALL, ids=[f"{n}" for n, *_ in ALL])


@given(
    st.integers(0, 10**9), st.integers(1, 10), st.sampled_from(THEMES), st.sampled_from(SPLITS),
    st.none() | st.integers(3, 40),
)  # fmt: skip
def test_every_world_is_sound_and_all_of_it_can_be_had(seed, level, theme, split, rooms) -> None:
    spec = generate_world(seed, level, theme, split, rooms)
    assert problems(spec) == []
    assert spec.theme == theme
    assert rooms in (None, len(spec.rooms))
    entered, things = obtainable(spec)
    assert entered == {r.id for r in spec.rooms}
    assert things == {t.id for t in spec.things}


def test_the_same_seed_gives_the_same_bytes_in_any_process() -> None:
    found = {
        subprocess.run(
            [sys.executable, "-c", SAMPLE], check=True, capture_output=True, text=True,
            env={**os.environ, "PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("0", "4711")
    }  # fmt: skip
    assert found == {"db810a63cafddc14d13cd2c43ac57c40\n"}


def takable(spec: WorldSpec) -> list[Thing]:
    return [t for t in spec.things if t.portable and not t.heavy and t.location]


def contents(spec: WorldSpec, holder: str) -> list[Thing]:
    return [t for t in spec.things if t.location == holder]


def locks(spec: WorldSpec) -> list[Door | Thing]:
    return [lock for lock in (*spec.doors, *spec.things) if lock.locked]


@LEVELS
def test_each_world_has_what_tasks_are_made_of(seed, level, spec) -> None:
    rooms = len(spec.rooms)
    assert abs(rooms - max(6 + level, 3 + 2 * level)) <= 1
    assert len(takable(spec)) >= max(6, rooms)
    closed = [t for t in spec.things if t.container and not t.open and not t.locked]
    assert len([t for t in closed if contents(spec, t.id)]) >= 2
    assert any(t.surface for t in spec.things)
    texts = [t for t in spec.things if t.text]
    assert len(texts) >= max(3, (rooms + 1) // 2)
    assert any(t.location in {c.id for c in closed} for t in texts)
    written = [t for t in spec.things if t.writable]
    assert len(written) >= 2
    assert all(t.inscriptions and len(t.inscriptions) < t.lines for t in written)
    assert all(2 <= len(room.scenery) <= 4 for room in spec.rooms)
    caretaker = spec.characters[1]
    assert (caretaker.name, bool(caretaker.desc)) == ("Caretaker", True)


@LEVELS
def test_obstacles_come_with_the_difficulty(seed, level, spec) -> None:
    keys = [t for t in spec.things if t.name.endswith(" key")]
    used = {lock.key for lock in locks(spec)}
    ways = {(e.source, e.target) for e in spec.exits}
    boxes = {t.id for t in spec.things if t.container}
    found = {
        "locked doors": any(d.locked for d in spec.doors),
        "dark rooms": any(r.dark for r in spec.rooms),
        "lights": any(t.light for t in spec.things),
        "hidden exits": any(e.hidden for e in spec.exits),
        "recipes": bool(spec.recipes),
        "fragile locks": any(lock.fragile for lock in locks(spec)),
        "one-way exits": any((b, a) not in ways for a, b in ways),
        "doors that fall shut": any(d.shuts for d in spec.doors),
        "boxes in boxes": any(t.id in boxes and t.location in boxes for t in spec.things),
        "locked boxes": any(t.locked for t in spec.things),
    }
    from_level = {
        "locked doors": 2, "dark rooms": 3, "lights": 3, "hidden exits": 4, "recipes": 4,
        "fragile locks": 4, "one-way exits": 5, "doors that fall shut": 5, "boxes in boxes": 5,
        "locked boxes": 6,
    }  # fmt: skip
    assert found == {name: level >= least for name, least in from_level.items()}
    if level >= 2:
        assert len(keys) - len(used) >= (5 if level >= 9 else 2)
    looks = {key.desc.lower().partition(key.name)[2] for key in keys}
    assert len(looks) <= 1  # keys differ in nothing but their names


@LEVELS
def test_no_door_hangs_in_a_one_way_exit(seed, level, spec) -> None:
    ways = {(e.source, e.target) for e in spec.exits}
    assert all((e.target, e.source) in ways for e in spec.exits if e.door)


@LEVELS
def test_the_start_can_always_be_reached_again(seed, level, spec) -> None:
    back = {spec.agent.location}
    while more := {e.source for e in spec.exits if e.target in back} - back:
        back |= more
    assert back == {r.id for r in spec.rooms}


@LEVELS
def test_rooms_name_their_scenery_and_read_differently(seed, level, spec) -> None:
    for room in spec.rooms:
        assert all(part.name in room.desc.lower() for part in room.scenery)
        assert all(part.name in part.desc.lower() for part in room.scenery)
    openings = [room.desc.partition(". ")[0] for room in spec.rooms]
    assert len(set(openings)) == len(openings)
    assert all(thing.name in thing.desc.lower() for thing in spec.things)
    names = [words(p.name) for r in spec.rooms for p in r.scenery]
    assert len(set(names)) == len(names)


def test_rooms_grow_with_the_difficulty() -> None:
    sizes = [sum(len(generate_world(s, d).rooms) for s in range(8)) / 8 for d in range(1, 11)]
    assert sizes == sorted(sizes)
    assert (round(sizes[0]), round(sizes[-1])) == (7, 23)


@pytest.mark.parametrize("split", SPLITS)
def test_a_world_of_200_rooms_can_be_made(split) -> None:
    spec = generate_world(5, 10, split=split, rooms=200)
    assert len(spec.rooms) == 200
    assert len({r.name for r in spec.rooms}) == 200
    assert problems(spec) == []


def test_a_word_may_mean_more_than_one_thing() -> None:
    spec = generate_world(3, 5)
    assert any(a.name.split()[-1] == b.name.split()[-1] for a, b in combinations(spec.things, 2))


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((1, 0), "difficulty 0 is out of range: choose 1 to 10"),
        ((1, 11), "difficulty 11 is out of range"),
        ((1, 3, "desert"), "unknown theme 'desert': choose from monastery"),
        ((1, 3, None, "holdout"), "unknown split 'holdout': choose from train"),
        ((1, 3, None, "train", 2), "a world of 2 rooms cannot be made: choose 3 to 200"),
        ((1, 3, None, "train", 201), "a world of 201 rooms cannot be made"),
    ],
)
def test_what_is_out_of_range_is_reported(arguments, told) -> None:
    with pytest.raises(UserError, match=told):
        generate_world(*arguments)
