"""What a task says of a game, read and refused."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest

from world_fixtures.common import UserError
from world_fixtures.foreign.source import Call, WrongField, read_source

pytestmark = pytest.mark.once


@pytest.mark.parametrize(
    ("given", "place", "told"),
    [
        ({"charcter": "Ada"}, ("charcter",), "no such field (did you mean 'character'?)"),
        ({"prepare": ["look", {"call": "no such"}]}, ("prepare", 1), "a line that the superuser"),
        ({"character": ""}, ("character",), "at least 1 character"),
        ({"seconds": 0}, ("seconds",), "greater than 0"),
        ({"settings": {"A": [datetime.date(2036, 1, 1)]}}, ("settings", "A"), "a setting is text"),
    ],
)
def test_a_wrong_field_is_told_with_its_place(given, place, told) -> None:
    with pytest.raises(WrongField) as wrong:
        read_source({"game": "tutorial_world", **given}, Path())
    assert wrong.value.place == place
    assert str(wrong.value).startswith("world." + ".".join(map(str, place)))
    assert told in str(wrong.value)


def test_what_is_no_game_is_told(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for name, told in (
        ("empty", "no game directory: it has no server/conf/settings.py"),
        ("tutorial_wrld", "did you mean 'tutorial_world'"),
        (5, "there is no game 5"),
    ):
        with pytest.raises(UserError, match=told):
            read_source({"game": name}, tmp_path)


def test_a_shipped_game_is_prepared_as_its_file_says_but_for_what_is_given() -> None:
    call = Call(call="world.more:build")
    found = read_source({"game": "escape_room", "prepare": [{"call": call.call}]}, Path())
    assert (found.start, found.prepare) == ("Limbo", (call,))
