"""From a finished rollout to its trace, and whole traces to files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pydantic import ValidationError

from environments.rollouts.event_calls import events_with_calls
from environments.rollouts.files import read_file
from environments.rollouts.record import Rollout
from environments.telemetry.layout import trace_path
from environments.telemetry.trace import TraceEvent, TraceMeta
from environments.telemetry.writer import TraceWriter, day_locked, line_of
from world_fixtures.common import UserError


def record_rollout(rollout: Rollout, root: Path) -> Path:
    """Write the trace of a rollout and return the path of its events, as `write_trace` does."""
    return write_trace(trace_meta(rollout), trace_events(rollout), root)


def write_trace(meta: TraceMeta, events: Sequence[TraceEvent], root: Path) -> Path:
    """Write a whole trace and return the path of its events.

    A trace that was begun with the same events is completed, so recording again changes
    nothing. Raises UserError where the session has other events there.
    """
    path = trace_path(root, meta.session_id, meta.started)
    with day_locked(path):
        there = read_file(path) if path.exists() else b""
        whole = there[: there.rfind(b"\n") + 1].splitlines(keepends=True)
        if not _same(whole, events[: len(whole)]):
            raise UserError(
                f"{path} holds other events of session {meta.session_id!r}: choose another --root"
            )
        with TraceWriter(root, meta) as writer:
            for event in events[len(whole) :]:
                writer.append(event)
    return path


def _same(lines: list[bytes], events: Sequence[TraceEvent]) -> bool:
    """Tell whether lines hold these events; an earlier version wrote fewer fields of one."""
    if lines == [line_of(e) for e in events]:
        return True
    try:
        return [TraceEvent.model_validate_json(line) for line in lines] == list(events)
    except ValidationError:
        return False


def trace_meta(rollout: Rollout) -> TraceMeta:
    """Return the content of the meta file of a rollout's trace."""
    task = rollout.task
    agent = task.spec.agent.id
    return TraceMeta(
        session_id=rollout.id,
        account=agent,
        world_sessions=tuple(
            dict.fromkeys(e.session for e in rollout.events if e.actor == agent and e.session)
        ),
        model=rollout.model,
        provider=rollout.provider,
        task=task,
        spec_hash=task.spec.hash,
        seed=task.seed,
        versions=rollout.versions,
        group=rollout.group,
        attempt=rollout.attempt,
        started=rollout.started,
        events=len(rollout.events),
    )  # fmt: skip


def trace_events(rollout: Rollout) -> list[TraceEvent]:
    """Return the rollout's events, in order, each with the tool call that caused it."""
    return [
        TraceEvent.of(
            event,
            session_id=rollout.id,
            task_id=rollout.task.id,
            stage=stage,
            turn=call.turn if call else None,
            tool_call_id=call.id if call else None,
        )
        for event, stage, call in events_with_calls(rollout)
    ]
