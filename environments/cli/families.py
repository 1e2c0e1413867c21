"""A family of tasks by the name that was typed."""

from __future__ import annotations

from environments.tasks.model import Family
from world_fixtures.common import UserError


def family_named(name: str) -> Family:
    """Return the family called `name`. Raises UserError where there is none."""
    if name not in list(Family):
        raise UserError(f"unknown family {name!r}: choose from {', '.join(Family)}")
    return Family(name)
