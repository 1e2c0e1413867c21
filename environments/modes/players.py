"""Who plays the items of `process`: this process itself, or hosts in its place."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

from environments.config import HermesAgentEnvConfig
from environments.export.hermes_writer import gather
from environments.modes.items import Group, PlayedItem, PlaysItems, play_item

Failed = Callable[[Sequence[str]], None]
"""Is told the reasons of rollouts that failed."""


class Players(Protocol):
    """What the mode asks of them."""

    async def draw(self) -> Any:
        """Draw the next item, or what it is made of; None where there are no more."""

    async def play(self, drawn: Any, index: int, failed: Failed) -> PlayedItem:
        """Play an item to its end. Raises UserError where it fails again and again."""


class PlaysAlone(PlaysItems, Protocol):
    """What is needed of an environment that plays by itself."""

    config: HermesAgentEnvConfig
    curr_step: int

    async def get_next_item(self) -> Any:
        """Draw the next item, None where there are no more."""

    async def add_rollouts_for_wandb(self, scored_data: Any, item: Any = None) -> None:
        """Keep what the table of rollouts shows."""

    async def wandb_log(self, wandb_metrics: dict[str, Any] | None = None) -> None:
        """Log what has gathered."""


class Alone:
    """This process plays, in the environment that draws the items."""

    def __init__(self, env: PlaysAlone) -> None:
        self._env = env

    async def draw(self) -> Any:
        """Draw the next item."""
        return await self._env.get_next_item()

    async def play(self, drawn: Any, index: int, failed: Failed) -> PlayedItem:
        """Play an item, and log what gathers meanwhile."""
        env = self._env

        async def made(groups: Sequence[Group]) -> None:
            await logged(env, groups, drawn)

        return await play_item(
            env, drawn, index, drop_equal=env.config.process_drop_equal, failed=failed, made=made
        )


async def logged(env: PlaysAlone, groups: Sequence[Group], item: Any) -> None:
    """Log an item that has been played."""
    for group in groups:
        await env.add_rollouts_for_wandb(group, item)
    env.curr_step += 1
    await env.wandb_log({})  # without wandb it empties what has gathered


@contextmanager
def gathered(env: Any) -> Iterator[bool]:
    """Have the environment's rollouts gathered; whether it calls listeners with them at all."""
    listeners = getattr(env, "on_rollout", None)
    if listeners is None:
        yield False
        return
    listeners.append(gather)
    try:
        yield True
    finally:
        listeners.remove(gather)
