"""The tables of the help, made from the commands: `python -m environments.cli.write_help`.

To be run when a command or an option has changed; a test says so.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from environments.cli.command import VERBS, load_verb
from environments.cli.help_table import HELP_FILE, PROGRAM, Help
from environments.evennia_world_env import EvenniaWorldEnv
from environments.modes import option_table

WIDTH = 88


def verb_helps() -> dict[str, Help]:
    """Make the help of each command from the command itself; those of the modes are apart."""
    found: dict[str, Help] = {}
    for name, verb in VERBS.items():
        if verb.module != "modes":
            found |= _helps(load_verb(name), name)
    return found


def _helps(command: Any, path: str, parent: Any = None) -> dict[str, Help]:
    context = command.context_class(
        command, info_name=path.split()[-1] if parent else f"{PROGRAM} {path}", parent=parent,
        terminal_width=WIDTH, max_content_width=WIDTH, help_option_names=["-h", "--help"],
    )  # fmt: skip
    options: dict[str, list[str]] = {}
    values: list[str] = []
    for parameter in command.params:
        choices = [str(getattr(c, "value", c)) for c in parameter.type_descriptor.choices or ()]
        if parameter.param_type_name == "argument":
            values += choices
        names = [*parameter.opts, *parameter.secondary_opts]
        options |= {name: choices for name in names if name.startswith("--")}
    below = getattr(command, "commands", {})
    found = {path: Help(command.get_help(context), options, [*below] or values)}
    for name, inner in below.items():
        found |= _helps(inner, f"{path} {name}", context)
    return found


def write() -> Iterator[Path]:
    """Write the tables, and return their files one by one."""
    options = option_table.described(EvenniaWorldEnv)
    for path, rows in (
        (HELP_FILE, {name: row._asdict() for name, row in verb_helps().items()}),
        (option_table.SHIPPED, [option._asdict() for option in options]),
    ):
        path.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
        yield path


if __name__ == "__main__":
    for written in write():
        print(written)
