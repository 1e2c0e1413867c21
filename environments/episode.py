"""The live world of one rollout: its instance, its sessions, its events, its answer."""

from __future__ import annotations

import time
from typing import Any, ClassVar

from environments.tasks.model import Task
from world_fixtures.client import Session
from world_fixtures.protocol import MAX_COMMAND, Event
from world_fixtures.servers import PooledInstance, ServerPool
from world_fixtures.state import WorldState


class NotConnected(Exception):
    """The agent used the world without a session; the message tells it what to do."""


class RolloutWorld:
    """One rollout's world. `begin` it, `close` it in a `finally`.

    `LIVE` finds the world of a task id, which is how a `ToolContext`, that is made from a
    task id alone, reaches it.
    """

    LIVE: ClassVar[dict[str, RolloutWorld]] = {}

    def __init__(self, task_id: str, task: Task, pool: ServerPool, instance: PooledInstance) -> None:
        self.task_id = task_id
        self.task = task
        self.instance = instance
        self.events: list[Event] = []
        """Of the agent, in order."""
        self.all_events: list[Event] = []
        """Of the other characters, too."""
        self.answer: dict[str, Any] | None = None
        self.stage = -1
        self.stage_over = False
        """The agent ended the stage: it disconnected, or in the last one submitted."""
        self.sessions = 0
        """Sessions the agent has opened."""
        self.seconds = 0.0
        """Time spent waiting for the world."""
        self._pool = pool
        self._session: Session | None = None

    @classmethod
    async def begin(cls, task_id: str, task: Task, pool: ServerPool) -> RolloutWorld:
        """Acquire an instance of the task's world and enter it in `LIVE`."""
        restarts = any(stage.restart for stage in task.stages)
        instance = await pool.acquire(task.spec, restarts=restarts)
        world = cls(task_id, task, pool, instance)
        cls.LIVE[task_id] = world
        return world

    async def begin_stage(self, number: int) -> None:
        """Do what happens between stages, and leave the agent disconnected."""
        self.stage = number
        self.stage_over = False
        await self._log_out()
        stage = self.task.stages[number]
        if stage.meanwhile:
            other = await self.instance.open(self.task.spec.characters[1].id)
            self.all_events.append(other.event)
            for command in stage.meanwhile:
                self.all_events.append(await other.command(command))
            await other.close()
        if stage.restart:
            await self.instance.restart()

    @property
    def last_stage(self) -> bool:
        return self.stage >= len(self.task.stages) - 1

    @property
    def last_event(self) -> int | None:
        """`seq` of the agent's last event."""
        return self.events[-1].seq if self.events else None

    async def connect(self) -> str:
        """Log in as the agent's character; the view on arriving."""
        if self._session is not None:
            return "You are already connected."
        started = time.perf_counter()
        self._session = await self.instance.open()
        self.seconds += time.perf_counter() - started
        self.sessions += 1
        self._record(self._session.event)
        return self._session.text

    async def command(self, text: str) -> Event:
        """Carry out one command of the agent. Raises NotConnected without a session."""
        if self._session is None:
            raise NotConnected("you are not connected to the world: call evennia_connect first")
        started = time.perf_counter()
        # what is refused for its length need not travel: a message has a limit, too
        event = await self._session.command(text[: MAX_COMMAND + 1])
        self.seconds += time.perf_counter() - started
        self._record(event)
        return event

    async def intervene(self, text: str) -> Event:
        """A command in the agent's place, which is not recorded as the agent's."""
        if self._session is not None:  # a second session would end the first
            return await self._session.command(text)
        session = await self.instance.open()
        try:
            return await session.command(text)
        finally:
            await session.close()

    async def disconnect(self) -> str:
        """Log out. In all stages but the last this ends the stage."""
        if self._session is None:
            raise NotConnected("you are not connected to the world")
        await self._log_out()
        self.stage_over = not self.last_stage
        return "You have left the world. It keeps everything as it is."

    def submit(self, answer: dict[str, Any]) -> str:
        """Hand in the answer, which ends the rollout."""
        if not self.last_stage:
            return "It is too early to submit: call evennia_disconnect when this part is done."
        self.answer = answer
        self.stage_over = True
        return "Your answer was taken."

    async def state(self) -> WorldState:
        return await self.instance.changed_state()

    def close(self) -> None:
        """Give the instance back. Never waits, may be called twice."""
        self.LIVE.pop(self.task_id, None)
        self._pool.release(self.instance)

    def _record(self, event: Event) -> None:
        self.events.append(event)
        self.all_events.append(event)

    async def _log_out(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            await session.close()
