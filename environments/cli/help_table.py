"""The help of every command as data, so that showing it imports none of them.

`environments.cli.write_help` makes it.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple

HELP_FILE = Path(__file__).with_name("help.json")
PROGRAM = "evennia-world"


class Help(NamedTuple):
    """What is shown of one command."""

    text: str
    """Its help."""
    options: dict[str, list[str]]
    """Its options, each with the values that it is known to take."""
    words: list[str]
    """The commands below it, or the values of its arguments where these are few."""


def shipped() -> dict[str, Help]:
    """Read the help of each command by its path, e.g. `tasks show`."""
    rows = json.loads(HELP_FILE.read_text(encoding="utf-8"))
    return {path: Help(**row) for path, row in rows.items()}
