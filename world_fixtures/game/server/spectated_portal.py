"""Evennia's Portal with what spectators need: each listener on a free port of loopback.

The link to the world server is a Unix socket in a private directory, and takes nothing before
both ends have proved that they know the gate's secret (`server.link`).
"""

from __future__ import annotations

from typing import Any

import evennia
from autobahn.twisted.websocket import WebSocketServerFactory
from django.conf import settings
from evennia.server.portal.amp_server import AMPServerFactory
from evennia.server.portal.service import EvenniaPortalService
from evennia.server.webserver import DjangoWebRoot, LockableThreadPool
from twisted.application import internet
from twisted.internet.protocol import Protocol

from world_fixtures.game import compat
from world_fixtures.game.server.link import MAX_STRANGERS, ListeningEnd
from world_fixtures.game.server.visitors import (
    MAX_INPUT,
    Pages,
    Static,
    TelnetFactory,
    Visitors,
    WebSocket,
)
from world_fixtures.game.strangers import Strangers

LOOPBACK = "127.0.0.1"


class ServerLinkFactory(AMPServerFactory):
    """Makes the Portal's end of the link, once the other end is trusted."""

    def __init__(self, portal: EvenniaPortalService) -> None:
        super().__init__(portal)
        self._strangers = Strangers(MAX_STRANGERS)

    def buildProtocol(self, addr: Any) -> ListeningEnd:
        """Return the protocol of a new connection (Twisted's hook)."""
        return ListeningEnd(settings.LINK_SECRET, self._trusted, self._strangers)

    def _trusted(self) -> Protocol:
        link: Protocol = super().buildProtocol(None)
        return link


class SpectatedPortal(EvenniaPortalService):
    """Evennia's own Portal, with other listeners."""

    def register_amp(self) -> None:
        """Listen for the world server on a Unix socket (Evennia's hook)."""
        factory = ServerLinkFactory(self)
        internet.UNIXServer(settings.LINK_PATH, factory, mode=0o600).setServiceParent(self)

    def register_telnet(self) -> None:
        """Listen for telnet (Evennia's hook)."""
        factory = TelnetFactory()
        factory.sessionhandler = evennia.PORTAL_SESSION_HANDLER
        self._listen("telnet", factory)

    def register_webserver(self) -> None:
        """Serve the web client's pages and its websocket, and nothing else (Evennia's hook).

        The stock Portal asks a web server inside the Server for its pages.
        """
        self._threads = LockableThreadPool(minthreads=1, maxthreads=4)
        root = DjangoWebRoot(self._threads)
        root.putChild(b"static", Static(settings.STATIC_ROOT))
        self._listen("web", Pages(root))
        self._websocket = WebSocketServerFactory()
        self._websocket.noisy = False
        self._websocket.protocol = WebSocket
        self._websocket.sessionhandler = evennia.PORTAL_SESSION_HANDLER
        self._listen("socket", self._websocket)

    def startService(self) -> None:
        """Start, and tell the pages and the websocket of each other (Twisted's hook)."""
        super().startService()
        self._threads.start()
        ports = self.ports()
        settings.WEBSOCKET_CLIENT_PORT = ports["socket"]
        self._websocket.setProtocolOptions(
            maxFramePayloadSize=MAX_INPUT,
            maxMessagePayloadSize=MAX_INPUT,
            allowedOrigins=[f"http://{host}:{ports['web']}" for host in (LOOPBACK, "localhost")],
        )

    def ports(self) -> dict[str, int]:
        """Return the ports listened on, by `web`, `socket` and `telnet`."""
        return {name: compat.listening_port(self, name) for name in ("web", "socket", "telnet")}

    def _listen(self, name: str, factory: Any) -> None:
        listener = internet.TCPServer(0, Visitors(factory), interface=LOOPBACK)
        listener.setName(name)
        listener.setServiceParent(self)
