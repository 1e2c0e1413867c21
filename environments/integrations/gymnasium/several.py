"""Environments of one process that act at the same time, each in its own world."""

from __future__ import annotations

import asyncio
from typing import Any

import numpy as np
from gymnasium.vector import AutoresetMode, SyncVectorEnv

from environments.integrations.gymnasium.environment import EvenniaWorld


class EvenniaWorlds(SyncVectorEnv[tuple[str, ...], tuple[str, ...]]):
    """What `gymnasium.make_vec` makes; a `SyncVectorEnv` that waits for all worlds at once."""

    envs: list[EvenniaWorld]  # type: ignore[assignment]

    def __init__(
        self,
        num_envs: int = 1,
        *,
        autoreset_mode: str | AutoresetMode = AutoresetMode.NEXT_STEP,
        **given: Any,
    ) -> None:
        """Make `num_envs` environments; what else is given is what `EvenniaWorld` takes."""
        super().__init__(
            [lambda: EvenniaWorld(**given) for _ in range(num_envs)], autoreset_mode=autoreset_mode
        )

    def step(
        self, actions: tuple[str, ...]
    ) -> tuple[tuple[str, ...], np.ndarray, np.ndarray, np.ndarray, dict[str, Any]]:
        """Do one action in each environment; those that are over begin their next task.

        Raises as `EvenniaWorld.step` and `EvenniaWorld.reset`.
        """
        acting = [
            env.act(action)
            for env, action in zip(self.envs, actions, strict=True)
            if env.playing and isinstance(action, str)
        ]
        if acting:
            self.envs[0].worlds.loop.run(_all(acting))
        try:
            return super().step(actions)
        finally:
            for env in self.envs:
                env.forget()


async def _all(acting: list[Any]) -> None:
    await asyncio.gather(*acting)
