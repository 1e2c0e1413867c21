"""`evennia-world mcp`: a world or tasks as a server of the Model Context Protocol, over stdio."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from environments.cli.verb import new_verb
from environments.extras import needs
from world_fixtures.common import UserError

app = new_verb()


@app.command("mcp")
def serve_world(
    world: Annotated[
        str | None, typer.Option(help="of the library, or a YAML file (default timmy_home)")
    ] = None,
    root: Annotated[
        str | None,
        typer.Option(metavar="DIR", help="of the traces (default ~/.timmy/training-data/evennia)"),
    ] = None,
    suite: Annotated[
        str | None,
        typer.Option("--suite", "--tasks", help="set tasks: those of a suite, by name or file"),
    ] = None,
    task: Annotated[
        list[str] | None, typer.Option(metavar="ID", help="set this task (may be repeated)")
    ] = None,
    save: Annotated[
        Path | None, typer.Option(metavar="DIR", help="keep the tasks as a run, as `evaluate` does")
    ] = None,
    model: Annotated[
        str, typer.Option(help="name of who plays, in the run that --save keeps")
    ] = "mcp",
) -> int:
    """Serve a world, or tasks, over stdio to one client of the Model Context Protocol."""
    with needs("mcp"):
        import mcp  # noqa: F401
    from environments.modes import descriptors

    descriptors.ensure(descriptors.for_servers(2))  # of which one is for tasks that restart it
    if suite is None and not task:
        if save is not None:
            raise UserError("--save keeps tasks: give a --suite or a --task, too")
        return _sandbox(world or "timmy_home", root)
    if world is not None or root is not None:
        raise UserError("--world and --root are of a world without tasks: leave them out")
    return _tasks(suite, task or [], model, save)


def _sandbox(world: str, root: str | None) -> int:
    # Needs the extra that was just looked for.
    from environments.integrations.mcp_server import serve
    from environments.telemetry.layout import root_path
    from world_fixtures.library import load_world

    return serve(root_path(root), load_world(world))


def _tasks(suite: str | None, ids: list[str], model: str, save: Path | None) -> int:
    from environments.hosting.choice import chosen
    from environments.integrations.mcp_server.tasks import serve_tasks

    found, tasks = chosen(suite, ids)
    return serve_tasks(found, tasks, model, save)
