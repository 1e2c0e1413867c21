"""Hooks of the server's life. Started by hand, the server keeps one shared world."""


def at_server_start() -> None:
    from django.conf import settings

    if settings.SPECTATOR_WORD:
        from world_fixtures.game.spectating import ensure_account

        ensure_account(settings.SPECTATOR_WORD)
    if settings.SHARED_WORLD:
        from world_fixtures.game.gateway.instances import registry

        registry.ensure_shared(settings.SHARED_WORLD)
