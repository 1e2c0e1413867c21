"""What all commands of the command line have in common."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from world_fixtures.errors import UserError


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


def _findings(path: Path | None) -> Path | None:
    from environments.rollouts.replacing import check_findings  # loads pydantic, as those below

    return _replaceable(path, check_findings)


def _page(path: Path | None) -> Path | None:
    from environments.rollouts.replacing import check_page

    return _replaceable(path, check_page)


def _drawing(path: Path | None) -> Path | None:
    from environments.rollouts.replacing import check_svg

    return _replaceable(path, check_svg)


def _replaceable(path: Path | None, check: Callable[[Path], None]) -> Path | None:
    """Return `path`. Raises UserError as `_writable` does, and where another's file is there."""
    if _writable(path) is not None and path is not None:
        check(path)
    return path


def _writable(path: Path | None) -> Path | None:
    """Return `path`. Raises UserError, before any work is done, where it cannot be written."""
    if path is None:
        return None
    if path.is_dir():
        raise UserError(f"{path} is a directory: give the path of a file")
    if not path.parent.is_dir():
        raise UserError(
            f"{path}: there is no directory {path.parent}: make it, or correct the path"
        )
    if not os.access(path if path.exists() else path.parent, os.W_OK):
        raise UserError(f"{path} cannot be written: you have no permission")
    return path


JsonFile = Annotated[
    Path | None,
    typer.Option(
        "--json", metavar="FILE", callback=_findings, help="write what was found there, as JSON"
    ),
]
"""The option of a command that also writes its findings to a file."""
HtmlFile = Annotated[
    Path | None,
    typer.Option("--html", metavar="FILE", callback=_page, help="write one HTML page there"),
]
"""The option of a command that also writes its findings to a page."""
SvgFile = Annotated[
    Path | None,
    typer.Option(metavar="FILE", callback=_drawing, help="write the map there"),
]
