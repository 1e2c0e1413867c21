"""The path that Evennia's users know: websocket client, Portal, AMP link, Server.

An ordinary game made by `evennia --init`, with a world of eight rooms for each player, so
that nobody looks at anybody else.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp

_BUILD = """
import json
from django.conf import settings
from evennia import create_object as make
from evennia.server.initial_setup import handle_setup
from evennia.utils.create import create_account
settings.TEST_ENVIRONMENT = True  # the setup would end with a restart of the server
handle_setup()
spec = json.loads(open("spec.json").read())
for n in range({players}):
    rooms = {{}}
    for r in spec["rooms"]:
        rooms[r["id"]] = room = make("evennia.DefaultRoom", key=r["name"])
        room.db.desc = r["desc"]
    for e in spec["exits"]:
        here, there = rooms[e["source"]], rooms[e["target"]]
        make("evennia.DefaultExit", key=e["direction"], location=here, destination=there)
    for t in spec["things"]:
        make("evennia.DefaultObject", key=t["name"], location=rooms[t["location"]])
    start = rooms[spec["characters"][0]["location"]]
    account = create_account("player%d" % n, "p%d@example.com" % n, "walk-the-grid-%d" % n)
    path = "typeclasses.characters.Character"
    character = make(path, key="Traveller%d" % n, location=start, home=start)
    character.locks.add("puppet:pid(%d)" % account.id)
    account.db._last_puppet = character
    account.characters.add(character)
"""

STARTS = 10
"""Times that a game is asked to start at most."""


class StockGame:
    """A running stock game; `players` accounts named player0, player1, ..."""

    def __init__(self, directory: Path, port: int) -> None:
        self.directory = directory
        self.port = port

    async def player(self, http: aiohttp.ClientSession, n: int) -> aiohttp.ClientWebSocketResponse:
        """Connect a websocket client and log in."""
        ws = await http.ws_connect(f"ws://127.0.0.1:{self.port}/")
        await _send(ws, f"connect player{n} walk-the-grid-{n}")
        await _until(ws, "Exits")
        return ws

    async def look(self, ws: aiohttp.ClientWebSocketResponse) -> float:
        """Measure the seconds from sending `look` to seeing the room."""
        start = time.perf_counter()
        await _send(ws, "look")
        await _until(ws, "Exits")
        return time.perf_counter() - start


async def measure(spec: dict[str, Any], sessions: int, looks: int) -> dict[str, float]:
    """Measure `look_p50_ms` of one client, `throughput_per_s` of `sessions` clients at once."""
    async with stock_game(spec, sessions) as game, aiohttp.ClientSession() as http:
        players = [await game.player(http, n) for n in range(sessions)]
        for ws in players:
            await game.look(ws)
        alone = [await game.look(players[0]) for _ in range(looks)]
        start = time.perf_counter()
        await asyncio.gather(*(_many(game, ws, looks) for ws in players))
        seconds = time.perf_counter() - start
    return {
        "look_p50_ms": statistics.median(alone) * 1000,
        "throughput_per_s": sessions * looks / seconds,
    }


async def _many(game: StockGame, ws: aiohttp.ClientWebSocketResponse, looks: int) -> None:
    for _ in range(looks):
        await game.look(ws)


async def _send(ws: aiohttp.ClientWebSocketResponse, text: str) -> None:
    await ws.send_str(json.dumps(["text", [text], {}]))


async def _until(ws: aiohttp.ClientWebSocketResponse, marker: str) -> None:
    async with asyncio.timeout(60):
        while True:
            message = await ws.receive()
            if message.type is not aiohttp.WSMsgType.TEXT:
                raise RuntimeError(f"the stock game closed the connection: {message}")
            if marker in message.data:
                return


@asynccontextmanager
async def stock_game(spec: dict[str, Any], players: int) -> AsyncIterator[StockGame]:
    """Make, start, and afterwards stop and remove a stock game."""
    directory = Path(tempfile.mkdtemp(prefix="stock-game-"))
    game = directory / "game"
    port = 0
    try:
        port = await asyncio.to_thread(_build, directory, spec, players)
        yield StockGame(game, port)
    finally:
        if port:
            await asyncio.to_thread(_evennia, game, "stop")
        shutil.rmtree(directory, ignore_errors=True)


def _build(directory: Path, spec: dict[str, Any], players: int) -> int:
    _evennia(directory, "--init", "game")
    game = directory / "game"
    ports = _free_ports(7)
    with open(game / "server" / "conf" / "settings.py", "a") as settings:
        settings.write(
            f"\nTELNET_PORTS=[{ports[0]}]\nTELNET_INTERFACES=['127.0.0.1']\n"
            f"WEBSERVER_PORTS=[({ports[1]},{ports[2]})]\nWEBSERVER_INTERFACES=['127.0.0.1']\n"
            f"WEBSOCKET_CLIENT_PORT={ports[3]}\nWEBSOCKET_CLIENT_INTERFACE='127.0.0.1'\n"
            f"AMP_PORT={ports[4]}\nPASSWORD_HASHERS=['django.contrib.auth.hashers.MD5PasswordHasher']\n"
            "MAX_CONNECTION_RATE=1000\nMAX_COMMAND_RATE=100000\n"
            "LOGIN_THROTTLE_LIMIT=10000\nCREATION_THROTTLE_LIMIT=10000\n"
        )
    (game / "spec.json").write_text(json.dumps(spec))
    _evennia(game, "migrate")
    # Before the server runs, and with Evennia's initial setup: left to the server, that would be
    # done at some time after its ports are open, and until then there is no home for objects.
    owner = {"EVENNIA_SUPERUSER_USERNAME": "owner", "EVENNIA_SUPERUSER_PASSWORD": "walk-the-grid",
             "EVENNIA_SUPERUSER_EMAIL": "owner@example.com"}  # fmt: skip
    _evennia(game, "shell", "-c", _BUILD.format(players=players), **owner)
    _start(game)
    _wait_for(ports[3])
    return ports[3]


def _start(game: Path) -> None:
    """Start Portal and Server: the launcher gives up on a busy machine, and is asked again."""
    for _ in range(STARTS):
        if "timed out" not in _evennia(game, "start"):
            return
    raise RuntimeError("the stock game did not start: the machine is too busy")


def _evennia(directory: Path, *args: str, **env: str) -> str:
    command = [str(Path(sys.executable).with_name("evennia")), *args]
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    done = subprocess.run(
        command, cwd=directory, env={**os.environ, "PATH": path, **env}, text=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=180,
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(f"evennia {args[0]} failed: {done.stdout.strip()[-500:]}")
    return done.stdout


def _free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    for s in sockets:
        s.bind(("127.0.0.1", 0))
    ports = [int(s.getsockname()[1]) for s in sockets]
    for s in sockets:
        s.close()
    return ports


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.2)
    raise RuntimeError("the stock game did not start")
