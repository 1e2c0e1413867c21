"""Hooks of the server's life. Started by hand, the server keeps one shared world."""


def at_server_start() -> None:
    from django.conf import settings

    if settings.SHARED_WORLD:
        from world_fixtures.game.gateway.instances import registry

        registry.ensure_shared(settings.SHARED_WORLD)
