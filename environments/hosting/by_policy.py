"""Tasks played by embedded policies as players from outside."""

from __future__ import annotations

from environments.episode import Worlds
from environments.hosting.rollout import HostedRollout, conditions
from environments.policies.player import PolicyPlayer
from environments.tasks.model import Task


async def played(worlds: Worlds, task: Task, policy: str | None, *, id: str) -> HostedRollout:
    """Play a task to its verdict by a policy, or by nobody at all; return the closed rollout.

    Where the policy stops before the end, the world is judged as it stands. Raises WorldLost or
    WorldError where the world fails, UserError where there is no such policy.
    """
    rollout = await HostedRollout.begin(worlds, task, conditions(), id=id)
    try:
        if policy is not None:
            player = PolicyPlayer(policy, task, rollout.prompt)
            while not rollout.over and (call := player.call()) is not None:
                step = await rollout.step(*call)
                player.told(step.text, step.prompt)
        await rollout.give_up()
        return rollout
    finally:
        rollout.close()
