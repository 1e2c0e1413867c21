"""The stock game that the world server is measured beside."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import aiohttp
import pytest

from benchmarks import stock
from world_fixtures.library import load_world

pytestmark = [pytest.mark.slow, pytest.mark.once]

ROOT = Path(__file__).parents[2]
SPEC = load_world("timmy_home").model_dump(mode="json") | {"things": []}


def test_a_start_that_times_out_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = [
        "Portal starting ...\nConnection to Evennia timed out. Try again.",
        "Server started.",
    ]
    asked = []

    def launcher(where: Path, *args: str) -> str:
        asked.append(args)
        return answers[len(asked) - 1]

    monkeypatch.setattr(stock, "_evennia", launcher)
    stock._start(Path())
    assert asked == [("start",), ("start",)]


@pytest.fixture
def light(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have each of the launcher's seven processes load Evennia as a world server does."""
    program = "from world_fixtures.game.loading import load_light\n\nload_light()\n"
    (tmp_path / "sitecustomize.py").write_text(program)
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}:{ROOT}")


async def test_players_look_around_in_worlds_built_before_the_server_ran(light: None) -> None:
    """A server's own initial setup would come at some time, and until then nothing has a home."""
    async with stock.stock_game(SPEC, 2) as game, aiohttp.ClientSession() as http:
        player = await game.player(http, 1)
        assert await game.look(player) > 0
        with closing(sqlite3.connect(game.directory / "server" / "evennia.db3")) as database:
            (rooms,) = database.execute(
                "select count(*) from objects_objectdb where db_key = 'Chapel'"
            ).fetchone()
            homeless = database.execute(
                "select db_key from objects_objectdb where db_home_id is null and id > 2"
            ).fetchall()
    assert rooms == 2
    assert homeless == []
