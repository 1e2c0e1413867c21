"""The environment with defaults of its own: rollouts in this process, lost worlds tried again."""

from __future__ import annotations

import verifiers.v1 as vf

LOST = vf.RetryRule(type="SandboxError", max_retries=2)
"""A lost world says nothing of the agent."""


class EvenniaWorldEnvConfig(vf.EnvConfig):
    """One agent, which needs no container and no log-in."""

    agent: vf.AgentConfig = vf.AgentConfig(
        runtime=vf.SubprocessConfig(), retries=vf.RetryConfig(rules=[LOST])
    )


class EvenniaWorldEnv(vf.Env[EvenniaWorldEnvConfig]):
    """One agent plays one task."""

    async def run(self, task: vf.Task, agents: vf.Agents) -> None:
        """Play a task once."""
        await agents.agent.run(task)
