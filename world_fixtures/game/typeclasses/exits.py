"""Exits."""

from evennia.objects.objects import DefaultExit

from world_fixtures.game.typeclasses.entity import Entity


class Exit(Entity, DefaultExit):
    """A way from one room to another: see `world_fixtures.spec.Exit`."""

    def at_init(self) -> None:
        """Look for no command set, as it never has one (Evennia's hook)."""
