"""`evennia-world evaluate|process|serve`: the environment's three modes."""

from __future__ import annotations

from environments.modes.command_line import run_environment
from environments.modes.logs import quiet_libraries

__all__ = ["run", "run_environment"]


def run(argv: list[str]) -> int:
    """Run one mode of `EvenniaWorldEnv`."""
    quiet_libraries()
    from environments.evennia_world_env import EvenniaWorldEnv
    from environments.modes.command_line import run_mode

    return run_mode(EvenniaWorldEnv, argv[0], argv[1:])
