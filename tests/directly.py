"""Rollouts of embedded policies through the blocking host, which those of frameworks must match."""

from __future__ import annotations

from environments.hosting.blocking import SyncRollout
from environments.policies.player import PolicyPlayer
from environments.rollouts.record import Rollout
from environments.tasks.model import Task
from world_fixtures.background import SyncPool


def played(worlds: SyncPool, policy: str, task: Task, attempt: int = 0) -> Rollout:
    """Play a task to its verdict; the record."""
    rollout = SyncRollout.begin(worlds, task, id=task.id, attempt=attempt)
    try:
        player = PolicyPlayer(policy, task, rollout.prompt, attempt=attempt)
        while not rollout.over and (call := player.call()) is not None:
            step = rollout.step(*call)
            player.told(step.text, step.prompt)
            assert step.over == rollout.over
        rollout.give_up()
        return rollout.record(policy, "embedded")
    finally:
        rollout.close()
