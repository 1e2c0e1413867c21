"""The process of a game: it has the game loaded, and each rollout is a fork of it.

    python -m world_fixtures.foreign.inside.main SNAPSHOT SCRATCH PROCESSOR CLOCK
    python -m world_fixtures.foreign.inside.main SNAPSHOT SCRATCH --describe

Standard input is a Unix socket; nothing else is listened on. Once the game is loaded a line `ready`
is sent there, and from then on the messages of `world_fixtures.protocol` are answered. It ends,
with all forks, when its socket does. A fork that takes more than so many seconds of processor time,
or by the clock, for one of them is ended. With `--describe` it writes the snapshot's `world.json`
instead.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import sys
from pathlib import Path


def main() -> None:
    """Load the game, then describe or serve it."""
    snapshot, scratch = (Path(p).resolve() for p in sys.argv[1:3])
    limits = sys.argv[3:]
    describes = limits == ["--describe"]
    from world_fixtures.foreign.inside import kernel, loading, noticing

    kernel.end_with_parent()  # a game that hangs while it is loaded does not hear its socket end

    files = scratch / "loaded"
    files.mkdir(parents=True)
    shutil.copyfile(snapshot / "files" / loading.DATABASE, files / loading.DATABASE)
    control = None
    if not describes:
        control = socket.socket(fileno=os.dup(0))
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    # what is written with Django's settings in place can only be imported after this
    loading.prepare_process(snapshot, files)
    loading.load_evennia()
    from world_fixtures.foreign.inside import describing

    reader, initial = describing.begin(loading.start_game)
    if control is None:
        recipe = json.loads((snapshot / "recipe.json").read_text(encoding="utf-8"))
        made = describing.description(reader, initial, recipe)
        target = snapshot / "world.json"
        target.write_text(json.dumps(made, sort_keys=True), encoding="utf-8")
        return
    from world_fixtures.foreign.inside.router import Patience, Router
    from world_fixtures.foreign.inside.scouting import load_what_is_used

    loading.settle()
    load_what_is_used(snapshot, scratch, reader, initial)
    loading.settle()
    kernel.end_with_parent(False)
    noticing.note_running()
    control.sendall(b"ready\n")
    processor, by_the_clock = map(float, limits)
    patience = Patience(processor, by_the_clock)
    Router(control, snapshot, scratch, reader, initial, patience).run()


if __name__ == "__main__":
    from world_fixtures.foreign.inside.loading import told_in_one_line

    with told_in_one_line():
        main()
