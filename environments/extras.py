"""What is told where an optional library is missing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from world_fixtures.errors import UserError

FRAMEWORKS = ("gymnasium", "inspect", "openenv", "trl", "verifiers")
"""Extras of the light distribution, which exclude one another."""


@contextmanager
def needs(extra: str) -> Iterator[None]:
    """Turn a failed import within the block into a UserError that names the extra to install."""
    try:
        yield
    except ImportError as error:
        missing = isinstance(error, ModuleNotFoundError) and error.name
        what = f"{error.name} is not installed" if missing else str(error)
        raise UserError(f"{what}: install {with_command(extra)}") from error


def with_command(extra: str) -> str:
    """Name an extra, with the command that installs it."""
    if extra in FRAMEWORKS:
        place, where = "./light", ", into an environment of its own"
    else:
        place, where = ".", ""
    return f"the extra `{extra}` (pip install '{place}[{extra}]' in a clone of the project{where})"
