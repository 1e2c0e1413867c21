"""A task played by a model of Inspect: each part of it is a conversation of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from typing import Any, TypeVar

import anyio
import anyio.lowlevel
from inspect_ai.model import (
    ChatMessage,
    ChatMessageAssistant,
    ChatMessageSystem,
    ChatMessageUser,
    GenerateConfig,
    Model,
    ModelOutput,
    execute_tools,
    get_model,
)
from inspect_ai.solver import Generate, Solver, TaskState, solver
from inspect_ai.tool import Tool, ToolDef, ToolParams
from inspect_ai.util import LimitExceededError, span

from environments.hosting.blocking import SyncRollout
from environments.hosting.worlds import shared_worlds
from environments.integrations.inspect_ai.naming import full, without_package
from environments.integrations.inspect_ai.outcome import EvenniaWorld
from environments.integrations.inspect_ai.samples import task_of
from environments.rollouts.record import StopReason
from environments.runner import SYSTEM_PROMPT
from environments.tools.toolbox import EPISODE_OVER, encodable, encodable_value
from world_fixtures.common import WorldError, WorldLost

Result = TypeVar("Result")
_THREADS = 10_000
"""At once at most: a sample that waits for a world holds one, and those that play need theirs."""


class ModelFailed(Exception):
    """The model's endpoint gave no answer that could be played: the sample is not scored."""


@solver(name=full("play"))
@without_package
def play(
    *,
    system_prompt: str | None = None,
    max_turns: int | None = None,
    world_servers: int | None = None,
    user: bool = False,
) -> Solver:
    """Play the sample's task until it is judged.

    Args:
        system_prompt: opens each conversation; None for the one of `evaluate`.
        max_turns: answers of the model in one rollout at most; a task's own limit holds, too.
        world_servers: processes that hold the worlds; None for one a core, less one.
        user: send `<rollout>#<stage>` as OpenAI's field `user` with each request, for endpoints
            that are to know which rollout it belongs to.

    Raises WorldLost or ModelFailed where the sample cannot be scored; Inspect plays it again
    where it was told to.
    """

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        task = task_of(state.metadata, state.sample_id)
        attempt = state.epoch - 1
        pool = await _waited(partial(shared_worlds, world_servers))
        rollout = await _waited(
            partial(SyncRollout.begin, pool, task, id=f"{task.id}/{attempt}", attempt=attempt)
        )
        prompt, turns = system_prompt or SYSTEM_PROMPT, max_turns or task.max_turns
        try:
            playing = _Playing(state, rollout, prompt, turns, user)
            await playing.to_the_end()
        finally:
            rollout.close()
        return state

    return solve


class _Playing:
    """One rollout and the conversations about it."""

    def __init__(
        self, state: TaskState, rollout: SyncRollout, system_prompt: str, turns: int, user: bool
    ) -> None:
        self.state = state
        self.rollout = rollout
        self.kept = state.store_as(EvenniaWorld)
        self.kept.parts, self.kept.budget = len(rollout.task.stages), rollout.task.budget
        self.model: Model = get_model()
        self.tools = [self._tool(schema["function"]) for schema in rollout.tools]
        self.conversations: list[list[ChatMessage]] = []
        self.stop: StopReason | None = None
        """Why the model was asked no more, where it was not the task's end."""
        self.turns = 0
        self.usage = {"prompt_tokens": 0, "completion_tokens": 0}
        self.refused = 0
        """Calls that Inspect did not carry out."""
        self._system_prompt = system_prompt
        self._turns_left = min(turns, rollout.task.max_turns)
        self._user = user
        self._part = 0
        """Part of the conversation that is held: calls of it act in no later one."""

    async def to_the_end(self) -> None:
        """Hold a conversation about each part and keep the verdict."""
        self.state.tools = self.tools
        try:
            while not self.rollout.over and self.stop is None:
                async with span(f"part {self.rollout.part} of {self.kept.parts}", type="part"):
                    await self._converse()
            await self._judge()
        except (LimitExceededError, anyio.get_cancelled_exc_class()):
            # A limit of time cancels, too, and what was played until then is scored.
            with anyio.CancelScope(shield=True), suppress(WorldLost, WorldError):
                await self._judge()
            raise
        finally:
            self.state.messages = [m for messages in self.conversations for m in messages]

    async def _converse(self) -> None:
        """Ask the model until the part is over, or the model has nothing more to do."""
        self._part = self.kept.part = self.rollout.part
        messages: list[ChatMessage] = [
            ChatMessageSystem(content=self._system_prompt),
            ChatMessageUser(content=self.rollout.prompt, metadata={"part": self._part}),
        ]
        self.conversations.append(messages)
        self.state.messages = list(messages)
        while not self._part_over():
            if self.turns >= self._turns_left:
                self.stop = StopReason.MAX_TURNS
                return
            output = await self.model.generate(messages, tools=self.tools, config=self._config())
            self.turns += 1
            self._count(output)
            message = _said(output)
            messages.append(message)
            self.state.output = output
            if output.stop_reason == "model_length":
                self.stop = StopReason.CONTEXT
                return
            if not message.tool_calls:
                self.stop = StopReason.FINISHED
                return
            answers = (await execute_tools(messages, self.tools)).messages
            self.refused += sum(getattr(answer, "error", None) is not None for answer in answers)
            messages += answers
            self.state.messages = list(messages)
            self.kept.commands = self.rollout.rollout.episode.commands

    async def _judge(self) -> None:
        """Judge what was played, and keep it; nothing where the world has failed."""
        await _waited(self.rollout.give_up)
        if self.rollout.verdict is None:
            return
        rollout = self.rollout.record(self.model.name, self.model.api.__class__.__name__)
        stop = rollout.stop
        if stop is StopReason.FINISHED and self.stop is not None:
            stop = self.stop
        told = {"turns": self.turns, "stop": stop, **self.usage}
        self.kept.keep(rollout.model_copy(update=told), refused=self.refused)

    def _part_over(self) -> bool:
        return self.rollout.over or self.rollout.part != self._part

    def _config(self) -> GenerateConfig:
        if not self._user:
            return GenerateConfig()
        stage = f"{self.rollout.rollout.episode.id}#{self._part - 1}"
        return GenerateConfig(extra_body={"user": stage})

    def _count(self, output: ModelOutput) -> None:
        if output.usage is not None:
            self.usage["prompt_tokens"] += output.usage.input_tokens
            self.usage["completion_tokens"] += output.usage.output_tokens

    def _tool(self, function: Mapping[str, Any]) -> Tool:
        name = function["name"]

        async def call(**kwargs: Any) -> str:
            if self._part_over():
                return EPISODE_OVER
            return (await _waited(partial(self.rollout.step, name, kwargs))).text

        parameters = ToolParams.model_validate(function["parameters"])
        # our own limit of characters holds; a second one would cut texts that evaluate shows whole
        made = ToolDef(call, name, function["description"], parameters, max_output=0)
        return made.as_tool()


def _said(output: ModelOutput) -> ChatMessageAssistant:
    """Return what the model said. Raises ModelFailed where that is nothing that it said."""
    if output.error or output.empty:
        raise ModelFailed(output.error or "the model's answer is empty")
    message = output.message
    nothing = not message.text and not message.tool_calls
    if output.stop_reason == "content_filter" or (nothing and output.stop_reason == "unknown"):
        raise ModelFailed(f"the model's answer was withheld: {output.stop_reason}")
    for call in message.tool_calls or ():
        # Inspect reads some as YAML; it then can neither call the tool nor write its log
        call.function = encodable(call.function)
        call.arguments = encodable_value(call.arguments)
    return message


async def _waited(call: Callable[[], Result]) -> Result:
    """Make a call that waits for the world in a thread, to its end even where it is cancelled."""
    return await anyio.to_thread.run_sync(call, limiter=_limiter())


_LIMITERS: anyio.lowlevel.RunVar[anyio.CapacityLimiter] = anyio.lowlevel.RunVar(
    "evennia_world_threads"
)


def _limiter() -> anyio.CapacityLimiter:
    """Return the limiter of this event loop: one belongs to one loop."""
    limiter = _LIMITERS.get(None)
    if limiter is None:
        limiter = anyio.CapacityLimiter(_THREADS)
        _LIMITERS.set(limiter)
    return limiter
