"""Registers the gateway's tables with Django."""

from django.apps import AppConfig


class GatewayConfig(AppConfig):
    """The gateway as a Django app."""

    name = "world_fixtures.game.gateway"
    label = "world_gateway"
    default_auto_field = "django.db.models.BigAutoField"
