"""Reward functions for TRL: the verdict's reward, and what is logged beside it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from statistics import fmean
from typing import Any

from environments.integrations.trl.environment import WorldEnvironment


def world_reward(world_reward: Sequence[float | None], **columns: Any) -> list[float | None]:
    """Return the rewards that `WorldTasks.rollouts` found: a trainer's reward function."""
    return list(world_reward)


def verdict_metrics(
    environments: Sequence[WorldEnvironment],
    log_metric: Callable[[str, float], None],
    **columns: Any,
) -> list[None]:
    """Log how a batch of `WorldTasks.environment` went; a reward function that gives none.

    `world/success` and `world/lost` are shares. `world/reward` is the mean of tasks of one part;
    tasks of several parts, which this host plays in one conversation, are kept apart as
    `world/outside_memory/reward`: an agent that saw the earlier parts need not remember them in the
    world.
    """
    rewards = [environment.get_reward() for environment in environments]
    log_metric("world/lost", fmean(reward is None for reward in rewards))
    verdicts = [e.verdict for e in environments if e.verdict is not None]
    if verdicts:
        log_metric("world/success", fmean(verdict.success for verdict in verdicts))
    for name, several in (("world/reward", False), ("world/outside_memory/reward", True)):
        of_these = [
            reward
            for environment, reward in zip(environments, rewards, strict=True)
            if reward is not None and environment.several_parts == several
        ]
        if of_these:
            log_metric(name, fmean(of_these))
    return [None] * len(environments)
