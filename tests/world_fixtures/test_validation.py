"""Each way in which a world can be wrong: told once, in the right place, beside the others."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from world_fixtures.common import UserError
from world_fixtures.reachability import obtainable
from world_fixtures.spec import WorldSpec
from world_fixtures.validation import check, problems

HOUSE: dict[str, Any] = {
    "name": "house",
    "title": "House",
    "rooms": [
        {"id": "hall", "name": "Hall", "desc": ""},
        {"id": "study", "name": "Study", "desc": ""},
        {"id": "cellar", "name": "Cellar", "desc": "", "dark": True},
        {"id": "attic", "name": "Attic", "desc": ""},
    ],
    "exits": [
        {"source": "hall", "direction": "east", "target": "study", "door": "oak_door"},
        {"source": "study", "direction": "west", "target": "hall", "door": "oak_door"},
        {"source": "hall", "direction": "down", "target": "cellar"},
        {"source": "cellar", "direction": "up", "target": "hall"},
        {"source": "study", "direction": "up", "target": "attic", "hidden": True},
        {"source": "attic", "direction": "down", "target": "study"},
    ],
    "doors": [{"id": "oak_door", "name": "Oak Door", "locked": True, "key": "iron_key"}],
    "things": [
        {"id": "lamp", "name": "Lamp", "desc": "", "location": "hall", "light": True},
        {"id": "iron_key", "name": "Iron Key", "desc": "", "location": "cellar"},
        {"id": "chest", "name": "Chest", "desc": "", "location": "study", "portable": False,
         "container": True, "locked": True, "key": "brass_key"},
        {"id": "brass_key", "name": "Brass Key", "desc": "", "location": "hall"},
        {"id": "pin", "name": "Pin", "desc": "", "location": "chest"},
        {"id": "mirror", "name": "Mirror", "desc": "", "location": "study", "portable": False,
         "reveals": "study:up"},
        {"id": "slate", "name": "Slate", "desc": "", "location": "attic", "writable": True,
         "inscriptions": ["1731"]},
        {"id": "stick", "name": "Stick", "desc": "", "location": "hall"},
        {"id": "twigs", "name": "Twigs", "desc": "", "location": "attic"},
        {"id": "broom", "name": "Broom", "desc": "", "location": None},
    ],
    "recipes": [{"parts": ["stick", "twigs"], "makes": "broom"}],
    "characters": [
        {"id": "you", "name": "You", "location": "hall"},
        {"id": "caretaker", "name": "Caretaker", "location": "attic"},
    ],
}  # fmt: skip


def part(data: dict[str, Any], entity: str) -> dict[str, Any]:
    """The entity with an id, or the exit `source:direction`."""
    for group in ("rooms", "exits", "doors", "things", "characters"):
        for item in data[group]:
            if entity in (item.get("id"), f"{item.get('source')}:{item.get('direction')}"):
                return item
    raise KeyError(entity)


def told(*changes: tuple[str, dict[str, Any]]) -> list[tuple[tuple[str | int, ...], str]]:
    """Place and message of every problem after fields were changed, or parts appended."""
    data = copy.deepcopy(HOUSE)
    for where, fields in changes:
        if where in data:
            data[where].append(fields)
        else:
            part(data, where).update(fields)
    return [(p.place, p.message) for p in problems(WorldSpec.model_validate(data))]


def test_a_sound_world_has_no_problem_and_all_of_it_can_be_had():
    spec = WorldSpec.model_validate(HOUSE)
    assert problems(spec) == []
    assert check(spec) is spec
    rooms, things = obtainable(spec)
    assert rooms == {r.id for r in spec.rooms}
    assert things == {t.id for t in spec.things}


THING = {"name": "Thing", "desc": "", "location": "hall"}
WRONG: list[tuple[str, dict[str, Any], tuple[str | int, ...], str]] = [
    ("things", {**THING, "id": "hall"}, ("things", 10, "id"), "'hall' is used twice"),
    ("exits", {"source": "hall", "direction": "east", "target": "cellar"},
     ("exits", 6, "id"), "'hall' has two exits east"),
    ("study", {"name": "The hall"}, ("rooms", 1, "name"), "has the name 'The hall' of 'hall'"),
    ("things", {**THING, "id": "x", "name": "OAK door"}, ("things", 10, "name"), "of 'oak_door'"),
    ("caretaker", {"name": "lamp"}, ("characters", 1, "name"), "of 'lamp'"),
    ("pin", {"name": "?!"}, ("things", 4, "name"), "holds no word"),
    ("pin", {"aliases": ["needle", "a LAMP"]}, ("things", 4, "aliases", 1), "name of 'lamp'"),
    ("study:west", {"target": "moon"}, ("exits", 1, "target"), "leads to 'moon'"),
    ("exits", {"source": "moon", "direction": "in", "target": "hall"},
     ("exits", 6, "source"), "leads from 'moon'"),
    ("hall:down", {"door": "gate"}, ("exits", 2, "door"), "the door 'gate'"),
    ("hall:down", {"door": "oak_door"}, ("doors", 0), "must stand between two rooms"),
    ("doors", {"id": "spare", "name": "Spare"}, ("doors", 1), "must stand between two rooms"),
    ("exits", {"source": "hall", "direction": "in", "target": "study", "door": "oak_door"},
     ("doors", 0), "must stand between two rooms"),
    ("oak_door", {"open": True}, ("doors", 0, "open"), "is open and locked"),
    ("rooms", {"id": "moon", "name": "Moon", "desc": ""}, ("rooms", 4), "cannot be reached"),
    ("hall:down", {"source": "attic", "direction": "north"}, ("rooms", 1), "is locked in"),
    ("iron_key", {"location": "study"}, ("rooms", 1), "is locked in"),
    ("lamp", {"location": "cellar"}, ("rooms", 1), "is locked in"),
    ("pin", {"location": "moon"}, ("things", 4, "location"), "in 'moon': no such place"),
    ("pin", {"location": "mirror"}, ("things", 4, "location"), "neither container nor surface"),
    ("chest", {"location": "chest"}, ("things", 2, "location"), "contains itself"),
    ("pin", {"location": None}, ("things", 4, "location"), "no recipe makes it"),
    ("you", {"location": "chest"}, ("characters", 0, "location"), "no such room"),
    ("brass_key", {"location": "chest"}, ("things", 3), "can never be had"),
    ("things", {**THING, "id": "box", "container": True, "locked": True, "key": "fob"},
     ("things", 10, "key"), "'fob' of 'box' is no thing"),
    ("brass_key", {"heavy": True}, ("things", 2, "key"), "is not portable"),
    ("iron_key", {"portable": False}, ("doors", 0, "key"), "is not portable"),
    ("oak_door", {"key": None}, ("doors", 0, "locked"), "has no key"),
    ("pin", {"lit": True}, ("things", 4, "lit"), "gives no light"),
    ("chest", {"open": True}, ("things", 2, "open"), "is open and locked"),
    ("pin", {"open": True}, ("things", 4, "open"), "no container"),
    ("pin", {"inscriptions": ["x"]}, ("things", 4, "inscriptions"), "not writable"),
    ("pin", {"reveals": "hall:down"}, ("things", 4, "reveals"), "no such hidden exit"),
    ("mirror", {"location": "hall"}, ("things", 5, "reveals"), "cannot be carried there"),
    ("mirror", {"reveals": None}, ("exits", 4, "hidden"), "nothing reveals it"),
    ("recipes", {"parts": ["pin", "glue"], "makes": "broom"}, ("recipes", 1, "parts", 1), "'glue'"),
    ("recipes", {"parts": ["pin", "pin"], "makes": "broom"}, ("recipes", 1, "parts", 1), "twice"),
    ("recipes", {"parts": ["pin", "broom"], "makes": "broom"}, ("recipes", 1, "makes"), "itself"),
    ("recipes", {"parts": ["pin", "lamp"], "makes": "cart"}, ("recipes", 1, "makes"), "'cart'"),
    ("hall", {"scenery": [{"id": "pin", "name": "Beam", "desc": ""}]},
     ("rooms", 0, "scenery", 0, "id"), "'pin' is used twice"),
    ("hall", {"scenery": [{"id": "beam", "name": "The pin", "desc": ""}]},
     ("rooms", 0, "scenery", 0, "name"), "'beam' of 'hall' is called 'The pin', as 'pin' is"),
    ("hall", {"scenery": [{"id": "beam", "name": "Beam", "desc": ""},
                          {"id": "rafter", "name": "Rafter", "aliases": ["beam"], "desc": ""}]},
     ("rooms", 0, "scenery", 1, "name"), "called 'beam', as 'beam' is"),
    ("pin", {"tells": [["hall", "founded", 1731]]}, ("things", 4, "tells"), "has no text"),
    ("pin", {"text": "Old.", "tells": [["attics", "founded", 1731]]},
     ("things", 4, "tells", 0), "'attics': there is no such entity"),
    ("pin", {"text": "Old.", "tells": [["Clara Winter", " ", 1731]]},
     ("things", 4, "tells", 0), "names no field"),
    ("pin", {"text": "Old.", "tells": [["hall", "founded", [1731]]]},
     ("things", 4, "tells", 0), "neither text nor a number"),
    ("broom", {"location": "hall"}, ("recipes", 0, "makes"), "there already"),
]  # fmt: skip


@pytest.mark.parametrize(("where", "fields", "place", "message"), WRONG)
def test_a_problem_is_reported_in_its_place(where, fields, place, message):
    found = told((where, fields))
    assert place in [p for p, _ in found]
    assert message in dict(found)[place]


CONSEQUENCES = ("is locked in", "cannot be reached", "two exits", "can never be had")


@pytest.mark.parametrize(
    ("where", "fields"),
    [(w, f) for w, f, _, message in WRONG if not any(c in message for c in CONSEQUENCES)],
)
def test_one_error_is_reported_once(where, fields):
    assert len(told((where, fields))) == 1


def test_errors_do_not_hide_each_other():
    found = told(
        ("hall:east", {"target": "moon"}),
        ("rooms", {"id": "island", "name": "Island", "desc": ""}),
        ("brass_key", {"location": "chest"}),
        ("slate", {"lit": True}),
    )
    messages = " ".join(message for _, message in found)
    assert "leads to 'moon'" in messages
    assert "'island' cannot be reached" in messages
    assert "'brass_key' can never be had" in messages
    assert "'slate' is lit" in messages


def test_what_another_character_holds_is_no_error():
    assert told(("pin", {"location": "caretaker"})) == []


def test_a_burning_light_in_the_dark_shows_its_room():
    assert told(("lamp", {"location": "cellar", "lit": True, "portable": False})) == []


def test_a_dark_side_hides_its_door():
    """What is behind a closed door of a dark room needs a light."""
    found = told(
        ("lamp", {"location": "vault"}),
        ("iron_key", {"location": "hall"}),
        ("rooms", {"id": "vault", "name": "Vault", "desc": ""}),
        ("doors", {"id": "hatch", "name": "Hatch"}),
        ("exits", {"source": "cellar", "direction": "down", "target": "vault", "door": "hatch"}),
        ("exits", {"source": "vault", "direction": "up", "target": "cellar", "door": "hatch"}),
    )
    assert [p for p, _ in found] == [("rooms", 4)]


def test_check_lists_everything_a_line_each():
    data = copy.deepcopy(HOUSE)
    part(data, "pin").update(location="moon", lit=True)
    with pytest.raises(UserError) as caught:
        check(WorldSpec.model_validate(data), "house.yaml")
    lines = str(caught.value).splitlines()
    assert len(lines) == 2
    assert all(line.startswith("house.yaml: things: 'pin'") for line in lines)
