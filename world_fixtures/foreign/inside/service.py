"""Evennia's service in a game's process: alone, with a link that keeps what is sent to players."""

from __future__ import annotations

from typing import Any

from evennia.server.service import EvenniaServerService


class Outbox:
    """Stands where the link to the Portal would be: keeps what goes out, by session."""

    def __init__(self) -> None:
        self.sent: list[tuple[int, dict[str, Any]]] = []
        """Session number and message, in order."""

    def send_MsgServer2Portal(self, session: Any, **message: Any) -> None:
        """Keep a message (Evennia's hook)."""
        self.sent.append((session.sessid, message))

    def __getattr__(self, name: str) -> Any:
        return lambda *args, **kwargs: None


class PortallessService(EvenniaServerService):
    """Evennia's service without the link to a Portal."""

    def register_amp(self) -> None:
        """Have no link to a Portal (Evennia's hook)."""
        self.amp_protocol = Outbox()
