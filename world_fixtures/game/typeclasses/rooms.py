"""Rooms."""

from evennia.objects.objects import DefaultRoom

from world_fixtures.game.typeclasses.entity import Entity


class Room(Entity, DefaultRoom):
    """A room of a world: see `world_fixtures.spec.Room`."""
