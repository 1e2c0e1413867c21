"""Loading a game into this process: Django, Evennia, the game, and its service without a Portal.

`prepare_process` comes first, before anything else is imported.
"""

from __future__ import annotations

import contextlib
import gc
import os
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from world_fixtures.foreign.inside import chance, clock

DATABASE = "game.db3"
SETTINGS = "world_fixtures.foreign.inside.settings"
SEED = 20360101
"""Of everything that is drawn before a rollout begins."""


class Wrong(Exception):
    """What a recipe asks for cannot be done; the text says why."""


@contextlib.contextmanager
def told_in_one_line() -> Iterator[None]:
    """End this process where something fails; the last line of standard error says what."""
    try:
        yield
    except BaseException as error:
        traceback.print_exc()
        what = "; ".join(str(error).splitlines())
        print(what if isinstance(error, Wrong) else f"{type(error).__name__}: {what}",
              file=sys.stderr)  # fmt: skip
        raise SystemExit(3) from None


def prepare_process(snapshot: Path, files: Path) -> None:
    """Take time and chance under control, and go to the game's directory."""
    clock.install()
    chance.install()
    chance.seed(SEED)
    (files / "logs").mkdir(parents=True, exist_ok=True)
    os.environ["EVENNIA_GAME_RECIPE"] = str(snapshot / "recipe.json")
    os.environ["EVENNIA_GAME_FILES"] = str(files)
    os.environ["DJANGO_SETTINGS_MODULE"] = SETTINGS
    sys.dont_write_bytecode = True
    sys.argv = [sys.argv[0]]  # Evennia looks at it
    game = str(snapshot / "game")
    os.chdir(game)
    sys.path.insert(0, game)


def load_evennia() -> None:
    """Import Evennia and the game."""
    import django

    django.setup()
    from world_fixtures.game.loading import load_light

    load_light()
    import evennia

    evennia._init()
    _log_problems()
    _start_reactor()


def start_game() -> Any:
    """Start the game's service on the database; returns it."""
    import evennia

    server = evennia.EVENNIA_SERVER_SERVICE
    server.sqlite3_prep()
    server.privilegedStartService()
    server.startService()
    server.create_default_channels()
    server.run_init_hooks("reset")
    return server


def settle() -> None:
    """Close the database and freeze what is loaded, so that forks share it."""
    from django.db import connections
    from evennia.utils import logger

    connections.close_all()
    for handle in logger._LOG_FILE_HANDLES.values():
        handle.close()
    logger._LOG_FILE_HANDLES.clear()
    logger._LOGDIR = None  # it is asked for again, from the settings
    gc.collect()
    gc.freeze()


def use_files(files: Path) -> None:
    """Have this process, a fork, go on with the files of another directory."""
    import evennia
    from django.conf import settings
    from django.db import connections
    from django.db.backends.signals import connection_created
    from evennia.locks import lockhandler

    (files / "logs").mkdir(parents=True, exist_ok=True)
    settings.LOG_DIR = str(files / "logs")
    for name in ("SERVER", "PORTAL", "LOCKWARNING", "HTTP"):
        setattr(settings, f"{name}_LOG_FILE", str(files / "logs" / f"{name.lower()}.log"))
    lockhandler.WARNING_LOG = settings.LOCKWARNING_LOG_FILE
    connections.settings["default"]["NAME"] = str(files / DATABASE)
    connection_created.connect(_attach_nothing)
    evennia.EVENNIA_SERVER_SERVICE.sqlite3_prep()
    os.chdir(files)


def _attach_nothing(connection: Any, **_: Any) -> None:
    """Have a database open no other file: SQLite does that (ATTACH) past the fence of Python."""
    import sqlite3  # adapters that it registers are for the `datetime` of the game

    connection.connection.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)


def _start_reactor() -> None:
    """Make the reactor believe that it runs: we carry out what is due, and nothing else does."""
    from twisted.internet import reactor
    from twisted.python.failure import Failure

    class AtOnce:
        """Stands for the pool of threads: what is to run in one runs at once, in this one."""

        def callInThreadWithCallback(self, done: Any, call: Any, *given: Any, **named: Any) -> None:
            try:
                result = call(*given, **named)
            except Exception:
                done(False, Failure())
            else:
                done(True, result)

        def callInThread(self, call: Any, *given: Any, **named: Any) -> None:
            self.callInThreadWithCallback(lambda ok, result: None, call, *given, **named)

        def __getattr__(self, name: str) -> Any:
            return lambda *given, **named: None

    pool = AtOnce()
    running: Any = reactor
    running._started = running.running = True
    running.getThreadPool = lambda: pool
    running.callInThread = pool.callInThread
    running.stop = running.wakeUp = lambda *_: None


def _log_problems() -> None:
    """Write warnings and worse to standard error, which is the log of this process."""
    from twisted.logger import globalLogBeginner

    from world_fixtures.game.loading import problems_to_stderr

    globalLogBeginner.beginLoggingTo(
        [problems_to_stderr()], redirectStandardIO=False, discardBuffer=True
    )
