"""What an episode needs of a pool of worlds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from world_fixtures.protocol import Event
from world_fixtures.spec import WorldSpec


class Worlds(Protocol):
    """Where instances come from: world servers, or `world_fixtures.simulated`."""

    async def acquire(
        self, spec: WorldSpec, *, restarts: bool = False, events: Sequence[Event] = ()
    ) -> Any:
        """Return an instance of `spec` in the state after `events`, which another one has had."""

    def release(self, instance: Any) -> None:
        """Give an instance back."""
