"""The stock game that the world server is measured beside."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import aiohttp
import pytest

from benchmarks import stock
from world_fixtures.library import load_world

pytestmark = [pytest.mark.slow, pytest.mark.once]

SPEC = load_world("timmy_home").model_dump(mode="json") | {"things": []}


def test_its_worlds_are_built_without_waiting_for_a_servers_initial_setup(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = stock._evennia

    def without_a_server(where: Path, *args: str, **env: str) -> str:
        return "" if args[0] == "start" else run(where, *args, **env)

    monkeypatch.setattr(stock, "_evennia", without_a_server)
    monkeypatch.setattr(stock, "_wait_for", lambda port: None)
    stock._build(tmp_path, SPEC, 2)
    with sqlite3.connect(tmp_path / "game" / "server" / "evennia.db3") as database:
        (rooms,) = database.execute(
            "select count(*) from objects_objectdb where db_key = 'Chapel'"
        ).fetchone()
        homeless = database.execute(
            "select db_key from objects_objectdb where db_home_id is null and id > 2"
        ).fetchall()
    assert rooms == 2
    assert homeless == []


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


async def test_its_players_look_around() -> None:
    async with stock.stock_game(SPEC, 1) as game, aiohttp.ClientSession() as http:
        player = await game.player(http, 0)
        assert await game.look(player) > 0
