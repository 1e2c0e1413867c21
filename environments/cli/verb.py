"""What all commands of the command line have in common."""

from __future__ import annotations

from typing import Any

import typer


def new_verb(**settings: Any) -> typer.Typer:
    """Return an empty command: plain help, and errors left to `main`, which prints them in a line.

    Plain, because typer's panels take longer to import than the rest of a short command.
    """
    return typer.Typer(
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
        **settings,
    )
