"""Snapshots whose game changes, moves, or is prepared by several at once."""

from __future__ import annotations

import json
import sys
import threading
from pathlib import Path

import pytest

from world_fixtures.common import UserError
from world_fixtures.foreign import snapshot
from world_fixtures.foreign.source import LAYOUT, GameSource, content_of
from world_fixtures.spec import GameWorld


@pytest.fixture
def source(tmp_path) -> GameSource:
    settings = tmp_path / "mygame" / "server" / "conf" / "settings.py"
    settings.parent.mkdir(parents=True)
    settings.write_text("")
    return GameSource(game=str(tmp_path / "mygame"))


@pytest.fixture
def made(source, tmp_path, monkeypatch) -> Path:
    """A prepared game, as far as it is looked at."""
    monkeypatch.setenv("EVENNIA_WORLD_HOME", str(tmp_path / "home"))
    place = snapshot._target(content_of(source), sys.executable)
    place.mkdir(parents=True)
    (place / "world.json").write_text("{}")
    recipe = source.model_dump(mode="json") | {"layout": LAYOUT}
    (place / "recipe.json").write_text(json.dumps(recipe))
    return place


def test_a_prepared_game_is_played_on_though_its_directory_changes(source, made):
    world = GameWorld(name="mygame", content=content_of(source), account="player", initial={})
    (Path(source.game) / "new.py").write_text("x = 1")
    found = snapshot.snapshot_for(world)
    assert (found.path, found.source, found.content) == (made, source, world.content)


def test_a_copy_that_is_not_what_was_asked_for_is_refused(source, made):
    content = content_of(source)
    (Path(source.game) / "new.py").write_text("x = 1")
    with pytest.raises(UserError, match="changed while they were copied"):
        snapshot._make(source, content, made.with_name("another"), sys.executable)
    assert not made.with_name("another").exists()
    assert not list(made.parent.glob("making-*"))


@pytest.mark.parametrize("name", ["", "server", "a\0b", "server/conf/settings.py/x", "../x"])
def test_a_file_that_cannot_be_written_into_the_copy_is_named(source, made, name):
    source = source.model_copy(update={"files": {name: "x"}})
    with pytest.raises(UserError, match=r"^world\.files: .* (cannot be written|is not within)"):
        snapshot._make(source, content_of(source), made.with_name("another"), sys.executable)
    assert not list(made.parent.glob("making-*"))


def test_where_a_game_is_can_be_read_while_it_is_written(source, tmp_path):
    path = tmp_path / "source.json"
    snapshot._keep(source, path)
    enough = threading.Event()

    def write() -> None:
        while not enough.is_set():
            snapshot._keep(source, path)

    writing = threading.Thread(target=write)
    writing.start()
    try:
        for _ in range(2000):
            assert GameSource.model_validate_json(path.read_text()) == source
    finally:
        enough.set()
        writing.join()


def test_what_a_game_says_is_shown_on_one_plain_line():
    assert snapshot._line("\x1b[2Jno\r\nmore" + "!" * 1000) == " [2Jno  more" + "!" * 288
