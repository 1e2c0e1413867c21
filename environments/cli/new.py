"""`evennia-world new world|task|suite` and `evennia-world schema`."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Annotated

import typer

from environments.cli.verb import new_verb
from environments.rollouts.files import write_file
from environments.rollouts.replacing import check_schema
from environments.tasks.authoring import Form, new_suite, new_task, new_world, schema_of
from environments.tasks.suites import load_suite
from world_fixtures.common import UserError
from world_fixtures.library import load_world, world_path

app = new_verb(help="Write a commented start of a world, a task or a suite.")

Name = Annotated[str, typer.Argument(metavar="NAME", help="of the file, without .yaml")]


@app.command()
def world(name: Name) -> int:
    """Write a world of six rooms to NAME.yaml."""
    path = _new_file(name)
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,47}", path.stem):
        raise UserError(
            f"{path.stem!r} cannot name a world: give lower-case letters, digits and _, such as"
            f" {re.sub('[^a-z0-9]+', '_', path.stem.casefold()).strip('_') or 'my_house'}"
        )
    _write(path, "world", new_world(path.stem))
    print(f"{path}: a world of six rooms. Next:")
    print(f"  evennia-world worlds check {path}")
    print(f"  evennia-world new task NAME --world {path}")
    return 0


@app.command()
def task(
    name: Name,
    world: Annotated[
        str, typer.Option(metavar="WORLD", help="one of the library, or a YAML file")
    ] = "timmy_home",
) -> int:
    """Write a task made by hand to NAME.yaml."""
    path = _new_file(name)
    _write(path, "task", new_task(path.stem, load_world(world), _seen_from(path, world)))
    print(f"{path}: a task in {world}. Next:")
    print(f"  evennia-world tasks verify {path}")
    print(f"  evennia-world new suite NAME --world {world} --task {path}")
    return 0


@app.command()
def suite(
    name: Name,
    world: Annotated[
        str | None,
        typer.Option(metavar="WORLD", help="where tasks are made: by default in made worlds"),
    ] = None,
    task: Annotated[
        list[Path] | None, typer.Option(metavar="FILE", help="a task made by hand; again for more")
    ] = None,
) -> int:
    """Write a suite to NAME.yaml."""
    path = _new_file(name)
    for file in task or ():
        load_suite(str(file))  # refuses what is wrong
    spec = None if world is None else load_world(world)
    files = [os.path.relpath(file, path.parent) for file in task or ()]
    within = "" if world is None else _seen_from(path, world)
    _write(path, "suite", new_suite(path.stem, spec, within, files))
    print(f"{path}: a suite. Next:")
    print(f"  evennia-world tasks verify {path}")
    print(f"  evennia-world evaluate --env.suite {path} --env.policy oracle")
    return 0


def _new_file(name: str) -> Path:
    """Return the path of a file to write. Raises UserError where it is there, or cannot be."""
    path = Path(name if name.endswith(".yaml") else f"{name}.yaml")
    if path.exists() or path.is_symlink():
        raise UserError(f"{path} is there already: choose another name, or remove it")
    if not path.parent.is_dir():
        raise UserError(f"{path}: there is no directory {path.parent}: make it first")
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", path.stem):
        raise UserError(f"{path.stem!r} cannot be a name: give letters, digits, _, - and .")
    return path


def _seen_from(path: Path, world: str) -> str:
    """Return what the file at `path` calls a world: its name, or its path from there."""
    file = world_path(world)
    return os.path.relpath(file, path.parent) if Path(world).is_file() else world


def _write(path: Path, form: Form, text: str) -> None:
    """Write a file, and beside it the schema that editors check it by."""
    schema = path.with_name(f"{form}.schema.json")
    check_schema(schema, schema_of(form))
    write_file(schema, schema_text(form), elsewhere="choose another directory")
    line = f"# yaml-language-server: $schema={schema.name}\n"
    write_file(path, line + text, elsewhere="choose another directory")


def schema_text(form: Form) -> str:
    """Return the JSON Schema of a form as the text of a file."""
    return json.dumps(schema_of(form), indent=1, ensure_ascii=False) + "\n"
