"""Where world servers run, as options of every command.

They are handed on in the environment, as world servers are started in many places and processes.
Loads little, so that help is quick.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

from world_fixtures.errors import UserError

OPTIONS = {
    "--world-python": ("EVENNIA_WORLD_PYTHON", "PYTHON", "run world servers in this interpreter"),
    "--world-server": ("EVENNIA_WORLD_SERVER", "ADDRESS", "have them run by `worlds serve` there"),
}
"""By option: its variable, what it takes, and what it does. One takes the place of the other."""
VARIABLES = tuple(variable for variable, _, _ in OPTIONS.values())


def without_where(args: Sequence[str]) -> list[str]:
    """Return a command line without these options, which hold from now on in this process.

    Raises UserError where one has no value.
    """
    left: list[str] = []
    rest = iter(args)
    for arg in rest:
        name, equals, value = arg.partition("=")
        if arg == "--":
            left += [arg, *rest]
        elif name not in OPTIONS:
            left.append(arg)
        else:
            value = value if equals else next(rest, "")
            if not value or value.startswith("--"):
                raise UserError(f"{name} needs a value: {OPTIONS[name][1]}")
            for variable, _, _ in OPTIONS.values():
                os.environ.pop(variable, None)
            os.environ[OPTIONS[name][0]] = value
    return left
