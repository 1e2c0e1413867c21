"""A world server that people can watch: it is linked to a Portal, rollouts are as without one."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from evennia.server.amp_client import AMPClientFactory, AMPServerClientProtocol
from evennia.server.serversession import ServerSession
from evennia.server.service import EvenniaServerService
from twisted.application import internet
from twisted.internet.defer import Deferred

from world_fixtures.game import compat
from world_fixtures.game.gateway.session import PROTOCOL_KEY, SealedSession
from world_fixtures.game.server.link import ConnectingEnd
from world_fixtures.game.strangers import Strangers


class SpectatedSession(SealedSession):
    """A rollout's session, or a person's that came by the Portal."""

    def data_out(self, **kwargs: Any) -> None:
        """Collect what a rollout is shown; send on what a person is (Evennia's hook)."""
        if self.protocol_key == PROTOCOL_KEY:
            super().data_out(**kwargs)
        else:
            ServerSession.data_out(self, **kwargs)


class PortalLink(AMPServerClientProtocol):
    """The link to the Portal, which learns of its own sessions alone."""

    def send_MsgServer2Portal(self, session: Any, **kwargs: Any) -> Any:
        """Send a person's output to the Portal (Evennia's method)."""
        if session.protocol_key != PROTOCOL_KEY:
            return super().send_MsgServer2Portal(session, **kwargs)
        return None

    def send_AdminServer2Portal(self, session: Any, operation: str = "", **kwargs: Any) -> Any:
        """Tell the Portal of a person's session (Evennia's method)."""
        if getattr(session, "protocol_key", "") != PROTOCOL_KEY:
            return super().send_AdminServer2Portal(session, operation=operation, **kwargs)
        return None


class PortalLinkFactory(AMPClientFactory):
    """Makes a `PortalLink`, once the other end is trusted."""

    def buildProtocol(self, addr: Any) -> ConnectingEnd:
        """Return the protocol of a new connection (Twisted's hook)."""
        return ConnectingEnd(settings.LINK_SECRET, self._trusted, Strangers(1))

    def _trusted(self) -> PortalLink:
        self.resetDelay()
        link = PortalLink()
        link.factory = self
        self.server.amp_protocol = link
        return link

    def clientConnectionLost(self, connector: Any, reason: Any) -> None:
        """Wait for the Portal no longer (Twisted's hook)."""
        self.server.linked()
        super().clientConnectionLost(connector, reason)

    def clientConnectionFailed(self, connector: Any, reason: Any) -> None:
        """Wait for the Portal no longer (Twisted's hook)."""
        self.server.linked()
        super().clientConnectionFailed(connector, reason)


class SpectatedService(EvenniaServerService):
    """Evennia's own service with its link, but without its web server: the Portal has one."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.amp_protocol = compat.NoPortalLink()
        self._ready: Deferred[None] = Deferred()

    def ready(self) -> Deferred[None]:
        """Return what fires once what people type at the Portal arrives here.

        It fires, too, when there is no Portal any more. Before that the lines of people are
        lost: a server that restarts is not ready without them.
        """
        return self._ready

    def linked(self) -> None:
        """Note that the Portal was reached, or that there is none."""
        if not self._ready.called:
            self._ready.callback(None)

    def at_post_portal_sync(self, mode: str) -> None:
        """Note that the Portal was reached (Evennia's hook)."""
        super().at_post_portal_sync(mode)
        self.linked()

    def register_amp(self) -> None:
        """Connect to the Portal by a link of ours (Evennia's hook)."""
        factory = PortalLinkFactory(self)
        self.amp_service = internet.UNIXClient(settings.LINK_PATH, factory)
        self.amp_service.setServiceParent(self)

    def register_webserver(self) -> None:
        """Serve no pages (Evennia's hook)."""

    def run_initial_setup(self) -> None:
        """Set up nothing: a world server has no superuser and no first room (Evennia's hook)."""
