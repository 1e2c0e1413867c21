"""Characters: sealed ones for rollouts, and those of people."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from evennia.objects.objects import DefaultCharacter

from world_fixtures.game import spectating
from world_fixtures.game.commands.sealed import SEALED
from world_fixtures.game.typeclasses.entity import Entity

PLAIN = {"raw": True}
"""Output option: the text is shown as it is, markup and all."""


class _NoTags:
    """Takes the tag by which Evennia finds who is played: in an instance nobody looks for it."""

    def add(self, *args: Any, **kwargs: Any) -> None:
        """Add no tag."""

    def remove(self, *args: Any, **kwargs: Any) -> None:
        """Have none to remove."""


class SealedCharacter(Entity, DefaultCharacter):
    """A character of one instance. It has the world's commands and no others."""

    tags = _NoTags()

    def get_cmdsets(self, caller: Any, current: Any, **kwargs: Any) -> tuple[Any, list[Any]]:
        """Return one command set, shared by all sealed characters: there is nothing to merge."""
        return SEALED, [SEALED]

    def show(self, text: str) -> None:
        """Send an observation to the account of this character, and to those that look on."""
        if spectating.watchers and self.instance is not None:
            spectating.tell(self.instance.id, text)
        self.msg(text=(text, {"type": "world"}), options=PLAIN)

    def at_pre_puppet(self, account: Any, session: Any = None, **kwargs: Any) -> None:
        """Leave the character where it is (Evennia's hook)."""

    def at_post_puppet(self, **kwargs: Any) -> None:
        """Show the room on arriving (Evennia's hook)."""
        assert self.instance is not None
        self.show(self.instance.scene(self.entity).view())

    def at_post_unpuppet(self, account: Any = None, session: Any = None, **kwargs: Any) -> None:
        """Leave it where it is: Evennia's default would take it out of the world."""


class Character(Entity, DefaultCharacter):
    """The character of a person: Evennia's ordinary commands and those of the world."""

    join_world: ClassVar[Callable[[Any], None] | None] = None
    """Called with the character when a person comes in; set where people share a world."""

    def show(self, text: str) -> None:
        """Send an observation to the account that plays this character."""
        self.msg(text=(text, {"type": "world"}), options=PLAIN)

    def at_post_puppet(self, **kwargs: Any) -> None:
        """Let the character into the shared world and show the room (Evennia's hook)."""
        if Character.join_world is not None:
            Character.join_world(self)
        if self.instance is None:
            super().at_post_puppet(**kwargs)
        else:
            self.show(self.instance.scene(self.entity).view())
