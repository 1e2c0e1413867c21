"""Lines of the search as traces: written for `evennia-world replay`, or repeated on a server."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

from environments.audit.line import Line, Meter
from environments.audit.shrink import Given
from environments.audit.subject import TaskSubject
from environments.tasks.model import Task
from environments.tasks.version import TASKS_VERSION
from environments.telemetry.layout import EVENTS
from environments.telemetry.reading import Trace
from environments.telemetry.replay import Difference, replay
from environments.telemetry.trace import TraceEvent, TraceMeta
from environments.telemetry.writer import TraceWriter
from world_fixtures.protocol import Event
from world_fixtures.servers import ServerPool
from world_fixtures.spec import WorldSpec
from world_fixtures.state import entity_digest, initial_fields, state_hash

STARTED = 0.0
"""A line has no time of its own: the same search writes the same files."""
MODEL = "audit"
AT_ONCE = 16
"""Lines repeated side by side."""


def trace_of(task: Task, given: Given, name: str) -> Trace:
    """Return the trace of commands by stage, played in memory, with the hash of every state."""
    subject = TaskSubject(task)
    line = Line(subject, Meter(sum(map(len, given))))
    events: list[TraceEvent] = []
    states = _States(task.spec)
    _take(line, events, name, states)
    for n, commands in enumerate(given):
        if n:
            line.next_stage()
            _take(line, events, name, states)
        for command in commands:
            line.do(command)
            _take(line, events, name, states)
    meta = TraceMeta(
        session_id=name, account=line.agent, model=MODEL, task=task, spec_hash=task.spec.hash,
        seed=task.seed, versions={"tasks": str(TASKS_VERSION)}, started=STARTED,
        events=len(events),
    )  # fmt: skip
    return Trace(Path(name + EVENTS), meta, events)


class _States:
    """The hash after each event, which follows from what the events have changed up to it."""

    def __init__(self, spec: WorldSpec) -> None:
        self._spec_hash = spec.hash
        self._fields = initial_fields(spec)
        self._digests = {e: entity_digest(e, f) for e, f in self._fields.items()}

    def after(self, event: Event) -> str:
        for change in event.changes:
            self._fields[change.entity][change.field] = change.after
        for entity in {change.entity for change in event.changes}:
            self._digests[entity] = entity_digest(entity, self._fields[entity])
        return state_hash(self._spec_hash, self._digests.items())


def _take(line: Line, events: list[TraceEvent], name: str, states: _States) -> None:
    """Take over the line's new events."""
    known = sum(e.stage == line.stage for e in events)
    for event in line.parts[-1][known:]:
        turn = len(events) + 1
        own = event.actor == line.agent and event.cause is None
        events.append(
            TraceEvent.of(
                event.model_copy(update={"state_hash": states.after(event)}),
                session_id=name, task_id=line.subject.id, stage=line.stage,
                turn=turn if own else None, tool_call_id=f"call_{turn}" if own else None,
            )
        )  # fmt: skip


def write_trace(trace: Trace, root: Path) -> Path:
    """Write a trace below `root`; returns the file of its events.

    Raises UserError where the disk refuses.
    """
    with TraceWriter(root, trace.meta) as writer:
        writer.path.unlink(missing_ok=True)
    with TraceWriter(root, trace.meta) as writer:
        for event in trace.events:
            writer.append(event)
        return writer.path


async def repeat(lines: Sequence[tuple[Task, Given]], servers: int) -> tuple[int, list[Difference]]:
    """Play lines again on real world servers.

    Returns the number of commands, and the first difference of each line that came out otherwise.
    """
    commands = 0
    differences: list[Difference] = []
    slots = asyncio.Semaphore(AT_ONCE)

    async def again(n: int, task: Task, given: Given) -> None:
        nonlocal commands
        async with slots:
            result = await replay(trace_of(task, given, f"audit-{n}"), pool)
        commands += sum(map(len, given))
        if result.difference:
            differences.append(result.difference)

    async with ServerPool(servers) as pool, asyncio.TaskGroup() as group:
        for n, (task, given) in enumerate(lines, 1):
            group.create_task(again(n, task, given))
    return commands, sorted(differences, key=lambda d: d.trace)
