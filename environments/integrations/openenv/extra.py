"""What is said where the extra is missing."""

from __future__ import annotations

from world_fixtures.errors import UserError


def need_openenv() -> None:
    """Import OpenEnv. Raises UserError, which says what to install, where it is missing."""
    try:
        import openenv.core  # noqa: F401
    except ModuleNotFoundError:
        raise UserError(
            "OpenEnv is not installed: pip install './light[openenv]' in a clone of the project,"
            " into an environment of its own (docs/frameworks/openenv.md)"
        ) from None
