"""Joining transcripts with traces: each world event with the tool call that caused it.

Calls and events are aligned in their order, since ids may come again in later turns:
hermes-agent persists no more than session id and tool call id.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from pathlib import Path

from environments.rollouts.record import Rollout, ToolCallRecord
from environments.telemetry.hermes_sessions import HermesSession, object_of
from environments.telemetry.layout import EVENTS, trace_path
from environments.telemetry.reading import Trace, read_trace
from environments.telemetry.trace import TraceEvent
from world_fixtures.protocol import CONNECT, MAX_COMMAND

ACTING = ("evennia_connect", "evennia_command", "evennia_observe")
"""Tools whose calls make events."""
BIND = "bind_session"
"""Tool of the MCP server with which an agent names its session."""
CONNECTED = "You are already connected."
"""Result of connecting twice, which is no event."""


@dataclass
class Pairing:
    """What was matched, and what was left over on either side."""

    matched: int = 0
    others: int = 0
    """Events of characters the agent does not play, and what followed from commands: they have no
    tool call."""
    unmatched: list[str] = field(default_factory=list)
    """One line each, session first."""

    def add(self, other: Pairing) -> None:
        """Add the counts and lines of another result."""
        self.matched += other.matched
        self.others += other.others
        self.unmatched += other.unmatched


@dataclass
class _Transcript:
    """The calls of one transcript that belong to one trace."""

    calls: list[ToolCallRecord] = field(default_factory=list)
    turns: bool = False
    """The trace counts turns as the transcript does."""
    ids: bool = True
    """The trace has the transcript's tool call ids; a server of MCP does not get them."""


def session_trace(root: Path, session_id: str) -> Trace | None:
    """Read the trace of a session in a tree, whatever its day; None without one.

    Raises UserError for a bad id.
    """
    name = trace_path(root, session_id, 0).name
    found = sorted(root.glob(f"[0-9]*/{name}"))
    return read_trace(found[-1].with_name(session_id + EVENTS)) if found else None


def pair_rollout(rollout: Rollout, root: Path) -> Pairing:
    """Match a rollout with its trace under `root`."""
    path = trace_path(root, rollout.id, rollout.started)
    if not path.exists():
        return Pairing(unmatched=[f"{rollout.id}: has no trace at {path}"])
    return _pair(_Transcript(rollout.tool_calls, turns=True), read_trace(path))


def pair_hermes(sessions: Sequence[HermesSession], root: Path) -> list[Pairing]:
    """Match sessions of hermes-agent with their traces under `root`, one result a trace.

    Sessions that had no part in any world have none.
    """
    transcripts: dict[str, _Transcript] = {}
    for session in sessions:
        _add_calls(transcripts, session)
    found = []
    for session_id, part in transcripts.items():
        trace = session_trace(root, session_id)
        if trace is not None:
            found.append(_pair(part, trace))
        elif any(map(_due, part.calls)):
            found.append(Pairing(unmatched=[f"{session_id}: has no trace in {root}"]))
    return found


def _add_calls(transcripts: dict[str, _Transcript], session: HermesSession) -> None:
    """Add the session's calls to the traces they belong to: its own, and those bound by MCP."""
    own = transcripts.setdefault(session.id, _Transcript())
    bound: dict[str, str] = {}
    for call in session.tool_calls:
        prefix, found, _ = call.name.rpartition(BIND)
        if found and prefix:  # tools of a server are named after it: mcp__<server>__<tool>
            bound[prefix] = _bound(call) or bound.get(prefix, "")
            continue
        server = next((s for s in bound if bound[s] and call.name.startswith(s)), None)
        if server is None:
            own.calls.append(call)
        else:
            tool = "evennia_" + call.name.removeprefix(server)
            part = transcripts.setdefault(bound[server], _Transcript(ids=False))
            part.calls.append(call.model_copy(update={"name": tool}))


def _bound(call: ToolCallRecord) -> str | None:
    """Return the session id that binding gave, inside what hermes-agent wraps around it."""
    found = object_of(call.result) or {}
    if isinstance(found.get("result"), str):
        found = object_of(found["result"]) or {}
    return found.get("session_id")


def _pair(transcript: _Transcript, trace: Trace) -> Pairing:
    session_id = trace.meta.session_id
    calls = [c for c in transcript.calls if c.name in ACTING]
    events = [
        e
        for e in trace.events
        if e.tool_call_id is not None or (e.actor == trace.meta.account and e.cause is None)
    ]
    found = Pairing(others=len(trace.events) - len(events))
    matcher = SequenceMatcher(
        None,
        [(*_ids(transcript, c.turn, c.id), _asked(c)) for c in calls],
        [(*_ids(transcript, e.turn, e.tool_call_id), _done(e)) for e in events],
        autojunk=False,
    )
    for same, first, last, begin, end in matcher.get_opcodes():
        if same == "equal":
            found.matched += end - begin
        else:
            found.unmatched += _left(transcript, session_id, calls[first:last], events[begin:end])
    return found


def _left(
    transcript: _Transcript,
    session_id: str,
    calls: list[ToolCallRecord],
    events: Sequence[TraceEvent],
) -> list[str]:
    """Return what is wrong between two places where calls and events agree; one line each."""
    found = []
    for event in events:
        place = f"{session_id}: event {event.seq} ({event.raw[:60] or event.verb!r})"
        ids = _ids(transcript, event.turn, event.tool_call_id)
        made = next(
            (c for c in calls if transcript.ids and _ids(transcript, c.turn, c.id) == ids), None
        )
        if made is None:
            found.append(f"{place} has no tool call {event.tool_call_id!r}")
        else:
            calls.remove(made)
            found.append(f"{place} is not what tool call {made.id!r} asked for")
    return found + [
        f"{session_id}: tool call {call.id!r} ({call.name}, turn {call.turn}) has no event"
        for call in calls
        if _due(call)
    ]


def _ids(
    transcript: _Transcript, turn: int | None, id_: str | None
) -> tuple[int | None, str | None]:
    return turn if transcript.turns else None, id_ if transcript.ids else None


def _asked(call: ToolCallRecord) -> tuple[str, str]:
    if call.name == "evennia_connect":
        return CONNECT, ""
    if call.name == "evennia_observe":
        return "command", "look"
    command = call.arguments.get("command") if isinstance(call.arguments, dict) else None
    return "command", command[:MAX_COMMAND] if isinstance(command, str) else ""


def _done(event: TraceEvent) -> tuple[str, str]:
    return (CONNECT, "") if event.verb == CONNECT else ("command", event.raw)


def _due(call: ToolCallRecord) -> bool:
    """Tell whether the world must have an event of this call."""
    if call.event is not None:
        return True
    if call.name == "evennia_connect":
        return bool(call.result) and call.error is None and CONNECTED not in call.result
    return call.name in ACTING and bool(call.result) and call.error is None
