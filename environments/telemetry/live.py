"""Worlds of sessions that another program runs, each traced while it is played.

`LiveSessions` serves hosts such as the Hermes plugin and the MCP server: one sealed instance a
session, the tools of the toolset `evennia` in it, and every event in the session's trace
before its observation is returned. A session that goes on in a later process finds its
world as it left it: the trace is played again first. While one process plays a session, others
are refused it.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from dataclasses import dataclass, field
from pathlib import Path

from environments.episode import Episode
from environments.rollouts.versions import VERSIONS
from environments.tasks.model import Family, Goal, Stage, Task, Unchanged, Visited
from environments.telemetry.ownership import SessionLock
from environments.telemetry.pairing import session_trace
from environments.telemetry.reading import Trace
from environments.telemetry.replay import other_rules
from environments.telemetry.trace import TraceEvent, TraceMeta
from environments.telemetry.writer import TraceWriter, disk
from environments.tools.registry import Tool, tools_of
from world_fixtures.common import UserError, WorldError, WorldLost
from world_fixtures.protocol import CONNECT, Event
from world_fixtures.servers import ServerPool
from world_fixtures.spec import WorldSpec

UNBOUNDED = 10**9
"""Commands and changes of a session that was set no task."""
KEPT = 64
"""Sessions whose worlds are kept in the server; one more ends that which was not used longest."""


class CallFailed(Exception):
    """A tool call that failed; the message is for the agent."""


@dataclass(frozen=True)
class Caller:
    """The place of a tool call in its transcript, as far as the agent says."""

    tool_call_id: str
    turn: int | None = None
    """1-based index of the model call."""
    api_request_id: str | None = None


def exploration(spec: WorldSpec) -> Task:
    """Return the task of a session that was set none: enter the world."""
    start = spec.agent.location
    return Task(
        id=f"explore/{spec.name}",
        family=Family.ORIENTATION,
        kind="explore",
        difficulty=1,
        seed=0,
        spec=spec,
        stages=(
            Stage(
                prompt=f"Explore {spec.title}.",
                goals=(Goal(name="enter", condition=Visited(rooms=(start,))),),
                unchanged=Unchanged(tolerance=UNBOUNDED),
                walkthrough=(),
            ),
        ),
        budget=UNBOUNDED,
        max_turns=UNBOUNDED,
    )


@dataclass
class _Session:
    """One session's world and trace."""

    world: Episode
    meta: TraceMeta
    root: Path
    known: int = 0
    """Events of the world that are in the trace or in `waiting`."""
    waiting: list[TraceEvent] = field(default_factory=list)
    """Events that the disk has not taken yet."""
    writer: TraceWriter | None = None
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Calls of one session are carried out one after the other."""

    def note(self, caller: Caller) -> None:
        """Make trace events of what `caller` did."""
        new = self.world.all_events[self.known :]
        self.known += len(new)
        self.waiting += [
            TraceEvent.of(
                event,
                session_id=self.meta.session_id,
                task_id=self.meta.task.id,
                stage=0,
                turn=caller.turn if event.cause is None else None,
                api_request_id=caller.api_request_id if event.cause is None else None,
                tool_call_id=caller.tool_call_id if event.cause is None else None,
            )
            for event in new
        ]

    def write(self) -> None:
        """Append the events that were noted; the file is opened by the first."""
        while self.waiting:
            if self.writer is None:
                self.writer = TraceWriter(self.root, self.meta)
            self.writer.append(self.waiting[0])
            del self.waiting[0]

    def rest(self) -> None:
        """Say in the meta file how many events there are; the session may still go on."""
        if self.writer is not None:
            self.writer.close()
            self.writer = None
            sessions = dict.fromkeys(e.session for e in self.world.all_events if e.session)
            ended = {"events": self.known - len(self.waiting), "world_sessions": tuple(sessions)}
            TraceWriter(self.root, self.meta.model_copy(update=ended)).close()


class LiveSessions:
    """The sessions of one process, by id. To be used in one event loop; `close` it there."""

    def __init__(self, root: Path, spec: WorldSpec) -> None:
        """Keep `root` of the telemetry tree and `spec`, of which every session gets an instance."""
        self.root = root
        self.task = exploration(spec)
        self.tools: dict[str, Tool] = tools_of(["evennia"])
        self._pool = ServerPool(1)
        self._sessions: dict[str, _Session] = {}
        """In the order of their last use."""
        self._locks: dict[str, SessionLock] = {}
        self._starting = asyncio.Lock()
        self._started = False

    async def close(self) -> None:
        """End every session and stop the world server."""
        for session_id in [*self._sessions, *self._locks]:
            self.end(session_id)
        if self._started:
            await self._pool.close()

    def claim(self, session_id: str) -> None:
        """Keep the session to this process until `end`. Raises UserError where another has it.

        What the disk refuses is left for the next call: it takes no event of the session either.
        """
        with contextlib.suppress(OSError):
            self._claim(session_id)

    def _claim(self, session_id: str) -> None:
        if session_id not in self._locks:
            self._locks[session_id] = SessionLock(self.root, session_id)

    async def act(
        self, session_id: str, tool: str, arguments: dict[str, object], caller: Caller,
        *, model: str = "", provider: str = "",
    ) -> str:  # fmt: skip
        """Return the result of one tool call, as the agent is to see it. Raises CallFailed.

        The result is returned when the trace has what the call did.
        """
        try:
            self.claim(session_id)
            session = await self._session(session_id, model, provider)
            async with session.turn:
                try:
                    return await self.tools[tool].bind(session.world).handler(arguments, session_id)
                finally:
                    session.note(caller)
                    with disk(self.root):
                        self._claim(session_id)
                    session.write()
        except (WorldLost, WorldError) as error:
            self.end(session_id)
            raise CallFailed(f"the world is gone ({error}): connect again") from error
        except Exception as error:
            raise CallFailed(str(error)) from error

    def rest(self, session_id: str) -> None:
        """Complete the trace of an agent that stopped for now and may go on."""
        if session_id in self._sessions:
            self._sessions[session_id].rest()
        else:  # it was claimed, and nothing was played
            self.end(session_id)

    def end(self, session_id: str) -> None:
        """Finish the trace, give the instance back, and let other processes have the session."""
        session = self._sessions.pop(session_id, None)
        lock = self._locks.pop(session_id, None)
        try:
            if session is not None:
                try:
                    session.rest()
                finally:
                    session.world.close()
        finally:
            if lock is not None:
                lock.release()

    async def _session(self, session_id: str, model: str, provider: str) -> _Session:
        async with self._starting:
            if session_id in self._sessions:
                session = self._sessions.pop(session_id)
            else:
                if not self._started:
                    await self._pool.__aenter__()
                    self._started = True
                self._make_room()
                session = await self._begin(session_id, model, provider)
            self._sessions[session_id] = session
            return session

    def _make_room(self) -> None:
        idle = [id_ for id_, session in self._sessions.items() if not session.turn.locked()]
        for id_ in idle[: max(0, len(self._sessions) - KEPT + 1)]:
            self.end(id_)

    async def _begin(self, session_id: str, model: str, provider: str) -> _Session:
        earlier = session_trace(self.root, session_id)
        if earlier is not None and (told := other_rules(earlier.meta)):
            raise UserError(f"{earlier.path} {told}: begin a new session")
        task = self.task if earlier is None else earlier.meta.task
        meta = TraceMeta(
            session_id=session_id,
            account=task.spec.agent.id,
            model=model,
            provider=provider,
            task=task,
            spec_hash=task.spec.hash,
            seed=task.seed,
            versions=VERSIONS,
            started=time.time() if earlier is None else earlier.meta.started,
        )
        world = await Episode.begin(self._pool, task, id=session_id)
        try:
            session = _Session(world, meta, self.root)
            if earlier is not None:
                session.known = await _play_again(world, earlier)
            return session
        except BaseException:
            world.close()
            raise


async def _play_again(world: Episode, trace: Trace) -> int:
    """Bring a fresh world to where `trace` ends, logged out; returns the number of events."""
    for event in trace.events:
        if event.cause is None:
            await _repeat(world, event)
        again = world.all_events[event.seq - 1] if event.seq <= len(world.all_events) else None
        if again is None or (again.seq, again.state_hash) != (event.seq, event.state_hash):
            raise UserError(
                f"{trace.path}: event {event.seq} comes out otherwise today, so the session "
                "cannot go on: begin a new one"
            )
    await world.begin_stage(0)
    return len(trace.events)


async def _repeat(world: Episode, event: Event) -> None:
    if event.verb == CONNECT:
        await world.begin_stage(0)  # logs out the session that is open
        await world.connect()
    else:
        await world.command(event.raw)
