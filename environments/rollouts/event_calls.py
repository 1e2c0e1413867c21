"""The events of a rollout with the tool calls that caused them."""

from __future__ import annotations

from environments.rollouts.record import Rollout, ToolCallRecord
from world_fixtures.protocol import Event


def events_with_calls(rollout: Rollout) -> list[tuple[Event, int, ToolCallRecord | None]]:
    """Return each event of a rollout, in order, with its stage (0-based) and its tool call.

    The tool call is None for what other characters did, which belongs to the stage that follows,
    and for what followed from a command, which belongs to the stage of that.
    """
    calls = {c.event: c for c in rollout.tool_calls if c.event is not None}
    stage = max((c.stage for c in rollout.tool_calls), default=0)
    stages: dict[int, int] = {}
    for event in reversed(rollout.events):
        if event.cause is None:
            call = calls.get(event.seq)
            stage = stages[event.seq] = call.stage if call else stage
    return [
        (event, stages.get(event.cause or event.seq, stage), calls.get(event.seq))
        for event in rollout.events
    ]
