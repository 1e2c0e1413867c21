"""The environment with defaults of its own: rollouts in this process, lost worlds tried again."""

from __future__ import annotations

import asyncio

import verifiers.v1 as vf

from environments.hosting.worlds import shared_worlds

LOST = vf.RetryRule(type="SandboxError", max_retries=2)
"""A lost world says nothing of the agent."""


class EvenniaWorldEnvConfig(vf.SingleAgentEnvConfig):
    """One agent, which needs no container and no log-in."""

    agent: vf.AgentConfig = vf.AgentConfig(
        runtime=vf.SubprocessConfig(), retries=vf.RetryConfig(rules=[LOST])
    )


class EvenniaWorldEnv(vf.SingleAgentEnv, vf.Env[EvenniaWorldEnvConfig]):
    """One agent plays one task."""

    async def start(self) -> None:
        """Start the world servers before the first rollout. Raises UserError where none can run."""
        given = self.config.taskset.task
        await asyncio.to_thread(shared_worlds, given.servers, given.world_python)
