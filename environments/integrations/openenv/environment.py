"""One session: an episode at a time, begun by `reset` and played by tool calls."""

from __future__ import annotations

import asyncio
import uuid
from typing import Any

from openenv.core.env_server.interfaces import Environment
from openenv.core.env_server.mcp_types import ListToolsObservation
from openenv.core.env_server.types import EnvironmentMetadata, Observation

import environments
from environments.hosting.rollout import HostedRollout, Step, conditions
from environments.integrations.openenv.models import (
    EvenniaAction,
    EvenniaObservation,
    EvenniaState,
    TaskVerdict,
)
from environments.integrations.openenv.rubric import VerdictRubric
from environments.integrations.openenv.shared import Shared
from environments.integrations.openenv.tasks import Reset
from environments.integrations.openenv.tools import TOOLS, McpTools
from environments.runner import SYSTEM_PROMPT
from environments.tools.toolbox import encodable
from world_fixtures.common import WorldError, WorldLost

NAME = "evennia_world"
"""Of the environment, in addresses and in the package."""


class SessionError(ValueError):
    """A request that the session does not allow as it stands; the message says what does."""


class EvenniaEnvironment(Environment[EvenniaAction, EvenniaObservation, EvenniaState]):
    """A session of its own world. Holds nothing before `reset`, and gives it back by `close`.

    The server awaits `reset_async` and `step_async`; `reset` and `step` are for other threads. It
    has OpenEnv's tool calls without being an `MCPEnvironment`, which has a FastMCP server each.
    """

    SUPPORTS_CONCURRENT_SESSIONS = True

    def __init__(self, shared: Shared) -> None:
        """Take what all sessions share; servers make sessions that are never played, too."""
        super().__init__(rubric=VerdictRubric())
        self.mcp_client = McpTools(self._call_by_mcp)
        self._shared = shared
        self._turn = asyncio.Lock()
        """What clients ask for is done one after the other; some may ask at the same time."""
        self._rollout: HostedRollout | None = None
        self._episode_id: str | None = None
        self._one_conversation = False
        self._steps = 0
        self._closed = False

    async def reset_async(
        self, seed: int | None = None, episode_id: str | None = None, **given: Any
    ) -> EvenniaObservation:
        """Begin a task in a new world and return the prompt of its first part.

        Further arguments are those of `tasks.Reset`. A task that was being played is dropped.
        Raises UserError where there is no such task, WorldLost where no world server is to be had,
        SessionError once the session is closed.
        """
        reset = Reset.of({"seed": seed, "episode_id": episode_id, **given})
        async with self._turn:
            self._check_open()
            task = await self._shared.tasks.chosen(reset)
            worlds = await self._shared.worlds()
            self._drop()
            id = encodable(reset.episode_id or "") or str(uuid.uuid4())
            played_as = conditions(one_conversation=reset.one_conversation)
            rollout = await HostedRollout.begin(worlds, task, played_as, id=id)
            if self._closed:  # meanwhile
                rollout.close()
                self._check_open()
            self._rollout, self._episode_id, self._steps = rollout, id, 0
            self._one_conversation = reset.one_conversation
            self._reset_rubric()
            prompt = rollout.prompt
            return EvenniaObservation(
                result=prompt, new_conversation=True, prompt=prompt, system_prompt=SYSTEM_PROMPT,
                part=1, metadata={"new_conversation": True, "prompt": prompt},
            )  # fmt: skip

    async def step_async(
        self, action: EvenniaAction, timeout_s: float | None = None, **given: Any
    ) -> Observation:
        """Carry out one tool call; what is wrong with a call is told to the agent as its result.

        The reward is 0 until the task is over, and that of the verdict then. Raises SessionError
        before a reset, once the task is over and once the session is closed, WorldLost or
        WorldError where the world failed: such an episode is lost and has no reward.
        """
        async with self._turn:
            if action.type == "list_tools":
                observation: Observation = ListToolsObservation(tools=list(TOOLS), reward=0.0)
            else:
                observation = self._observed(action, await self._play(action))
            self._steps += 1
            return observation

    def reset(
        self, seed: int | None = None, episode_id: str | None = None, **given: Any
    ) -> EvenniaObservation:
        """Begin a task, from a thread that is not the sessions' own; see `reset_async`."""
        return self._shared.run(self.reset_async(seed, episode_id, **given))

    def step(
        self, action: EvenniaAction, timeout_s: float | None = None, **given: Any
    ) -> Observation:
        """Carry out one tool call, from a thread that is not the sessions' own."""
        return self._shared.run(self.step_async(action))

    @property
    def state(self) -> EvenniaState:
        """Where the session stands; tells nothing of the world and of the answer."""
        rollout = self._rollout
        if rollout is None:
            return EvenniaState(step_count=self._steps)
        verdict = rollout.verdict
        return EvenniaState(
            episode_id=self._episode_id,
            step_count=self._steps,
            task_id=rollout.task.id,
            part=rollout.part,
            connected=rollout.connected,
            over=rollout.over,
            reward=None if verdict is None else verdict.reward,
            success=None if verdict is None else verdict.success,
            failure=rollout.failure,
            one_conversation=self._one_conversation,
        )

    def close(self) -> None:
        """Give the world back. From any thread, never waits, may be called twice."""
        self._closed = True
        self._shared.soon(self._drop)

    def get_metadata(self) -> EnvironmentMetadata:
        """Describe the environment."""
        return EnvironmentMetadata(
            name=NAME,
            description="Tasks in text worlds on a real Evennia server: navigation, errands,"
            " memory over several conversations, other people. Judged by the state of the world.",
            version=environments.__version__,
        )

    def list_splits(self) -> list[dict[str, str]]:
        """Return the splits: those whose tasks are made by number, and suites."""
        return self._shared.tasks.splits()

    async def num_tasks(self, split: str) -> int:
        """Return the number of tasks of a split. Raises UserError where there is no such split."""
        return await self._shared.tasks.size(split)

    async def list_tasks(self, split: str) -> list[dict[str, Any]]:
        """Tell of the first tasks of a split: what `reset(split=, index=)` begins."""
        return await self._shared.tasks.told(split, None, None)

    async def get_task(self, split: str, index: int) -> dict[str, Any]:
        """Tell of one task of a split. Raises IndexError beyond the last."""
        if not 0 <= index < await self.num_tasks(split):
            raise IndexError(index)
        return (await self._shared.tasks.told(split, index, index + 1))[0]

    async def get_task_range(
        self, split: str, start: int | None = None, stop: int | None = None
    ) -> list[dict[str, Any]]:
        """Tell of the tasks `start` to `stop` of a split, of a thousand at most."""
        return await self._shared.tasks.told(split, start, stop)

    async def _call_by_mcp(self, name: Any, arguments: Any) -> tuple[str, bool]:
        """Carry out a call of the MCP routes, whose clients are told of a new part as text alone.

        They go on in the same conversation, and the state says so.
        """
        action = EvenniaAction.model_validate({"tool_name": name, "arguments": arguments})
        observation = await self.step_async(action)
        assert isinstance(observation, EvenniaObservation)
        if not observation.new_conversation:
            return observation.result, observation.refused
        self._one_conversation = True
        return Step(observation.result, False, observation.prompt, False).whole, False

    async def _play(self, action: EvenniaAction) -> Step:
        self._check_open()
        rollout = self._rollout
        if rollout is None:
            raise SessionError("no task has begun: reset first")
        if rollout.over:
            raise SessionError("the task is over: reset begins another one")
        try:
            if action.type == "give_up":
                await rollout.give_up()
                return Step("The task has ended as it stood.", False, None, True)
            return await rollout.step(action.tool_name, action.arguments)
        except RecursionError:
            raise SessionError("the arguments are nested too deeply") from None
        except (WorldLost, WorldError):
            self._drop_world()
            raise

    def _observed(self, action: EvenniaAction, step: Step) -> EvenniaObservation:
        self._check_open()  # it may have been closed meanwhile
        assert self._rollout is not None
        began = step.prompt is not None and not self._one_conversation
        observation = EvenniaObservation(
            tool_name=action.tool_name,
            result=step.whole if self._one_conversation else step.text,
            refused=step.error,
            new_conversation=began,
            prompt=step.prompt,
            part=self._rollout.part,
            reward=0.0,
            done=step.over,
        )
        if step.over:
            judged = self._rollout.verdict
            assert judged is not None
            told = judged.model_dump(mode="json", include=set(TaskVerdict.model_fields))
            observation.verdict = TaskVerdict(**told)
            observation.metadata = {"verdict": told}
            self._drop_world()
        elif began:
            observation.metadata = {"new_conversation": True, "prompt": step.prompt}
        observation.reward = self._apply_rubric(action, observation)
        return observation

    def _check_open(self) -> None:
        if self._closed:
            raise SessionError("the session was closed, or was idle for too long: connect anew")

    def _drop(self) -> None:
        self._drop_world()
        self._rollout = self._episode_id = None
        self._steps = 0

    def _drop_world(self) -> None:
        if self._rollout is not None:
            self._rollout.close()
