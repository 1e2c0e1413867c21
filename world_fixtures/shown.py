"""What is played in a game that somebody else wrote, shown to people who look on.

They are at the Portal of the one ordinary world server (`world_fixtures.spectator`), and such a
game runs in a process of its own: what its rollouts type and are shown is sent on to that server.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from world_fixtures.client import Link
from world_fixtures.spec import WorldSpec
from world_fixtures.world_server import WorldServer


class ShownLink:
    """Carries the requests of one rollout to its game, and shows what comes of them."""

    def __init__(self, game: Link, gate: WorldServer, spec: WorldSpec, instance: str) -> None:
        """Take the game's server, the one that people are connected to, and whose rollout it is."""
        self._game = game
        self._gate = gate
        self._spec = spec
        self._name = f"{spec.name}-{instance}"

    async def request(self, op: str, **fields: Any) -> Any:
        """Do as the game's server, and show an event that was answered."""
        answer = await self._game.request(op, **fields)
        event = answer.get("event") if op == "open" else answer if op == "command" else None
        if event:
            self._show(_told(self._spec.agent.name, event))
        return answer

    def end(self) -> None:
        """Show no more."""
        self._show("")

    def _show(self, text: str) -> None:
        sent = self._gate.client.post(
            "show", shown=self._name, title=self._spec.title, agent=self._spec.agent.name, text=text
        )
        sent.add_done_callback(_forget)  # nobody looks on any more where that server is lost


def _told(agent: str, event: Mapping[str, Any]) -> str:
    typed = f"{agent}> {event['raw']}\n" if event["raw"] else ""
    return f"{typed}{event['text']}\n"


def _forget(sent: asyncio.Future[Any]) -> None:
    if not sent.cancelled():
        sent.exception()
