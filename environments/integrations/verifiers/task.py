"""One task: its world servers, its judgement, and the rewards that follow from it."""

from __future__ import annotations

import asyncio

import verifiers.v1 as vf

from environments.hosting.worlds import shared_worlds
from environments.integrations.verifiers.config import (
    EvenniaWorldHarnessConfig,
    EvenniaWorldTaskConfig,
)
from environments.integrations.verifiers.data import EvenniaWorldData, EvenniaWorldState
from environments.integrations.verifiers.play import played_by
from environments.integrations.verifiers.scores import INFO, kept, numbers_of, verdict_of
from world_fixtures.background import SyncPool
from world_fixtures.common import WorldError, WorldLost


class EvenniaWorldTask(vf.Task[EvenniaWorldData, EvenniaWorldState, EvenniaWorldTaskConfig]):
    """A task of this world. Rewards and metrics are those of its verdict."""

    @property
    def key(self) -> str:
        """The task's own id, which says what it is in any run."""
        return str(self.data.world_task.id)

    async def setup(self, trace: vf.Trace, runtime: vf.Runtime) -> None:
        """Wait until the world servers run, and have the harness find them.

        Raises ValueError for another harness, which could not reach the world.
        """
        harness = trace.agent.config.harness
        if harness is not None and not isinstance(harness, EvenniaWorldHarnessConfig):
            raise ValueError(
                f"harness {harness.id!r} cannot play tasks of this world: leave it out, or name"
                " evennia_world"
            )
        trace.state.worlds = await self._worlds()

    async def finalize(self, trace: vf.Trace, runtime: vf.Runtime) -> None:
        """Keep the verdict with the trace; a world that no agent was set on is judged as it is.

        Raises SandboxError where the agent's play was cut off before it could be judged.
        """
        state = trace.state
        task = self.data.world_task
        if state.rollout is None and trace.agent.config.harness is None:
            try:
                state.rollout = await state.worlds.loop.wait(
                    played_by(state.worlds.pool, task, None)
                )
            except (WorldLost, WorldError) as error:
                raise lost(task.id, error) from None
        rollout = state.rollout
        if rollout is None or rollout.verdict is None:
            raise lost(task.id, "its play was cut off before it could be judged")
        trace.info[INFO] = await asyncio.to_thread(kept, rollout)
        state.rollout = None

    async def validate(self, runtime: vf.Runtime) -> bool:
        """Play the walkthrough in a world of its own, which must earn exactly 1."""
        worlds = await self._worlds()
        rollout = await worlds.loop.wait(played_by(worlds.pool, self.data.world_task, "oracle"))
        return rollout.verdict is not None and rollout.verdict.reward == 1.0

    @vf.reward
    async def reward(self, trace: vf.Trace) -> float:
        """Return the verdict's reward, in [0, 1]."""
        return verdict_of(trace.info).reward

    @vf.metric
    async def verdict(self, trace: vf.Trace) -> dict[str, float]:
        """Return success, the parts of the reward, and what else the verdict says in numbers."""
        return numbers_of(trace.info)

    @vf.metric
    async def diagnostics(self, trace: vf.Trace) -> dict[str, float]:
        """Return what the events say of the agent besides its score; see docs/diagnostics.md."""
        return dict(trace.info[INFO]["diagnostics"])

    async def _worlds(self) -> SyncPool:
        given = self.config
        return await asyncio.to_thread(shared_worlds, given.servers, given.world_python)


def lost(task: str, why: object) -> vf.SandboxError:
    """Return the error of a rollout that has no verdict, which the run may try again."""
    return vf.SandboxError(f"the world of {task} was lost: {why}")
