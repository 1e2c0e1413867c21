"""From an instance in which several characters were played to the trace of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from environments.rollouts.versions import VERSIONS
from environments.tasks.model import Task
from environments.telemetry.recording import write_trace
from environments.telemetry.trace import TraceEvent, TraceMeta
from world_fixtures.common import UserError
from world_fixtures.protocol import Event


def record_instance(
    task: Task, log: Sequence[Event], root: Path, models: Mapping[str, str], *, name: str
) -> dict[str, Path]:
    """Write the trace of each character that was played in one instance, and return their paths.

    Each trace holds all events of the instance, so that it can be replayed by itself; those of its
    own character have a `turn` and a tool call, `call_1` and so on.

    Args:
        task: what was played, with the spec of the instance; `exploration` makes one where no
            task was set.
        log: the events of the instance, from its first.
        root: of the telemetry tree.
        models: who played each character, by the character's id.
        name: the session ids are `<name>-<character>`.

    Raises UserError for a character that did nothing, and where a session has other events there.
    """
    for character in models:
        if not any(_own(event, character) for event in log):
            raise UserError(f"{character!r} did nothing in this instance: leave it out of models")
    written = {}
    for character, model in models.items():
        meta = TraceMeta(
            session_id=f"{name}-{character}", account=character, model=model, task=task,
            world_sessions=tuple(
                dict.fromkeys(e.session for e in log if e.actor == character and e.session)
            ),
            spec_hash=task.spec.hash, seed=task.seed, versions=VERSIONS, group=name,
            started=log[0].ts, events=len(log),
        )  # fmt: skip
        written[character] = write_trace(meta, _lines(log, meta), root)
    return written


def _lines(log: Sequence[Event], meta: TraceMeta) -> list[TraceEvent]:
    lines, turn = [], 0
    for event in log:
        own = _own(event, meta.account)
        turn += own
        lines.append(
            TraceEvent.of(
                event, session_id=meta.session_id, task_id=meta.task.id, stage=0,
                turn=turn if own else None, tool_call_id=f"call_{turn}" if own else None,
            )
        )  # fmt: skip
    return lines


def _own(event: Event, character: str) -> bool:
    return event.actor == character and event.cause is None
