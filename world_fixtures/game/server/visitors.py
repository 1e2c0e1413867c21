"""What a spectator's Portal listens on for people: telnet, the web client's pages, its websocket.

Everything that strangers send stops here: it ends their own connection, at most.
"""

from __future__ import annotations

import io
from typing import Any

from evennia.server.portal.mccp import MCCP
from evennia.server.portal.telnet import TelnetProtocol, TelnetServerFactory
from evennia.server.portal.webclient import WebSocketClient
from evennia.server.webserver import PrivateStaticRoot, Website
from twisted.internet.interfaces import IAddress
from twisted.internet.protocol import Protocol
from twisted.protocols.policies import ProtocolWrapper, WrappingFactory
from twisted.web.resource import Resource
from twisted.web.server import Request

MAX_VISITORS = 64
"""Connections of one kind at once; one more is closed."""
MAX_INPUT = 8192
"""Bytes of one line, one message or one request's body."""


class Visitor(ProtocolWrapper):
    """A connection that ends where its protocol fails over what was sent."""

    transport: Any

    def dataReceived(self, data: bytes) -> None:
        """Hand on what was sent (Twisted's hook)."""
        try:
            super().dataReceived(data)
        except Exception:
            self.transport.abortConnection()


class Visitors(WrappingFactory):
    """Makes the connections of one kind, `MAX_VISITORS` at once."""

    protocol = Visitor
    noisy = False

    def buildProtocol(self, addr: IAddress) -> Protocol | None:
        """Return the protocol of a new connection, None for one too many (Twisted's hook)."""
        if len(self.protocols) >= MAX_VISITORS:
            return None
        made: Protocol = super().buildProtocol(addr)
        return made


class Telnet(TelnetProtocol):
    """Evennia's telnet with an end to a line, and to an option's negotiation."""

    transport: Any

    def dataReceived(self, data: bytes) -> None:
        """Take what was sent, unless it has no end (Twisted's hook)."""
        super().dataReceived(data)
        if len(self.line_buffer) + len(getattr(self, "commands", ())) > MAX_INPUT:
            self.transport.abortConnection()

    def disableLocal(self, option: bytes) -> bool:
        """Let an option go, also one that was never there (Twisted's hook)."""
        return option != MCCP or bool(super().disableLocal(option))


class TelnetFactory(TelnetServerFactory):
    """Makes telnet connections."""

    noisy = False
    protocol = Telnet


class WebSocket(WebSocketClient):
    """Evennia's websocket, which takes nobody's word for an earlier log-in.

    The stock one looks it up in the browser's session, and writes to the database.
    """

    def get_client_session(self) -> None:
        """Return no session (Evennia's method)."""
        self.csessid = None


class PageRequest(Request):
    """A request for a page: it has no long body."""

    def gotLength(self, length: int | None) -> None:
        """Make room for the body, or close the connection (Twisted's hook)."""
        if length is not None and length <= MAX_INPUT:
            super().gotLength(length)
        else:
            self.content = io.BytesIO()
            channel: Any = self.channel
            channel.forceAbortClient()


class Static(PrivateStaticRoot):
    """The files of the pages."""

    def getChild(self, path: bytes, request: Request) -> Resource:
        """Return what lies at a path; nothing does at one that is no text (Twisted's hook)."""
        try:
            path.decode()
        except UnicodeDecodeError:
            found: Resource = self.childNotFound
        else:
            found = super().getChild(path, request)
        return found


class Pages(Website):
    """The web client's pages."""

    requestFactory = PageRequest
    is_portal = True
