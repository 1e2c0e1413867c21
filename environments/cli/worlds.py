"""`evennia-world worlds show|check|list`."""

from __future__ import annotations

import argparse
from pathlib import Path

from world_fixtures.draw import map_svg, map_text
from world_fixtures.generator import SPLITS, THEMES, generate
from world_fixtures.library import library_worlds, load_world


def run(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="evennia-world worlds", description="Look at worlds.")
    actions = parser.add_subparsers(dest="action", required=True)
    show = actions.add_parser("show", help="draw the map of a seed, a library world or a file")
    show.add_argument("world", help="a seed, a name of the library, or a YAML file")
    show.add_argument("--difficulty", type=int, default=1, help="1 to 10, for a seed")
    show.add_argument("--theme", help=", ".join(THEMES))
    show.add_argument("--split", default="train", help=", ".join(SPLITS))
    show.add_argument("--svg", type=Path, metavar="FILE", help="write the map there")
    check = actions.add_parser("check", help="tell everything that is wrong with a world file")
    check.add_argument("file")
    actions.add_parser("list", help="name the worlds of the library")
    options = parser.parse_args(argv[1:])
    if options.action == "list":
        print("\n".join(library_worlds()))
    elif options.action == "check":
        spec = load_world(options.file)
        print(f"{options.file}: sound ({len(spec.rooms)} rooms, {len(spec.things)} things)")
    else:
        _show(options)
    return 0


def _show(options: argparse.Namespace) -> None:
    if options.world.isdecimal():
        seed = int(options.world)
        spec = generate(seed, options.difficulty, options.theme, options.split)
    else:
        spec = load_world(options.world)
    print(f"{spec.title}: {len(spec.rooms)} rooms, {len(spec.things)} things, hash {spec.hash}\n")
    print(map_text(spec))
    if options.svg:
        options.svg.write_text(map_svg(spec), encoding="utf-8")
        print(f"\nmap: {options.svg}")
