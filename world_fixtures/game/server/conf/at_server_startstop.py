"""Hooks of the server's life. Started by hand, the server keeps one shared world."""

from django.conf import settings

from world_fixtures.game.gateway.registry import registry
from world_fixtures.game.typeclasses.characters import Character
from world_fixtures.game.typeclasses.spectators import ensure_spectator


def at_server_start() -> None:
    """Make what people need to look on or to walk around, where the settings ask for it."""
    if settings.SPECTATOR_WORD:
        ensure_spectator(settings.SPECTATOR_WORD)
    if settings.SHARED_WORLD:
        # YAML is needed for a game that people run by hand alone; a rollout's server has none.
        from world_fixtures.library import load_world

        registry.ensure_shared(load_world(settings.SHARED_WORLD))
        Character.join_world = registry.welcome
