"""What every entity of a world has in common: its place in a spec and its fields."""

from __future__ import annotations

from typing import Any

from world_fixtures.game.compat import ContentsHandler, lazy_property, set_location
from world_fixtures.game.instance import LiveInstance

CATEGORY = "world"
"""Attribute category under which fields are stored."""


class LoadedContents(ContentsHandler):
    """Evennia's contents cache, filled from the loaded instance instead of by a query a room."""

    def load(self) -> list[Any]:
        """Return what is here (Evennia's method)."""
        instance = getattr(self.obj, "instance", None)
        if instance is None:
            found: list[Any] = super().load()
            return found
        found = instance.inside(self.obj.entity)
        return found


class Entity:
    """Mix-in for typeclasses that represent an entity of a `WorldSpec`.

    `instance` and `entity` are set when an instance is spawned or loaded; objects that a
    person creates by hand have neither and behave as in any Evennia game.
    """

    instance: LiveInstance | None = None
    entity: str = ""
    fields: dict[str, Any]
    """Mutable fields but for the location, which Evennia keeps."""

    @lazy_property
    def contents_cache(self) -> LoadedContents:
        """Make the cache of what is here (Evennia's attribute)."""
        return LoadedContents(self)

    def put(self, place: Any) -> None:
        """Move to a place, or out of play where it is None, in memory alone."""
        set_location(self, place)

    def at_cmdset_get(self, **kwargs: Any) -> None:
        """Bring no commands: moving is a command of the character's (Evennia's hook)."""

    def get_display_desc(self, looker: Any, **kwargs: Any) -> str:
        """Return the description of the spec, for the `look` of people (Evennia's hook)."""
        if self.instance is None:
            return str(super().get_display_desc(looker, **kwargs))  # type: ignore[misc]
        return str(getattr(self.instance.spec.entities[self.entity], "desc", ""))
