"""`evennia-world evaluate|process|serve`: the environment's three modes."""

from __future__ import annotations

import typer

from environments.cli.verb import new_verb
from environments.modes.command_line import run_environment, run_mode
from environments.modes.loading import loading
from environments.modes.logs import quiet_libraries

__all__ = ["app", "run_environment"]

app = new_verb()
PASSED_ON = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}


@app.command(context_settings=PASSED_ON)
def mode(context: typer.Context) -> int:
    """Run one mode of `EvenniaWorldEnv`; its dotted options are read by `environments.modes`."""
    quiet_libraries()
    with loading():  # transformers and Atropos: seconds
        from environments.evennia_world_env import EvenniaWorldEnv

    return run_mode(EvenniaWorldEnv, context.info_name or "", context.args)
