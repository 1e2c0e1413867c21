"""Errors of a world's file: all of them at once, with line, place and the nearest right name."""

from __future__ import annotations

from pathlib import Path

import pytest

from world_fixtures.common import UserError
from world_fixtures.facts import Fact
from world_fixtures.library import load_world, parse_world

HOUSE = """\
name: my_house
title: My House
rooms:
  - {id: hall, name: Hall, desc: A hall.}
  - {id: study, name: Study, desc: A study.}
exits:
  - {source: hall, direction: north, target: study}
  - {source: study, direction: south, target: hall}
things:
  - {id: ledger, name: Ledger, desc: A book., location: study, text: Begun in 1731.}
  - {id: coin, name: Coin, desc: A coin., location: you}
characters:
  - {id: you, name: Timmy, location: hall}
"""
CHARACTERS = HOUSE[HOUSE.index("characters") :]


def told(text: str) -> list[str]:
    with pytest.raises(UserError) as caught:
        parse_world(text, "house.yaml")
    return str(caught.value).splitlines()


def test_missing_characters_hide_no_other_error_and_add_none() -> None:
    wrong = HOUSE.removesuffix(CHARACTERS)
    wrong = wrong.replace("target: study", "target: studdy").replace(
        "location: study", "location: attic"
    )
    wrong = wrong.replace("south", "suoth")
    found = told(wrong)
    assert [line.split(": ", 1)[0] for line in found] == [
        "house.yaml:1", "house.yaml:7", "house.yaml:8", "house.yaml:10",
    ]  # fmt: skip
    assert found[0] == "house.yaml:1: characters: is missing"
    assert "(did you mean 'study'?)" in found[1]
    assert "(did you mean 'south'?)" in found[2]
    assert "'attic': no such place" in found[3]


@pytest.mark.parametrize("people", ["", "living: {people: [{id: tilda}]}\n"])
def test_missing_characters_are_one_error(people: str) -> None:
    assert told(HOUSE.removesuffix(CHARACTERS) + people) == ["house.yaml:1: characters: is missing"]


def test_missing_rooms_are_one_error() -> None:
    start, end = HOUSE.index("rooms"), HOUSE.index("exits")
    assert told(HOUSE[:start] + HOUSE[end:]) == ["house.yaml:1: rooms: is missing"]


@pytest.mark.parametrize(
    ("right", "wrong", "line", "meant"),
    [
        ("location: study", "location: stduy", 10, "study"),
        ("location: hall", "location: hal", 13, "hall"),
        ("text: Begun", "txt: Begun", 10, "text"),
        ("title: My", "tittle: My", 2, "title"),
        ("direction: north", "direction: nroth", 7, "north"),
        ("A coin., ", "A coin., reveals: studdy:south, ", 11, None),
        ("text: Begun", "tells: [[legder, begun, 1731]], text: Begun", 10, "ledger"),
    ],
)
def test_the_nearest_right_name_is_told_with_its_line(right, wrong, line, meant) -> None:
    assert right in HOUSE
    found = told(HOUSE.replace(right, wrong, 1))
    told_here = [f for f in found if f.startswith(f"house.yaml:{line}:")]
    if meant is None:
        assert not any("did you mean" in f for f in told_here)
    else:
        assert any(f.endswith(f"(did you mean {meant!r}?)") for f in told_here)


def test_a_misspelled_kind_of_work_names_the_right_one() -> None:
    people = """\
living:
  people:
    - {id: tilda, duties: [{work: {type: stya, room: hall}}]}
"""
    with_tilda = CHARACTERS + "  - {id: tilda, name: Tilda, location: hall}\n"
    (line,) = told(HOUSE.replace(CHARACTERS, with_tilda + people))
    assert line.startswith("house.yaml:17: living.people.0.duties.0.work: ")
    assert line.endswith("(did you mean 'stay'?)")


def test_facts_beside_a_world_are_loaded_with_it(tmp_path: Path) -> None:
    (tmp_path / "house.yaml").write_text(HOUSE)
    (tmp_path / "house.facts.yaml").write_text("ledger:\n  - [ledger, begun, 1731]\n")
    spec = load_world(str(tmp_path / "house.yaml"))
    (ledger,) = (thing for thing in spec.things if thing.id == "ledger")
    assert ledger.tells == (Fact("ledger", "begun", 1731),)


def test_errors_of_both_files_are_told_each_with_its_own_line(tmp_path: Path) -> None:
    (tmp_path / "house.yaml").write_text(HOUSE.replace("target: study", "target: studdy"))
    facts = "ledger:\n  - [legder, begun, 1731]\nledgr: [[hall, built, 1700]]\ncoin:\n  - [hall]\n"
    (tmp_path / "house.facts.yaml").write_text(facts)
    with pytest.raises(UserError) as caught:
        load_world(str(tmp_path / "house.yaml"))
    found = str(caught.value).splitlines()
    assert {line.split(": ", 1)[0] for line in found} == {
        "house.yaml:7", "house.facts.yaml:2", "house.facts.yaml:3", "house.facts.yaml:5",
    }  # fmt: skip
    assert any(f.endswith("(did you mean 'ledger'?)") and ":3:" in f for f in found)


def test_a_library_world_is_named_where_its_name_is_misspelled() -> None:
    with pytest.raises(UserError, match=r"did you mean 'timmy_home'\?"):
        load_world("timy_home")
