"""Our own agent loop as a harness: no container, no program, one conversation a stage."""

from __future__ import annotations

import verifiers.v1 as vf

from environments.integrations.verifiers.config import EvenniaWorldHarnessConfig
from environments.integrations.verifiers.data import EvenniaWorldData
from environments.integrations.verifiers.intercepted import Intercepted
from environments.integrations.verifiers.play import played
from environments.integrations.verifiers.task import lost
from environments.rollouts.record import StopReason

JUDGING = 0.1
"""Share of the agent's time that is kept for what follows the last answer, judgement included."""
MOST_JUDGING = 10.0
"""Seconds of it at most."""


class EvenniaWorldHarness(vf.Harness[EvenniaWorldHarnessConfig]):
    """Plays a rollout in this process; what the model is asked passes through verifiers."""

    APPENDS_SYSTEM_PROMPT = True
    EXECUTES_CODE = False
    NEEDS_CONTAINER = False

    async def launch(
        self,
        ctx: vf.ModelContext,
        trace: vf.Trace,
        runtime: vf.Runtime,
        endpoint: str,
        secret: str,
        mcp_urls: dict[str, str],
        data: vf.TaskData,
    ) -> vf.ProgramResult:
        """Play the rollout; it is in the trace's state afterwards, judged.

        Raises SandboxError for a lost world, HarnessError where the model gave no answer, and
        TypeError for a task that is not of this world. Cancelling it gives the world back.
        """
        if not isinstance(data, EvenniaWorldData):
            raise TypeError(f"harness {self.config.id!r} plays tasks of evennia_world alone")
        task = data.world_task
        limit = trace.agent.config.timeout.rollout or data.timeout.agent
        worlds = trace.state.worlds
        rollout = await worlds.loop.wait(
            played(
                worlds.pool,
                task,
                Intercepted(endpoint, secret, lambda: trace.stop_condition is not None),
                id=task.id if self.config.names_rollout else trace.id,
                model=ctx.model,
                system_prompt=data.system_prompt,
                deadline=limit and limit - min(MOST_JUDGING, JUDGING * limit),
                names_rollout=self.config.names_rollout,
            )
        )
        if rollout.stop is StopReason.WORLD:
            raise lost(task.id, rollout.failure)
        if rollout.stop is StopReason.ENDPOINT:
            raise vf.HarnessError(f"the model gave no answer: {rollout.failure}")
        if rollout.stop is StopReason.DEADLINE:
            trace.record_timeout("agent")
        elif rollout.stop is StopReason.MAX_TURNS:
            trace.stop(rollout.stop.value)
        trace.state.rollout = rollout
        return vf.ProgramResult(0, "", "")
