"""Loading, before any rollout, what games load when it is first used.

A fork plays a little and says which modules that took; this process, of which rollouts are forks,
imports them. Otherwise each rollout would, in its own time and its own memory.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import shutil
import sys
from pathlib import Path

from world_fixtures.foreign.inside import loading
from world_fixtures.foreign.inside.playing import Play
from world_fixtures.foreign.inside.reading import Entities, Reader
from world_fixtures.foreign.snapshot import Snapshot, recipe_of

LINES = ("look", "look me", "inventory", "help", "help look", "who", "say hello", "get nothing",
         "no such thing", "north", "quit", "look")  # fmt: skip


def load_what_is_used(snapshot: Path, scratch: Path, reader: Reader, initial: Entities) -> None:
    """Import the modules that playing needs."""
    ours, theirs = os.pipe()
    before = set(sys.modules)
    pid = os.fork()
    if pid == 0:
        try:
            _play(snapshot, scratch / "scout", reader, dict(initial))
            found = sorted(set(sys.modules) - before)
            with os.fdopen(theirs, "w") as pipe:
                json.dump(found, pipe)
        finally:
            os._exit(0)
    os.close(theirs)
    with os.fdopen(ours) as pipe:
        told = pipe.read()
    os.waitpid(pid, 0)
    for name in json.loads(told or "[]"):
        with contextlib.suppress(Exception):
            importlib.import_module(name)


def _play(snapshot: Path, files: Path, reader: Reader, initial: Entities) -> None:
    files.mkdir()
    shutil.copyfile(files.parent / "loaded" / loading.DATABASE, files / loading.DATABASE)
    loading.use_files(files)
    spec = Snapshot(snapshot, recipe_of(snapshot)[0], "0" * 32).spec()
    play = Play(spec, "scout", reader, initial)
    session = play.open(None)["session"]
    for line in LINES:
        play.command(session, line)
    shutil.rmtree(files, ignore_errors=True)
