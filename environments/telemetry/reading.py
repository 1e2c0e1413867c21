"""Reading a trace back, and checking a whole tree of them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from environments.rollouts.files import read_file
from environments.tasks.version import TASKS_VERSION
from environments.telemetry.layout import DAY, EVENTS, META, meta_path, trace_path
from environments.telemetry.trace import TraceEvent, TraceMeta
from world_fixtures.common import UserError

Model = TypeVar("Model", bound=BaseModel)


@dataclass(frozen=True)
class Trace:
    """A trace as it was recorded."""

    path: Path
    meta: TraceMeta
    events: list[TraceEvent]


def read_trace(path: Path) -> Trace:
    """Read the trace whose events are in `path`, without a last line that a crash left incomplete.

    Raises UserError naming the file and the line that is damaged.
    """
    meta_file = meta_path(path)
    try:
        meta = _parsed(TraceMeta, read_file(meta_file), str(meta_file))
        lines = read_file(path).split(b"\n")[:-1]
    except OSError as error:
        raise UserError(f"cannot read {error.filename} ({error.strerror})") from error
    events = [_parsed(TraceEvent, line, f"{path} line {n}") for n, line in enumerate(lines, 1)]
    return Trace(path, meta, events)


def problems_of(trace: Trace) -> list[str]:
    """Return what is wrong with a trace that can be read, one line each, without playing it."""
    meta, found = trace.meta, []
    if trace.path.name != meta.session_id + EVENTS:
        found.append(f"{trace.path}: is not named after its session {meta.session_id!r}")
    if meta.task.version == TASKS_VERSION and meta.task.spec.hash != meta.spec_hash:
        found.append(f"{trace.path}: spec_hash in the meta file is not that of the task's world")
    for n, event in enumerate(trace.events, 1):
        line = f"{trace.path} line {n}"
        if event.seq != n:
            found.append(f"{line}: seq is {event.seq}, expected {n}")
            break
        if event.cause is not None and not _follows(event, trace.events[n - 2] if n > 1 else None):
            found.append(f"{line}: follows from event {event.cause}, which is not before it")
        if event.session_id != meta.session_id:
            found.append(f"{line}: session_id is {event.session_id!r}, not {meta.session_id!r}")
        if event.task_id != meta.task.id:
            found.append(f"{line}: task_id is {event.task_id!r}, not {meta.task.id!r}")
        if event.actor == meta.account and event.cause is None and event.tool_call_id is None:
            found.append(f"{line}: an event of the agent has no tool_call_id")
    if meta.events not in (None, len(trace.events)):
        found.append(f"{trace.path}: {len(trace.events)} events, the meta file says {meta.events}")
    return found


def _follows(event: TraceEvent, earlier: TraceEvent | None) -> bool:
    """Tell whether the event before one is its cause, or has the same cause."""
    return earlier is not None and event.cause in (earlier.seq, earlier.cause)


def validate_tree(root: Path) -> tuple[int, list[str]]:
    """Return the number of traces in a tree, and all that is wrong with it, one line each.

    Raises UserError where there is no such directory.
    """
    if not root.is_dir():
        raise UserError(f"{root} is no directory: give the root of a telemetry tree")
    traces = sorted(p for p in root.rglob("*" + EVENTS) if p.is_file())
    found = []
    for path in traces:
        found += _file_problems(path, root)
    for path in sorted(root.rglob("*" + META)):
        if not path.with_name(path.name.removesuffix(META) + EVENTS).is_file():
            found.append(f"{path}: has no events file beside it")
    return len(traces), found


def _file_problems(path: Path, root: Path) -> list[str]:
    try:
        trace = read_trace(path)
    except UserError as error:
        return [str(error)]
    found = problems_of(trace)
    if path.parent.parent != root or not DAY.fullmatch(path.parent.name):
        found.append(f"{path}: is not in a directory {root}/YYYYMMDD")
    elif path != trace_path(root, trace.meta.session_id, trace.meta.started):
        found.append(f"{path}: is not where a session of its id and start belongs")
    if not path.read_bytes().endswith(b"\n") and path.stat().st_size:
        found.append(f"{path}: the last line was not written to its end")
    return found


def _parsed(model: type[Model], text: bytes, place: str) -> Model:
    try:
        return model.model_validate(json.loads(text))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise UserError(f"{place}: {where}: {first['msg']}") from error
    except (ValueError, RecursionError) as error:
        raise UserError(f"{place}: is not JSON ({error})") from error
