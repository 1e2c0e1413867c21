"""An Evennia Server that runs alone: no Portal, no web server, the gateway in their place."""

from __future__ import annotations

import socket

from evennia.server.service import EvenniaServerService
from twisted.application import internet
from twisted.internet import reactor, tcp
from twisted.internet.defer import Deferred, succeed

from world_fixtures.game import compat
from world_fixtures.game.gateway.wire import WireFactory

SECRET = ""
"""Set by `gateway.main` before the service starts."""


class PortallessService(EvenniaServerService):
    """Evennia's service without the AMP link."""

    def register_amp(self) -> None:
        """Have no link to a Portal (Evennia's hook)."""
        self.amp_protocol = compat.NoPortalLink()

    def ready(self) -> Deferred[None]:
        """Return what fires once the server can be used: at once, as no Portal is waited for."""
        return succeed(None)


def start_plugin_services(server: EvenniaServerService) -> None:
    """Listen on a free port of the loopback interface (Evennia's plugin hook)."""
    gateway = internet.TCPServer(0, WireFactory(SECRET), interface="127.0.0.1")
    gateway.setName("gateway")
    gateway.setServiceParent(server)


def adopt(connection: socket.socket) -> None:
    """Take over a connection that somebody else has accepted; it has yet to say the secret.

    `reactor.adoptStreamConnection` would take those of the internet alone.
    """
    wire = WireFactory(SECRET).buildProtocol(None)
    transport = tcp.Connection(connection, wire, reactor)
    transport.connected = True  # else nothing would be written
    wire.makeConnection(transport)
    transport.startReading()
