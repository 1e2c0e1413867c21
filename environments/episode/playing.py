"""An episode: one task being played in an instance of its world, from its start to its verdict."""

from __future__ import annotations

import asyncio
import json
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from environments.episode.acting import acting_in
from environments.episode.worlds import Worlds
from environments.rollouts.checkpoint import Checkpoint, moved
from environments.rollouts.record import ToolCallRecord
from environments.tasks.model import Task, Verdict
from environments.tasks.verdict import Played, Weights, judge
from environments.tools.evennia import BudgetSpent, NotConnected
from environments.tools.gate import Gate
from environments.tools.registry import Tool, check_forkable, tools_of
from environments.tools.toolbox import (
    EPISODE_OVER,
    OBSERVATION_CHARS,
    Toolbox,
    ToolRequest,
    error_result,
)
from world_fixtures.client import Session
from world_fixtures.common import WorldLost
from world_fixtures.protocol import MAX_COMMAND, Event, apart
from world_fixtures.servers import PooledInstance
from world_fixtures.state import WorldState


class Episode:
    """One task being played: its world, its stages, its tool calls, and its verdict.

    `begin` it, play, `finish` it, and `close` it in a `finally`. Each stage is a conversation of
    its own: the agent is to know nothing of the earlier ones but what the world has kept.
    """

    def __init__(
        self, task: Task, pool: Worlds, instance: Any, *, id: str, weights: Weights | None
    ) -> None:
        """Keep an instance of the task's world; `begin` is what hosts call."""
        self.task = task
        self.id = id or f"episode-{uuid.uuid4().hex[:12]}"
        self.instance: PooledInstance = instance
        self.events: list[Event] = []
        """Of the agent, in order; with a `cause` are moves by which it was led along."""
        self.all_events: list[Event] = []
        """Of the other characters and of time, too: each by itself, in order."""
        self.tool_calls: list[ToolCallRecord] = []
        self.answer: dict[str, Any] | None = None
        """What was submitted."""
        self.commands = 0
        """Commands of the agent that were carried out, of its budget."""
        self.stage = -1
        """Number of the present stage, from 0."""
        self.stage_over = False
        """The agent ended the stage: it disconnected, or in the last one submitted."""
        self.sessions = 0
        """Sessions the agent has opened."""
        self.seconds = 0.0
        """Time spent waiting for the world."""
        self.closed = False
        self._pool = pool
        self._weights = weights or Weights()
        self._session: Session | None = None
        self._verdict: Verdict | None = None
        self._begun: WorldState | None = None
        """The state in which the present stage began, where others act between the stages."""
        self._played: list[Played] = []
        """Of the stages that are over."""
        self._stage_events: list[Event] = []
        """Of the agent, in the present stage."""
        self._tools: Mapping[str, Tool] = {}
        """As they were given: bound to no episode."""
        self._equipment: Mapping[str, Any] = {}
        """What else the toolbox is made with."""
        self._toolbox = Toolbox({})
        self._turn = asyncio.Lock()
        """Calls are carried out one after the other."""
        self._interrupted = False
        """Something was cancelled half-way: what is known of the world may be wrong."""

    @classmethod
    async def begin(
        cls,
        pool: Worlds,
        task: Task,
        *,
        id: str = "",
        tools: Mapping[str, Tool] | None = None,
        gate: Gate | None = None,
        weights: Weights | None = None,
        escape: Callable[[str], str] = str,
        observation_chars: int = OBSERVATION_CHARS,
    ) -> Episode:
        """Acquire an instance of the task's world and begin the first stage.

        Args:
            pool: world servers that are running.
            task: what is played.
            id: names the episode in records; made up where it is empty.
            tools: by name; by default those of the toolset `evennia`. Tools that act in a world
                act in this one.
            gate: decides on each tool call before it is carried out.
            weights: of the reward's parts.
            escape: applied to what tools return, so that text of a world cannot spell a
                tokenizer's special token.
            observation_chars: longer results are cut, and say by how much.

        Raises WorldLost where no world server is to be had.
        """
        given = tools_of(["evennia"]) if tools is None else tools
        instance = await pool.acquire(task.spec, restarts=task.restarts)
        episode = cls(task, pool, instance, id=id, weights=weights)
        equipment = {"gate": gate, "escape": escape, "observation_chars": observation_chars}
        with episode._equipped(given, equipment):
            await episode.begin_stage(0)
        return episode

    @classmethod
    async def resume(
        cls,
        pool: Worlds,
        checkpoint: Checkpoint,
        *,
        id: str = "",
        tools: Mapping[str, Tool] | None = None,
        gate: Gate | None = None,
        weights: Weights | None = None,
        escape: Callable[[str], str] = str,
        observation_chars: int = OBSERVATION_CHARS,
    ) -> Episode:
        """Go on from a turn of a recorded rollout, in a world of its own.

        The world, the sessions, the budget and the stages are as they were; the arguments are
        those of `begin`. Raises UserError for tools that act outside of the world, WorldLost where
        no server is to be had or the recorded state cannot be restored.
        """
        task = checkpoint.task
        given = tools_of(["evennia"]) if tools is None else tools
        check_forkable(given.values())
        played = checkpoint.played()
        instance = await pool.acquire(task.spec, restarts=task.restarts, events=checkpoint.events)
        episode = cls(task, pool, instance, id=id, weights=weights)
        equipment = {"gate": gate, "escape": escape, "observation_chars": observation_chars}
        with episode._equipped(given, equipment):
            episode.stage = checkpoint.stage
            episode.commands = checkpoint.commands
            episode.sessions = checkpoint.sessions
            episode.tool_calls = list(checkpoint.tool_calls)
            await episode._take_sessions(checkpoint.connected)
            episode._take_events(checkpoint.events, played, len(checkpoint.events_by_stage[-1]))
            episode._begun = checkpoint.starts()[checkpoint.stage]
        return episode

    async def fork(self, *, id: str = "") -> Episode:
        """Give a second episode in the present state of this one; neither changes the other.

        It has the events, tool calls, budget, sessions and stages that this one has had, and a
        world of its own. `id` is made up where it is empty. Waits while all world servers are full.
        Raises UserError where a tool acts outside of the world, otherwise as `call`.
        """
        async with self._turn:
            self._check()
            check_forkable(self._tools.values())
            instance = await self.instance.fork()
            other = Episode(self.task, self._pool, instance, id=id, weights=self._weights)
            with other._equipped(self._tools, self._equipment):
                other.stage, other.stage_over = self.stage, self.stage_over
                other.commands, other.sessions = self.commands, self.sessions
                other.tool_calls, other.answer = list(self.tool_calls), self.answer
                other._verdict = self._verdict
                await other._take_sessions(self._session is not None)
                other._take_events(self.all_events, self._played, len(self._stage_events))
                other._begun = self._begun
        return other

    @contextmanager
    def _equipped(self, tools: Mapping[str, Tool], equipment: Mapping[str, Any]) -> Iterator[None]:
        """Bind `tools` to this episode; where what is done in here fails, it is closed."""
        try:
            self._tools, self._equipment = tools, equipment
            bound = {name: tool.bind(self) for name, tool in tools.items()}
            self._toolbox = Toolbox(bound, task_id=self.id, **equipment)
            yield
        except BaseException:
            self.close()
            raise

    async def _take_sessions(self, connected: bool) -> None:
        """Take over the agent's session of an instance that goes on from another's events."""
        session = self.instance.sessions_open.get(self.task.spec.agent.id)
        if connected:
            if session is None:
                raise WorldLost(f"the agent's session of {self.id} was not restored")
            self._session = session
        elif session is not None:  # logging out leaves no event
            await session.close()

    def _take_events(self, events: Sequence[Event], played: Sequence[Played], present: int) -> None:
        """Take over what has happened; the agent's last `present` events are of this stage."""
        agent = self.task.spec.agent.id
        present_id = None if self._session is None else self._session.id
        self.all_events = moved(events, self.instance.id, agent, present_id)
        self.events = [e for e in self.all_events if e.actor == agent]
        self._stage_events = self.events[len(self.events) - present :]
        self._played = list(played)

    @property
    def prompt(self) -> str:
        """The user message of the present stage, with what is left of the budget."""
        left = self.task.budget - self.commands
        rest = "" if self.last_stage else ", for this part and all that follow"
        return f"{self.task.stages[self.stage].prompt}\n\n(You have {left} commands left{rest}.)"

    @property
    def tools(self) -> list[dict[str, Any]]:
        """Schemas of the tools, in OpenAI's form."""
        return self._toolbox.schemas

    @property
    def schemas(self) -> list[dict[str, Any]]:
        """Schemas of the tools, as a loop asks for them."""
        return self._toolbox.schemas

    @property
    def last_stage(self) -> bool:
        """Whether no stage follows the present one."""
        return self.stage >= len(self.task.stages) - 1

    @property
    def over(self) -> bool:
        """Whether nothing more is carried out in the present stage."""
        return self.stage_over or self._verdict is not None

    @property
    def done(self) -> bool:
        """Whether the task is played to its end: what is left is `finish`."""
        return self._verdict is not None or (self.stage_over and self.last_stage)

    @property
    def last_event(self) -> int | None:
        """`seq` of the agent's last event that it gave a command for."""
        return next((e.seq for e in reversed(self.events) if e.cause is None), None)

    async def call(self, tool: str, arguments: Mapping[str, Any] | str) -> str:
        """Carry out one tool call and return its observation.

        `arguments` are an object, or the JSON text that a model wrote. What cannot be carried
        out returns `{"error": ...}` as JSON, for the model to read. Raises WorldLost or WorldError
        where the world has failed: such an episode must not be scored. Raises RuntimeError after
        `close`.
        """
        async with self._turn:
            self._check()
            if self.over:
                return EPISODE_OVER
            turn = len(self.tool_calls) + 1
            try:
                text = arguments if isinstance(arguments, str) else json.dumps(dict(arguments))
            except (TypeError, ValueError, RecursionError) as error:
                return error_result(f"the arguments are no JSON object ({error})")
            record = await self._carry_out(ToolRequest(f"call_{turn}", str(tool), text), turn)
            return record.result

    async def carry_out(self, request: ToolRequest, turn: int) -> ToolCallRecord:
        """Carry out one call of the model's `turn` (from 1) and record it; raises as `call`."""
        async with self._turn:
            self._check()
            return await self._carry_out(request, turn)

    async def _carry_out(self, request: ToolRequest, turn: int) -> ToolCallRecord:
        with acting_in(self):
            record = await self._toolbox.carry_out(
                request, turn, stage=self.stage, last_event=lambda: self.last_event
            )
        self.tool_calls.append(record)
        return record

    async def next_stage(self) -> str:
        """Go on to the next stage; returns its prompt, which opens a new conversation.

        Does what happens in between: the agent is logged out, others act, the world server
        restarts. May be called before the agent has ended its stage. Raises ValueError where no
        stage follows, WorldLost where the world failed, RuntimeError after `close`.
        """
        async with self._turn:
            if self.last_stage or self._verdict is not None:
                raise ValueError(f"{self.task.id} has no stage after the present one")
            await self.begin_stage(self.stage + 1)
        return self.prompt

    async def begin_stage(self, number: int) -> None:
        """Do what happens before stage `number`, and leave the agent disconnected."""
        self._check()
        stage = self.task.stages[number]
        with self._whole():
            await self._log_out()
            if number:
                self._played.append(Played(self._stage_events, await self.state(), self._begun))
                self._stage_events = []
            if stage.before:
                self.all_events += apart(await self.instance.arrange(stage.before))
            if stage.restart:
                await self.instance.restart()
            if stage.before and self.task.spec.goes_on:
                self._begun = await self.state()
            else:
                self._begun = None
        self.stage = number
        self.stage_over = False

    async def finish(self) -> Verdict:
        """Judge the world as it is now; the same verdict however often it is asked.

        Nothing is carried out afterwards. Raises WorldLost or WorldError where the world failed,
        RuntimeError after `close`.
        """
        if self._verdict is None:
            present = Played(self._stage_events, await self.state(), self._begun)
            self._verdict = judge(
                self.task, (*self._played, present), self.answer, weights=self._weights
            )
        return self._verdict

    def close(self) -> None:
        """Give the instance back. Never waits, may be called twice."""
        self.closed = True
        self._pool.release(self.instance)

    async def connect(self) -> str:
        """Log in as the agent's character and return the view on arriving."""
        self._check()
        if self._session is not None:
            return "You are already connected."
        started = time.perf_counter()
        with self._whole():
            self._session = await self.instance.open()
        self.seconds += time.perf_counter() - started
        self.sessions += 1
        self._record(self._session.event)
        return self._session.text

    async def command(self, text: str) -> Event:
        """Carry out one command of the agent.

        Raises NotConnected without a session, BudgetSpent where the task allows no more.
        """
        self._check()
        if self._session is None:
            raise NotConnected("you are not connected to the world: call evennia_connect first")
        if self.commands >= self.task.budget:
            ending = "evennia_submit" if self.last_stage else "evennia_disconnect"
            raise BudgetSpent(
                f"the {self.task.budget} commands that this task allows are spent, and this one was"
                f" not carried out: all that is left is {ending}"
            )
        self.commands += 1
        started = time.perf_counter()
        # what is refused for its length need not travel: a message has a limit, too
        with self._whole():
            event = await self._session.command(text[: MAX_COMMAND + 1])
        self.seconds += time.perf_counter() - started
        self._record(event)
        return event

    async def intervene(self, text: str) -> Event:
        """Carry out a command in the agent's place that is not recorded as the agent's."""
        self._check()
        if self._session is not None:  # a second session would end the first
            return await self._session.command(text)
        session = await self.instance.open()
        try:
            return await session.command(text)
        finally:
            await session.close()

    async def disconnect(self) -> str:
        """Log out. In all stages but the last this ends the stage.

        Raises NotConnected without a session.
        """
        if self._session is None:
            raise NotConnected("you are not connected to the world")
        await self._log_out()
        self.stage_over = not self.last_stage
        return "You have left the world. It keeps everything as it is."

    def submit(self, answer: dict[str, Any]) -> str:
        """Hand in the answer, which ends the episode."""
        if not self.last_stage:
            return "It is too early to submit: call evennia_disconnect when this part is done."
        self.answer = answer
        self.stage_over = True
        return "Your answer was taken."

    async def state(self) -> WorldState:
        """Read a snapshot of the instance from the world server."""
        self._check()
        return await self.instance.changed_state()

    def _check(self) -> None:
        """Raise where the episode cannot go on."""
        if self.closed:
            raise RuntimeError(f"{self.id} is closed: its world was given back")
        if self._interrupted:
            raise WorldLost(f"{self.id} was interrupted half-way: begin the task anew")

    @contextmanager
    def _whole(self) -> Iterator[None]:
        """Note when what is done in here was cancelled before its end."""
        try:
            yield
        except asyncio.CancelledError:
            self._interrupted = True
            raise

    def _record(self, event: Event) -> None:
        happened = apart(event)
        own = [e for e in happened if e.actor == event.actor]
        self.events += own
        self.all_events += happened
        self._stage_events += own

    async def _log_out(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            await session.close()
