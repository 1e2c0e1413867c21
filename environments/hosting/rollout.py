"""One task played call by call by somebody outside, from its first part to its verdict."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import Any

from environments.episode import Episode, Worlds
from environments.rollouts.messages import Message
from environments.rollouts.options import AgentOptions
from environments.rollouts.record import Rollout, StopReason, ToolCallRecord
from environments.rollouts.versions import VERSIONS
from environments.runner import Conditions
from environments.tasks.model import Task, Verdict
from environments.tools.registry import tools_of
from environments.tools.toolbox import ToolRequest
from world_fixtures.common import WorldError, WorldLost

GAVE_UP = "I give up."
"""What the record has a player say who ends a task without handing in."""


def conditions(*, one_conversation: bool = False, max_turns: int | None = None) -> Conditions:
    """Return the conditions of `evaluate` for a player from outside.

    With `one_conversation` the player sees one part of a task in the next: what tasks about memory
    measure is then not memory in the world, and results are tagged `outside_memory`. `max_turns`
    limits the calls of a rollout further than its task does.
    """
    options = AgentOptions(
        max_agent_turns=max_turns or 1000, agent_temperature=0.0, outside_memory=one_conversation
    )
    return Conditions(options=options)


@dataclass(frozen=True)
class Step:
    """What one tool call has led to."""

    text: str
    """What the tool returned."""
    error: bool
    """The call was not carried out; `text` says why."""
    prompt: str | None
    """What the part asks for that began by this call; a new conversation opens with it."""
    over: bool
    """Whether the task was judged by this call."""

    @property
    def whole(self) -> str:
        """Return the text with the new part's prompt below, for one conversation about all."""
        return self.text if self.prompt is None else f"{self.text}\n\nThe next part:\n{self.prompt}"


class HostedRollout:
    """One task being played. Its calls must be made one after the other.

    `begin` it, `call` the tools of the toolset `evennia` until it is `over`, keep its `record`,
    and `close` it in a `finally`. A part that ends is followed by the next at once, as a
    conversation of its own.
    """

    def __init__(self, episode: Episode, conditions: Conditions, attempt: int) -> None:
        """Take an episode that was begun; `begin` is what hosts call."""
        self.episode = episode
        self.task: Task = episode.task
        self.verdict: Verdict | None = None
        """None while the task is being played, and where the world failed."""
        self.stop: StopReason | None = None
        """Why the task is over; None while it is being played."""
        self.failure: str | None = None
        self.connected = False
        """Whether the player is in the world."""
        self._attempt = attempt
        self._turns = 0
        self._limit = min(self.task.max_turns, conditions.options.max_agent_turns)
        self._started = time.time()
        self._seconds = 0.0
        self._conversations: list[list[Message]] = [[self._opening()]]

    @classmethod
    async def begin(
        cls, pool: Worlds, task: Task, conditions: Conditions, *, id: str, attempt: int = 0
    ) -> HostedRollout:
        """Begin `task` in a world of its own. Raises WorldLost where no server is to be had."""
        episode = await Episode.begin(
            pool, task, id=id, tools=tools_of(["evennia"]), gate=conditions.gate,
            weights=conditions.weights, observation_chars=conditions.observation_chars,
        )  # fmt: skip
        return cls(episode, conditions, attempt)

    @property
    def over(self) -> bool:
        """Whether the task was judged, or has failed."""
        return self.stop is not None

    @property
    def part(self) -> int:
        """Number of the present part, from 1."""
        return self.episode.stage + 1

    @property
    def prompt(self) -> str:
        """What the present part asks for, as it was when the part began."""
        return str(self._conversations[-1][0]["content"])

    async def call(self, tool: str, arguments: dict[str, Any]) -> ToolCallRecord:
        """Carry out one tool call; what goes wrong with it is in the record.

        Raises ValueError once the task is over. Where the world fails the task is over, too,
        and has no verdict: the WorldLost or WorldError passes through.
        """
        if self.over:
            raise ValueError(f"{self.task.id} is over")
        self._turns += 1
        request = _request(f"call_{self._turns}", tool, arguments)
        conversation = self._conversations[-1]
        try:
            record = await self.episode.carry_out(request, self._turns)
            conversation += _messages(request, record)
            if record.error is None and tool in ("evennia_connect", "evennia_disconnect"):
                self.connected = tool == "evennia_connect"
            await self._go_on()
        except (WorldLost, WorldError) as error:
            self._end(StopReason.WORLD)
            self.failure = str(error)
            raise
        return record

    async def step(self, tool: str, arguments: dict[str, Any]) -> Step:
        """Carry out one tool call and return what it has led to. Raises as `call`."""
        part = self.part
        record = await self.call(tool, arguments)
        prompt = self.prompt if self.part != part else None
        return Step(record.result, record.error is not None, prompt, self.over)

    async def give_up(self) -> None:
        """End the task as it stands; it is judged without an answer. Nothing once it is over."""
        if self.over:
            return
        self._conversations[-1].append({"role": "assistant", "content": GAVE_UP})
        try:
            self.verdict = await self.episode.finish()
            self._end(StopReason.FINISHED)
        except (WorldLost, WorldError) as error:
            self._end(StopReason.WORLD)
            self.failure = str(error)
            raise

    def record(self, model: str, provider: str) -> Rollout:
        """Return the rollout as `evaluate` records one; it must be over."""
        assert self.stop is not None
        episode = self.episode
        return Rollout(
            id=episode.id,
            group=f"{model}-{self.task.id}",
            attempt=self._attempt,
            task=self.task,
            model=model,
            provider=provider,
            conversations=self._conversations,
            tools=episode.schemas,
            tool_calls=episode.tool_calls,
            events=episode.all_events,
            answer=episode.answer,
            verdict=self.verdict,
            stop=self.stop,
            failure=self.failure,
            turns=self._turns,
            started=self._started,
            seconds=self._seconds,
            model_seconds=max(0.0, self._seconds - episode.seconds),
            world_seconds=episode.seconds,
            versions=VERSIONS,
        )

    def close(self) -> None:
        """Give the world back. Never waits, may be called twice."""
        self.episode.close()

    async def _go_on(self) -> None:
        """Begin the next part, or judge the task, where the last call has ended something."""
        episode = self.episode
        if episode.stage_over and not episode.last_stage and self._turns < self._limit:
            await episode.next_stage()
            self.connected = False
            self._conversations.append([self._opening()])
        elif episode.done or self._turns >= self._limit:
            submitted = episode.done
            self.verdict = await episode.finish()
            self._end(StopReason.SUBMITTED if submitted else StopReason.MAX_TURNS)

    def _end(self, stop: StopReason) -> None:
        self.stop = stop
        self._seconds = time.time() - self._started

    def _opening(self) -> Message:
        return {"role": "user", "content": self.episode.prompt}


def _request(id: str, tool: str, arguments: Any) -> ToolRequest:
    """Return a call as a model would have written it, with what is wrong where it could not."""
    try:
        return ToolRequest(id, tool, json.dumps(arguments, ensure_ascii=False))
    except (TypeError, ValueError, RecursionError) as error:
        return ToolRequest(id, tool, "", f"the arguments are no JSON object ({error})")


def _messages(request: ToolRequest, record: ToolCallRecord) -> list[Message]:
    """Return a call and its result as the messages of a conversation."""
    return [
        {
            "role": "assistant",
            "content": "",
            "tool_calls": [
                {
                    "id": request.id,
                    "type": "function",
                    "function": {"name": request.name, "arguments": request.arguments},
                }
            ],
        },
        {
            "role": "tool",
            "tool_call_id": request.id,
            "name": request.name,
            "content": record.result,
        },
    ]
