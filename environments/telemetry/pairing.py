"""Joining transcripts with traces: each world event with the tool call that caused it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from environments.telemetry.layout import trace_path
from environments.telemetry.reading import Trace, read_trace
from environments.telemetry.trace import TraceEvent
from environments.trajectories.record import Rollout, ToolCallRecord
from world_fixtures.protocol import CONNECT, MAX_COMMAND

Key = tuple[str, int | None, str]
"""Session id, turn, tool call id: endpoints may give a call id again in a later turn."""


@dataclass
class Pairing:
    """What was joined, and what was left over on either side."""

    matched: int = 0
    others: int = 0
    """Events of characters the agent does not play: they have no tool call."""
    unmatched: list[str] = field(default_factory=list)
    """One line each, session first."""

    def add(self, other: Pairing) -> None:
        self.matched += other.matched
        self.others += other.others
        self.unmatched += other.unmatched


def pair_rollout(rollout: Rollout, root: Path) -> Pairing:
    """Join a rollout with its trace under `root`."""
    path = trace_path(root, rollout.id, rollout.started)
    if not path.exists():
        return Pairing(unmatched=[f"{rollout.id}: has no trace at {path}"])
    return pair(rollout, read_trace(path))


def pair(rollout: Rollout, trace: Trace) -> Pairing:
    """Join a rollout's tool calls with the events of `trace`."""
    calls: dict[Key, ToolCallRecord] = {}
    found = Pairing()
    for call in filter(_acted, rollout.tool_calls):
        if (rollout.id, call.turn, call.id) in calls:
            found.unmatched.append(f"{rollout.id}: tool call {call.id!r} of turn {call.turn} twice")
        calls[rollout.id, call.turn, call.id] = call
    for event in trace.events:
        place = f"{rollout.id}: event {event.seq} ({event.raw[:60] or event.verb!r})"
        if event.tool_call_id is None and event.actor != trace.meta.account:
            found.others += 1
            continue
        made = calls.pop((event.session_id, event.turn, event.tool_call_id or ""), None)
        if made is None:
            found.unmatched.append(f"{place} has no tool call {event.tool_call_id!r}")
        elif not _caused(made, event):
            found.unmatched.append(f"{place} is not what tool call {made.id!r} asked for")
        else:
            found.matched += 1
    found.unmatched += [
        f"{rollout.id}: tool call {call.id!r} ({call.name}, turn {call.turn}) has no event"
        for call in calls.values()
    ]
    return found


def _acted(call: ToolCallRecord) -> bool:
    """Whether the world must have an event of this call."""
    if call.event is not None:
        return True
    return call.name in ("evennia_command", "evennia_observe") and call.error is None


def _caused(call: ToolCallRecord, event: TraceEvent) -> bool:
    if call.name == "evennia_connect":
        return event.verb == CONNECT
    if call.name == "evennia_observe":
        return event.raw == "look"
    asked = call.arguments.get("command") if isinstance(call.arguments, dict) else None
    return isinstance(asked, str) and event.raw == asked[:MAX_COMMAND]
