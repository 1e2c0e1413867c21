"""What is said where the extra is missing."""

from __future__ import annotations

from world_fixtures.common import UserError


def missing_extra(error: ImportError) -> UserError:
    """Return the error that says what to install."""
    return UserError(
        f"{error.name} is not installed: install the extra `trl`"
        " (pip install './light[trl]' in a clone of the project)"
    )
