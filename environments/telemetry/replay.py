"""Replay of a trace in a fresh world, compared with the recording step by step.

Strict: every observation, every change and every hash must be what was recorded, and no
step may be missing. Commands are carried out again, of whichever character; what follows from one
(`cause`) is not, but must follow again. What is arranged between stages is arranged again. Restarts
between stages are not replayed, since a world's state survives them. Only traces of the present
version of the tasks can be replayed: under other rules a command does something else.
"""

from __future__ import annotations

import asyncio
import os
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from environments.tasks.version import TASKS_VERSION
from environments.telemetry.reading import Trace, read_trace
from environments.telemetry.trace import TraceEvent, TraceMeta
from world_fixtures.client import Instance, Session
from world_fixtures.common import Frozen, UserError, WorldError, WorldLost
from world_fixtures.protocol import ARRANGE, CONNECT, MAX_COMMAND, WORLD, Event, apart
from world_fixtures.rules import parse
from world_fixtures.rules.passing import rearranged
from world_fixtures.servers import ServerPool

COMPARED = (
    "actor", "room", "verb", "args", "objects", "kind", "text", "changes", "reveals", "state_hash",
    "cause",
)  # fmt: skip
AT_ONCE = 32
"""Traces replayed at the same time."""
TRACES_A_SERVER = 16
"""Below this a further server costs more than it saves."""


class Difference(Frozen):
    """The first difference between a trace and its replay."""

    trace: str
    """Path of the events file."""
    seq: int
    """Step, 1-based; 0 where the trace as a whole is at fault."""
    field: str
    expected: Any
    """As recorded."""
    got: Any
    context: str = ""
    """The command of the step."""

    def __str__(self) -> str:
        step = f" ({self.context!r})" if self.context else ""
        return (
            f"{self.trace} seq {self.seq}{step}: {self.field} differs\n"
            f"  expected {self.expected!r}\n  got      {self.got!r}"
        )


class Replayed(Frozen):
    """The result of replaying one trace."""

    trace: str
    events: int
    """Steps that came out as recorded."""
    difference: Difference | None = None


async def replay_all(
    paths: Sequence[Path],
    pool: ServerPool,
    *,
    at_once: int = AT_ONCE,
    done: Callable[[Replayed], None] = lambda replayed: None,
) -> list[Replayed]:
    """Replay traces side by side, each in a world of its own; results in the order of `paths`."""
    slots = asyncio.Semaphore(at_once)

    async def one(path: Path) -> Replayed:
        async with slots:
            result = await replay_file(path, pool)
        done(result)
        return result

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(one(path)) for path in paths]
    return [task.result() for task in tasks]


def other_rules(meta: TraceMeta) -> str:
    """Say that a trace was made under other rules than today's; empty where it was not."""
    if meta.task.version == TASKS_VERSION:
        return ""
    return (
        f"was made under the rules of tasks version {meta.task.version}, and these are of version"
        f" {TASKS_VERSION}"
    )


def servers_for(traces: int) -> int:
    """Return how many world servers to replay so many traces with.

    One a core: unlike a model's answers, a replay costs this process next to nothing.
    """
    return min(os.cpu_count() or 1, 1 + traces // TRACES_A_SERVER)


async def replay_file(path: Path, pool: ServerPool) -> Replayed:
    """Replay one trace; one that cannot be read, too, is a difference."""
    try:
        trace = read_trace(path)
    except UserError as error:
        difference = Difference(
            trace=str(path), seq=0, field="trace", expected="a whole trace", got=str(error)
        )
        return Replayed(trace=str(path), events=0, difference=difference)
    return await replay(trace, pool)


async def replay(trace: Trace, pool: ServerPool) -> Replayed:
    """Replay a trace up to its first difference.

    Raises UserError where it was made under other rules.
    """
    if told := other_rules(trace.meta):
        raise UserError(f"{trace.path} {told}: it cannot be replayed")
    found = _Comparison(trace)
    spec = trace.meta.task.spec
    if found.differs(0, "spec_hash", trace.meta.spec_hash, spec.hash):
        return found.result
    try:
        instance = await pool.acquire(spec)
        try:
            await _play(instance, trace, found)
        finally:
            pool.release(instance)
    except (WorldError, WorldLost) as error:
        found.differs(found.played + 1, "world", "an answer", str(error))
    return found.result


async def _play(instance: Instance, trace: Trace, found: _Comparison) -> None:
    """Play the steps in order, up to the first that differs."""
    sessions: dict[str, Session] = {}
    following: deque[Event] = deque()
    """What followed from the last command and was not compared yet."""
    for seq, expected in enumerate(trace.events, 1):
        if (expected.cause is None or expected.seq != seq) and found.more(following):
            return
        if found.differs(seq, "seq", seq, expected.seq):  # a step of the trace is missing
            return
        if expected.cause is None:
            got = await _step(instance, sessions, expected)
            if got is not None:
                got, *after = apart(got)
                following.extend(after)
            if found.step(expected, got):
                return
        elif not following:
            found.differs(seq, "event", _named(expected), "nothing", expected.raw)
            return
        elif found.step(expected, following.popleft()):
            return
        found.played = seq
    total = len(trace.events)
    if trace.meta.events is None:  # the session may have been cut off within a group
        return
    if not found.more(following) and trace.meta.events != total:
        found.differs(total + 1, "seq", trace.meta.events, "the trace ends here")


def _named(event: Event) -> str:
    """Name what somebody did, or what time brought about."""
    return f"{event.actor}: {event.raw or event.verb}"


async def _step(instance: Instance, sessions: dict[str, Session], step: TraceEvent) -> Event | None:
    """Carry out a step of the trace; None where its character was never connected."""
    if step.verb == CONNECT:
        if step.actor in sessions:
            await sessions.pop(step.actor).close()
        sessions[step.actor] = await instance.open(step.actor)
        return sessions[step.actor].event
    if (step.actor, step.verb) == (WORLD, ARRANGE):
        return await instance.arrange(rearranged(step.changes))
    if step.actor not in sessions:
        return None
    return await sessions[step.actor].command(_typed(step))


def _typed(step: TraceEvent) -> str:
    """Return the command as it was typed: one that was too long is recorded cut."""
    longer = step.raw + "."
    cut = len(step.raw) == MAX_COMMAND and parse(longer).error == step.text
    return longer if cut else step.raw


class _Comparison:
    """The first difference of one trace, while it is replayed."""

    def __init__(self, trace: Trace) -> None:
        self.trace = trace
        self.first: Difference | None = None
        self.played = 0
        """Steps that came out the same."""

    def differs(self, seq: int, field: str, expected: Any, got: Any, context: str = "") -> bool:
        if expected == got:
            return False
        self.first = Difference(
            trace=str(self.trace.path), seq=seq, field=field, expected=expected, got=got,
            context=context,
        )  # fmt: skip
        return True

    def more(self, following: Sequence[Event]) -> bool:
        """Note the first of the events that followed in the replay and were not recorded."""
        if not following:
            return False
        seq = following[0].seq
        return self.differs(seq, "event", "nothing", _named(following[0]), following[0].raw)

    def step(self, expected: TraceEvent, got: Event | None) -> bool:
        command = expected.raw or str(expected.verb)
        if got is None:
            return self.differs(
                expected.seq, "session", f"{expected.actor} connected", "not connected", command
            )
        recorded, played = expected.model_dump(mode="json"), got.model_dump(mode="json")
        return any(
            self.differs(expected.seq, name, recorded.get(name), played.get(name), command)
            for name in ("seq", *COMPARED)
        )

    @property
    def result(self) -> Replayed:
        return Replayed(trace=str(self.trace.path), events=self.played, difference=self.first)
