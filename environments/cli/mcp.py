"""`evennia-world mcp`: the world as a server of the Model Context Protocol, over stdio."""

from __future__ import annotations

import argparse

from world_fixtures.common import UserError


def run(argv: list[str]) -> int:
    """0 when the client has closed the connection."""
    parser = argparse.ArgumentParser(
        prog="evennia-world mcp",
        description="Serve a world over stdio to one client of the Model Context Protocol.",
    )
    parser.add_argument(
        "--world", default="timmy_home", help="of the library, or a YAML file (default timmy_home)"
    )
    parser.add_argument(
        "--root", metavar="DIR", help="of the traces (default ~/.timmy/training-data/evennia)"
    )
    args = parser.parse_args(argv[1:])
    try:
        import mcp  # noqa: F401
    except ModuleNotFoundError:
        raise UserError(
            "the MCP server needs an extra: pip install 'evennia-world-env[mcp]'"
        ) from None

    from environments.integrations.mcp_server import serve
    from environments.telemetry.layout import root_path
    from world_fixtures.library import load_world

    return serve(root_path(args.root), load_world(args.world))
