"""`python -m environments.integrations.openenv`: the server without the whole command line."""

from __future__ import annotations

import argparse
import sys

from environments.extras import needs
from environments.hosting.source import TaskChoice
from environments.modes.program import run_program
from environments.modes.where import without_where


def main() -> int:
    """Serve until SIGTERM or SIGINT; the exit code."""
    return run_program(lambda: _serve(sys.argv[1:]))


def _serve(args: list[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m environments.integrations.openenv", allow_abbrev=False,
        description="Serve sessions to clients of OpenEnv. --world-python and --world-server say"
        " where worlds run, as for every command.",
    )  # fmt: skip
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8000, help="0 for any that is free")
    parser.add_argument("--sessions", type=int, default=64, help="at once")
    parser.add_argument("--session-seconds", type=float, default=1800.0, help="of idleness")
    parser.add_argument("--servers", type=int, help="world server processes")
    parser.add_argument("--suite", help="of which a reset begins the next task")
    given = parser.parse_args(without_where(args))
    with needs("openenv"):
        import openenv.core  # noqa: F401
    # Loads OpenEnv, which takes seconds: not for the help.
    from environments.integrations.openenv.serving import Serving, serve

    return serve(
        Serving(
            host=given.host, port=given.port, sessions=given.sessions,
            session_seconds=given.session_seconds, servers=given.servers,
            tasks=TaskChoice.of(suite=given.suite),
        )
    )  # fmt: skip


if __name__ == "__main__":
    raise SystemExit(main())
