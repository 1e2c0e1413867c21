"""A game that does what it must not: it is found out, and hurts nobody but its own rollout."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from world_fixtures.common import WorldLost
from world_fixtures.foreign import site
from world_fixtures.foreign.checking import check_game
from world_fixtures.foreign.snapshot import Snapshot
from world_fixtures.foreign.source import GameSource, content_of
from world_fixtures.servers import ServerPool

pytestmark = pytest.mark.slow

COMMANDS = """
import os, random, secrets, select, socket, threading, time, uuid
from contextlib import suppress
from datetime import datetime
from time import clock_gettime, time as now
from django.db import connection
from evennia import Command, default_cmds


def loop(self):
    while True:
        pass

def hang(self):
    select.select([], [], [])

def drawn(self):
    self.msg(f"{uuid.uuid4()} {random.random()} {secrets.token_hex(4)} {now()} {datetime.now()}"
             f" {clock_gettime(time.CLOCK_REALTIME)} {time.clock_gettime_ns(time.CLOCK_MONOTONIC)}")

def number(self):
    self.msg(str(os.getpid()))

def work(self):
    thread = threading.Thread(target=lambda: None, name="worker")
    thread.start()
    thread.join()

def call(self):
    socket.create_connection(("127.0.0.1", 9))

def attach(self):
    for line in ("ATTACH 'elsewhere.db3' AS other", "VACUUM INTO 'elsewhere.db3'"):
        with connection.cursor() as cursor, suppress(Exception):
            cursor.execute(line)
        if os.path.exists("elsewhere.db3"):
            self.msg(f"{os.getpid()} reached it")


threading.Thread(target=threading.Event().wait, name="poller", daemon=True).start()


class CharacterCmdSet(default_cmds.CharacterCmdSet):
    def at_cmdset_creation(self):
        super().at_cmdset_creation()
        for func in (loop, hang, drawn, number, work, call, attach):
            named = {"key": func.__name__, "func": func, "__doc__": func.__name__}
            self.add(type(func.__name__.title(), (Command,), named)())


class AccountCmdSet(default_cmds.AccountCmdSet):
    pass


class UnloggedinCmdSet(default_cmds.UnloggedinCmdSet):
    pass


class SessionCmdSet(default_cmds.SessionCmdSet):
    pass
"""
PREPARE = """
import sys
from world_fixtures.foreign.snapshot import snapshot_of
from world_fixtures.foreign.source import GameSource
made = snapshot_of(GameSource.model_validate_json(sys.argv[1]))
print(made.path, (made.path / "world.json").stat().st_ino)
"""


@pytest.fixture(scope="module")
def source() -> GameSource:
    """Return a fresh game with rude commands in it."""
    return GameSource(game="tutorial_world", files={"commands/default_cmdsets.py": COMMANDS})


@pytest.fixture(scope="module")
def prepared(source: GameSource, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[str]]:
    """Prepare it in two processes at once; return what each of them has got."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("EVENNIA_WORLD_HOME", str(tmp_path_factory.mktemp("home")))
        command = [sys.executable, "-c", PREPARE, source.model_dump_json()]
        both = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
        yield [process.communicate()[0] for process in both]


@pytest.fixture
def snapshot(source: GameSource, prepared: list[str]) -> Snapshot:
    return Snapshot(Path(prepared[0].split()[0]), source, content_of(source))


def test_two_that_prepare_a_game_at_once_get_one_snapshot(prepared: list[str]) -> None:
    first, second = prepared
    assert first == second
    made = Path(first.split()[0])
    assert [path.name for path in made.parent.iterdir() if path.is_dir()] == [made.name]


async def test_what_a_game_must_not_do_is_told(snapshot: Snapshot) -> None:
    found = await check_game(snapshot, ["drawn", "number", "work", "call", "attach", "look"])
    assert found.commands == 6
    assert found.differences == ["command 2, 'number': another text"]
    assert [line.partition(" (")[0] for line in found.refused] == ["uses the network"]
    assert found.threads[0] == "poller began while the game was loaded"
    assert [line.partition(" in ")[0] for line in found.threads[1:]] == ["worker began"]
    assert found.clock == []
    assert not found.sound


async def test_a_command_that_never_ends_ends_its_rollout_alone(
    snapshot: Snapshot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(site, "PATIENCE", (1.0, 5.0))
    spec = snapshot.spec()
    async with ServerPool(1, at_once=False) as pool:
        looping, waiting, other = [await pool.acquire(spec) for _ in range(3)]
        sessions = [await instance.open() for instance in (looping, waiting, other)]
        for session, line, limit in (
            (sessions[0], "loop", "1 s of processor time"), (sessions[1], "hang", "5 s"),
        ):  # fmt: skip
            with pytest.raises(WorldLost, match=f"not answer within {limit}: this rollout was"):
                await session.command(line)
        with pytest.raises(WorldLost, match="this rollout was ended"):
            await looping.state()
        assert (await sessions[2].command("look")).text.startswith("Limbo")
        for instance in (looping, waiting, other):
            pool.release(instance)
