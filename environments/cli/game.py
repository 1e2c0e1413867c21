"""`evennia-world game check|list`."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Annotated, Any

import typer

from environments.cli.verb import JsonFile, new_verb
from environments.rollouts.files import write_file
from world_fixtures.common import UserError, printable
from world_fixtures.foreign.checking import check_game
from world_fixtures.foreign.snapshot import snapshot_of
from world_fixtures.foreign.source import read_source, shipped_games

app = new_verb(help="Look at games that somebody else wrote, as worlds.")


@app.command()
def check(
    game: Annotated[
        str, typer.Argument(metavar="PATH", help="a game directory, or one of those that ship")
    ],
    script: Annotated[
        Path | None, typer.Option(metavar="FILE", help="lines to play; otherwise a walk is made up")
    ] = None,
    prepare: Annotated[
        list[str] | None, typer.Option(help="a line that the superuser types first; any number")
    ] = None,
    file: JsonFile = None,
) -> int:
    """Play a script twice, in two processes; exit with 1 where the game cannot be relied on.

    What differs is told, and use of the network, of files and programs, of the machine's clock and
    of threads.
    """
    given: dict[str, Any] = {"game": game}
    if prepare:
        given["prepare"] = prepare
    source = read_source(given, Path())
    lines = None if script is None else _lines(script)
    snapshot = snapshot_of(source)  # outside of a loop, where Ctrl-C ends it at once
    found = asyncio.run(check_game(snapshot, lines))
    if file:
        write_file(
            file, json.dumps(found.as_json(), indent=2) + "\n", elsewhere="choose another --json"
        )
    for line in found.told():
        print(printable(line))
    return 0 if found.sound else 1


@app.command("list")
def list_games() -> int:
    """Name the preparations that ship."""
    for name in shipped_games():
        print(name)
    return 0


def _lines(script: Path) -> list[str]:
    try:
        text = script.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"cannot read {script}: {error}") from error
    return [line for line in map(str.strip, text.splitlines()) if line and not line.startswith("#")]
