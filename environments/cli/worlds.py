"""`evennia-world worlds show|check|list|serve`."""

from __future__ import annotations

from typing import Annotated

import typer

from environments.cli.verb import SvgFile, new_verb
from environments.rollouts.files import write_file
from world_fixtures.address import HOST, Address
from world_fixtures.common import UserError
from world_fixtures.draw import map_svg, map_text
from world_fixtures.generator import THEMES, generate_world
from world_fixtures.generator.words import Split
from world_fixtures.library import library_worlds, load_world
from world_fixtures.standing_server import MOST, stand
from world_fixtures.text import printable

app = new_verb(help="Look at worlds, and run world servers for other processes.")


@app.command()
def show(
    world: Annotated[str, typer.Argument(help="a seed, a name of the library, or a YAML file")],
    difficulty: Annotated[int, typer.Option(help="1 to 10, for a seed")] = 1,
    theme: Annotated[str | None, typer.Option(help=", ".join(THEMES))] = None,
    split: Split = "train",
    rooms: Annotated[int | None, typer.Option(help="3 to 200, for a seed")] = None,
    svg: SvgFile = None,
) -> int:
    """Draw the map of a seed, a library world or a file."""
    if world.isdecimal():
        spec = generate_world(int(world), difficulty, theme, split, rooms)
    else:
        spec = load_world(world)
    about = f"{len(spec.rooms)} rooms, {len(spec.things)} things, hash {spec.hash}"
    print(printable(f"{spec.title}: {about}\n"))
    print(printable(map_text(spec)))
    for room in spec.rooms:
        if room.scenery:
            parts = ", ".join(part.name for part in room.scenery)
            print(printable(f"\nscenery of the {room.name}: {parts}"))
    if svg:
        write_file(svg, map_svg(spec), elsewhere="choose another --svg")
        print(f"\nmap: {svg}")
    return 0


@app.command()
def check(file: str) -> int:
    """Tell everything that is wrong with a world file."""
    spec = load_world(file)
    print(f"{file}: sound ({len(spec.rooms)} rooms, {len(spec.things)} things)")
    return 0


@app.command("list")
def list_worlds() -> int:
    """Name the worlds of the library."""
    print("\n".join(library_worlds()))
    return 0


@app.command()
def serve(
    socket: Annotated[
        str | None, typer.Option(metavar="PATH", help="listen on a Unix socket, for your user")
    ] = None,
    port: Annotated[
        int | None, typer.Option(min=1, max=65535, help="listen on this port of 127.0.0.1")
    ] = None,
    most: Annotated[int, typer.Option(min=1, help="world servers at once")] = MOST,
) -> int:
    """Run world servers for other processes, until Ctrl-C.

    They find them by --world-server or EVENNIA_WORLD_SERVER. The secret that they need is that of
    EVENNIA_WORLD_SECRET, else a new one in a file that only you can read.
    """
    if (socket is None) == (port is None):
        raise UserError("give --socket PATH or --port N")
    stand(Address.of(f"{HOST}:{port}" if socket is None else socket), most)
    return 0
