"""Generated worlds: sound, the same everywhere, and apart from split to split."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from itertools import combinations

import networkx as nx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from world_fixtures.common import UserError
from world_fixtures.generator import SPLITS, THEMES, Generated, generate_world
from world_fixtures.reachability import obtainable
from world_fixtures.spec import WorldSpec
from world_fixtures.validation import problems

SAMPLE = """
from world_fixtures.generator import generate_world, SPLITS
from world_fixtures.common import digest
print(digest([generate_world(seed, 1 + seed % 10, split=split).spec.model_dump(mode="json")
              for seed in range(20) for split in SPLITS]).hex())
"""


def worlds(split: str, count: int = 120) -> list[Generated]:
    return [generate_world(seed, 1 + seed % 10, split=split) for seed in range(count)]  # type: ignore[arg-type]


@given(st.integers(0, 10**9), st.integers(1, 10), st.sampled_from(THEMES), st.sampled_from(SPLITS))
def test_every_world_is_sound_and_all_of_it_can_be_had(seed, difficulty, theme, split) -> None:
    spec, facts = generate_world(seed, difficulty, theme, split)
    assert problems(spec) == []
    assert spec.theme == theme
    rooms, things = obtainable(spec)
    assert rooms == {r.id for r in spec.rooms}
    assert things == {t.id for t in spec.things}
    texts = {t.id: t.text or "" for t in spec.things}
    assert facts
    assert all(fact.text in texts[fact.source] and fact.value in fact.text for fact in facts)


def test_the_same_seed_gives_the_same_bytes_in_any_process() -> None:
    found = {
        subprocess.run(
            [sys.executable, "-c", SAMPLE], check=True, capture_output=True, text=True,
            env={**os.environ, "PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("0", "1", "4711")
    }  # fmt: skip
    assert found == {"989e01195604978a663755eb9bad6e80\n"}


def test_difficulty_brings_in_every_obstacle() -> None:
    def some(difficulty: int, wanted) -> bool:
        specs = [generate_world(seed, difficulty).spec for seed in range(8)]
        return any(wanted(spec) for spec in specs)

    obstacles = {
        "loops": lambda s: len(s.exits) > 2 * (len(s.rooms) - 1),
        "locked doors": lambda s: any(d.locked and d.key for d in s.doors),
        "dark rooms and a light": lambda s: (
            any(r.dark for r in s.rooms) and any(t.light for t in s.things)
        ),
        "hidden exits": lambda s: any(e.hidden for e in s.exits),
        "one-way exits": one_way,
        "boxes in boxes": lambda s: any(
            t.container and s.entities[t.location or ""].id.startswith("t")
            for t in s.things
            if t.location in {x.id for x in s.things if x.container}
        ),
        "locked boxes": lambda s: any(t.locked for t in s.things),
        "too heavy": lambda s: any(t.heavy for t in s.things),
        "ambiguous names": ambiguous,
        "recipes": lambda s: bool(s.recipes),
    }
    assert [name for name, wanted in obstacles.items() if not some(9, wanted)] == []
    simple = ("loops", "too heavy", "ambiguous names")
    assert [n for n, wanted in obstacles.items() if n not in simple and some(1, wanted)] == []
    rooms = [sum(len(generate_world(s, d).spec.rooms) for s in range(5)) / 5 for d in range(1, 11)]
    assert rooms == sorted(rooms)


def one_way(spec: WorldSpec) -> bool:
    ways = {(e.source, e.target) for e in spec.exits}
    return any((b, a) not in ways for a, b in ways)


def ambiguous(spec: WorldSpec) -> bool:
    """Two things to which one word refers, as `key` does to a brass key and an iron key."""
    return any(a.name.split()[-1] == b.name.split()[-1] for a, b in combinations(spec.things, 2))


@pytest.mark.parametrize("pair", combinations(SPLITS, 2), ids="-".join)
def test_splits_share_no_world_no_name_no_fact(pair) -> None:
    one, other = (worlds(split) for split in pair)
    for what in (_specs, _room_names, _thing_names, _name_pairs, _values, _people):
        shared = what(one) & what(other)
        assert not shared, (what.__name__, sorted(map(str, shared))[:5])


def _specs(found: list[Generated]) -> set[str]:
    return {spec.hash for spec, _ in found}


def _room_names(found: list[Generated]) -> set[str]:
    return {r.name for spec, _ in found for r in spec.rooms}


def _thing_names(found: list[Generated]) -> set[str]:
    return {e.name for spec, _ in found for e in (*spec.things, *spec.doors)}


def _name_pairs(found: list[Generated]) -> set[tuple[str, str]]:
    """Which thing is in which place, by their names."""
    return {
        (thing.name, str(getattr(spec.entities[thing.location], "name")))  # noqa: B009
        for spec, _ in found
        for thing in spec.things
        if thing.location
    }


def _values(found: list[Generated]) -> set[str]:
    return {fact.value for _, facts in found for fact in facts}


def _people(found: list[Generated]) -> set[str]:
    """First names and surnames, wherever they are written."""
    lines = (line for spec, _ in found for t in spec.things for line in t.inscriptions)
    return {name for line in lines for name in re.findall(r"^(\w+) (\w+) was here", line)[0]}


def test_each_split_has_graphs_of_a_shape_of_its_own() -> None:
    """By the minimum cycle basis, which no renaming of the rooms changes."""
    for split in SPLITS:
        for spec, _ in worlds(split, 60):
            graph: nx.Graph = nx.Graph((e.source, e.target) for e in spec.exits)
            lengths = sorted(map(len, nx.minimum_cycle_basis(graph)))
            if split == "train":
                assert lengths
                assert set(lengths) == {4}
            elif split == "validation":
                assert not lengths
            else:
                assert lengths[-1] >= 6


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((1, 0), "difficulty 0 is out of range: choose 1 to 10"),
        ((1, 11), "difficulty 11 is out of range"),
        ((1, 3, "desert"), "unknown theme 'desert': choose from monastery"),
        ((1, 3, None, "holdout"), "unknown split 'holdout': choose from train"),
    ],
)
def test_what_is_out_of_range_is_reported(arguments, told) -> None:
    with pytest.raises(UserError, match=told):
        generate_world(*arguments)
