"""`evennia-world mcp`: the world as a server of the Model Context Protocol, over stdio."""

from __future__ import annotations

from typing import Annotated

import typer

from environments.cli.verb import new_verb
from world_fixtures.common import UserError

app = new_verb()


@app.command("mcp")
def serve_world(
    world: Annotated[str, typer.Option(help="of the library, or a YAML file")] = "timmy_home",
    root: Annotated[
        str | None,
        typer.Option(metavar="DIR", help="of the traces (default ~/.timmy/training-data/evennia)"),
    ] = None,
) -> int:
    """Serve a world over stdio to one client of the Model Context Protocol."""
    try:
        import mcp  # noqa: F401
    except ModuleNotFoundError:
        raise UserError(
            "the MCP server needs an extra: pip install 'evennia-world-env[mcp]'"
        ) from None

    # Needs the extra that was just looked for.
    from environments.integrations.mcp_server import serve
    from environments.modes import descriptors
    from environments.telemetry.layout import root_path
    from world_fixtures.library import load_world

    descriptors.ensure(descriptors.for_servers(1))
    return serve(root_path(root), load_world(world))
