"""The events of a rollout with the tool calls that caused them."""

from __future__ import annotations

from environments.rollouts.record import Rollout, ToolCallRecord
from world_fixtures.protocol import Event


def events_with_calls(rollout: Rollout) -> list[tuple[Event, int, ToolCallRecord | None]]:
    """Return each event of a rollout, in order, with its stage (0-based) and its tool call.

    The tool call is None for what other characters did, which belongs to the stage that follows.
    """
    calls = {c.event: c for c in rollout.tool_calls if c.event is not None}
    stage = max((c.stage for c in rollout.tool_calls), default=0)
    found = []
    for event in reversed(rollout.events):
        call = calls.get(event.seq)
        stage = call.stage if call else stage
        found.append((event, stage, call))
    return found[::-1]
