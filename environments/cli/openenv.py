"""`evennia-world openenv serve|validate`: this world for clients of OpenEnv."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from environments.cli.verb import JsonFile, new_verb
from environments.extras import needs
from world_fixtures.errors import UserError
from world_fixtures.generator.words import Split

app = new_verb(help="Serve this world to clients of OpenEnv.")


class Level(StrEnum):
    """How far the package is validated."""

    STATIC = "static"
    RUNTIME = "runtime"


@app.command()
def serve(
    host: Annotated[str, typer.Option(help="address to listen at")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="0: a free one")] = 8000,
    sessions: Annotated[int, typer.Option(min=1, help="at once")] = 64,
    session_seconds: Annotated[
        float, typer.Option(min=1, help="of idleness until a session is closed")
    ] = 1800.0,
    servers: Annotated[
        int | None,
        typer.Option(min=1, help="world server processes (default: a core each but one)"),
    ] = None,
    suite: Annotated[
        str | None, typer.Option(help="tasks of a reset that names none: of this suite")
    ] = None,
    family: Annotated[str | None, typer.Option(help="the same: of these families")] = None,
    kind: Annotated[str | None, typer.Option(help="the same: of these kinds")] = None,
    difficulty: Annotated[
        str | None, typer.Option(help="the same: of this difficulty, e.g. 3 or 2-5")
    ] = None,
    split: Annotated[Split, typer.Option(help="the same: made for this split")] = "train",
) -> int:
    """Serve sessions until SIGTERM or Ctrl-C."""
    with needs("openenv"):
        import openenv.core  # noqa: F401
    # Needs the extra that was just looked for.
    from environments.hosting.source import TaskChoice
    from environments.integrations.openenv.serving import Serving
    from environments.integrations.openenv.serving import serve as run

    tasks = TaskChoice.of(
        suite=suite, families=family, kinds=kind, difficulty=difficulty, split=split
    )
    return run(Serving(host, port, sessions, session_seconds, servers, tasks))


@app.command()
def validate(
    level: Annotated[Level, typer.Option(help="static: files alone; runtime: play, too")] = (
        Level.RUNTIME
    ),
    package: Annotated[
        Path | None, typer.Option(metavar="DIR", help="a copy of the package (default: our own)")
    ] = None,
    json_file: JsonFile = None,
) -> int:
    """Validate the package that is published, as `openenv validate` does, without Docker."""
    with needs("openenv"):
        import openenv.core  # noqa: F401
    from environments.integrations.openenv.validation import PACKAGE, passed, told
    from environments.integrations.openenv.validation import validate as run
    from environments.rollouts.files import write_file

    if package is not None and not (package / "openenv.yaml").is_file():
        raise UserError(f"{package} has no openenv.yaml: give the directory of a package")
    report = run(level.value, package or PACKAGE)
    for line in told(report):
        print(line)
    if json_file:
        write_file(json_file, report.model_dump_json(indent=1), elsewhere="choose another --json")
    return 0 if passed(report) else 1
