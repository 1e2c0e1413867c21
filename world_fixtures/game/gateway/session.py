"""The session of a sealed account: a real Evennia session whose far end is a rollout."""

from __future__ import annotations

from typing import Any

from evennia.server.serversession import ServerSession

from world_fixtures.protocol import MAX_RATE
from world_fixtures.rate import Rate
from world_fixtures.rules.outcome import Outcome

PROTOCOL_KEY = "gateway"
"""Marks the sessions of rollouts, which a Portal knows nothing of."""


class SealedSession(ServerSession):
    """Collects what the character is shown, in place of sending it to a Portal."""

    outcome: Outcome | None = None
    """What the last command came to."""

    def __init__(self) -> None:
        super().__init__()
        self.shown: list[str] = []
        self.rate = Rate(MAX_RATE)

    def get_cmdset_providers(self) -> dict[str, Any]:
        """Have the character alone give commands, not session or account (Evennia's hook)."""
        return {"object": self.puppet} if self.puppet else super().get_cmdset_providers()

    def data_out(self, **kwargs: Any) -> None:
        """Collect text, and drop everything else (Evennia's hook)."""
        text = kwargs.get("text")
        if text is not None:
            self.shown.append(text[0] if isinstance(text, tuple) else text)

    def take(self) -> str:
        """Return what was shown since the last call."""
        text = "\n".join(self.shown)
        self.shown.clear()
        return text

    def log(self, message: str, channel: bool = True) -> None:
        """Write nothing: log-ins of rollouts are in their events, not in the server's log."""
