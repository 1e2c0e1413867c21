"""A world server that people can look into: a Portal beside it, rollouts as without one."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from evennia.server.amp_client import AMPClientFactory, AMPServerClientProtocol
from evennia.server.serversession import ServerSession
from evennia.server.service import EvenniaServerService
from twisted.application import internet
from twisted.internet.defer import Deferred

from world_fixtures.game.gateway.session import SealedSession

GATEWAY = "gateway"
"""`protocol_key` of the sessions of rollouts, which the Portal knows nothing of."""


class Session(SealedSession):
    """A rollout's session, or a person's that came by the Portal."""

    def data_out(self, **kwargs: Any) -> None:
        if self.protocol_key == GATEWAY:
            super().data_out(**kwargs)
        else:
            ServerSession.data_out(self, **kwargs)


class _NoLink:
    """Stands for the link to the Portal while there is none."""

    def __getattr__(self, name: str) -> Any:
        return lambda *args, **kwargs: None


class Link(AMPServerClientProtocol):
    """The link to the Portal, which is told of its own sessions alone."""

    def send_MsgServer2Portal(self, session: Any, **kwargs: Any) -> Any:
        if session.protocol_key != GATEWAY:
            return super().send_MsgServer2Portal(session, **kwargs)
        return None

    def send_AdminServer2Portal(self, session: Any, operation: str = "", **kwargs: Any) -> Any:
        if getattr(session, "protocol_key", "") != GATEWAY:
            return super().send_AdminServer2Portal(session, operation=operation, **kwargs)
        return None


class LinkFactory(AMPClientFactory):
    """Makes a `Link` where Evennia's own makes the stock one."""

    def buildProtocol(self, addr: Any) -> Link:
        self.resetDelay()
        link = Link()
        link.factory = self
        self.server.amp_protocol = link
        return link

    def clientConnectionLost(self, connector: Any, reason: Any) -> None:
        self.server.linked()
        super().clientConnectionLost(connector, reason)

    def clientConnectionFailed(self, connector: Any, reason: Any) -> None:
        self.server.linked()
        super().clientConnectionFailed(connector, reason)


class SpectatedService(EvenniaServerService):
    """Evennia's own service, link and web server included."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.amp_protocol = _NoLink()
        self._ready: Deferred[None] = Deferred()

    def ready(self) -> Deferred[None]:
        """Fires once what people type at the Portal arrives here, or there is no Portal any more.

        Before that their lines are lost: a server that restarts is not ready without them.
        """
        return self._ready

    def linked(self) -> None:
        if not self._ready.called:
            self._ready.callback(None)

    def at_post_portal_sync(self, mode: str) -> None:
        super().at_post_portal_sync(mode)
        self.linked()

    def register_amp(self) -> None:
        factory = LinkFactory(self)
        self.amp_service = internet.TCPClient(settings.AMP_HOST, settings.AMP_PORT, factory)
        self.amp_service.setServiceParent(self)

    def run_initial_setup(self) -> None:
        """There is none: a world server has no superuser and no first room."""
