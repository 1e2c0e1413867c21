"""An Evennia Server that runs alone: no Portal, no web server, the gateway in their place."""

from __future__ import annotations

from typing import Any

from evennia.server.service import EvenniaServerService
from twisted.application import internet
from twisted.internet.defer import Deferred, succeed

from world_fixtures.game.gateway.wire import WireFactory

SECRET = ""
"""Set by `gateway.main` before the service starts."""


class _NoPortal:
    """Stands where the link to the Portal would: what is sent there concerns nobody."""

    def __getattr__(self, name: str) -> Any:
        return lambda *args, **kwargs: None


class PortallessService(EvenniaServerService):
    """Evennia's service without the AMP link."""

    def register_amp(self) -> None:
        self.amp_protocol = _NoPortal()

    def ready(self) -> Deferred[None]:
        """Fires once the server can be used: at once, as there is no Portal to wait for."""
        return succeed(None)


def start_plugin_services(server: EvenniaServerService) -> None:
    """Evennia's plugin hook: listen on a free port of the loopback interface."""
    gateway = internet.TCPServer(0, WireFactory(SECRET), interface="127.0.0.1")
    gateway.setName("gateway")
    gateway.setServiceParent(server)
