"""Things, doors between rooms, and the clock."""

from evennia.objects.objects import DefaultObject

from world_fixtures.game.typeclasses.entity import Entity


class Thing(Entity, DefaultObject):
    """A thing of a world: see `world_fixtures.spec.Thing`."""


class Door(Entity, DefaultObject):
    """A door shared by the exits on its two sides; it has no location of its own."""


class Clock(Entity, DefaultObject):
    """What holds the time of a world that goes on; nobody sees it."""
