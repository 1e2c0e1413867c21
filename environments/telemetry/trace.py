"""The models of a trace: one line for each event of a session, and its meta file."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from pydantic.json_schema import models_json_schema

from environments.tasks.model import Task
from environments.telemetry.layout import SESSION_ID
from world_fixtures.protocol import Event


class TraceEvent(Event):
    """One line of a trace: a world event and what it joins to in the transcript."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    session_id: str = Field(pattern=SESSION_ID)
    """Of the transcript, not of the world."""
    task_id: str
    stage: int = Field(ge=0)
    """0-based; what happens before a stage begins belongs to it."""
    turn: int | None = None
    """1-based index of the model call; None for characters the agent does not play, and for what
    followed from a command."""
    api_request_id: str | None = None
    """Of the model call, where the agent knows one."""
    tool_call_id: str | None = None
    """None where there is no `turn`."""

    @classmethod
    def of(
        cls, event: Event, *, session_id: str, task_id: str, stage: int, turn: int | None = None,
        api_request_id: str | None = None, tool_call_id: str | None = None,
    ) -> TraceEvent:  # fmt: skip
        """Return an event with its join keys.

        Nothing is validated here: an event was when it arrived, and a session id is where its
        trace is opened.
        """
        return cls.model_construct(
            **dict(event), session_id=session_id, task_id=task_id, stage=stage, turn=turn,
            api_request_id=api_request_id, tool_call_id=tool_call_id,
        )  # fmt: skip


class TraceMeta(BaseModel):
    """What one session was: everything a replay needs beside the events."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: int = 1
    session_id: str = Field(pattern=SESSION_ID)
    account: str
    """Character the agent plays; the commands of this actor have tool calls."""
    world_sessions: tuple[str, ...] = ()
    """The agent's sessions in the world, in their order, where they are known."""
    model: str
    provider: str = ""
    task: Task
    """Whole, with the world's spec."""
    spec_hash: str
    seed: int
    versions: dict[str, str] = Field(default_factory=dict)
    """Of packages and of the tasks, by name."""
    group: str = ""
    """Shared by the rollouts of one item."""
    attempt: int = 0
    started: float
    """Unix time, seconds; its day in UTC is the trace's directory."""
    events: int | None = None
    """Number of lines, None while the session goes on."""


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of a trace's lines and of its meta file, under `$defs`."""
    _, schema = models_json_schema(
        [(TraceEvent, "validation"), (TraceMeta, "validation")],
        title="Telemetry of a text world",
        description="TraceEvent is one line of <session_id>.jsonl, TraceMeta is the whole of "
        "<session_id>.meta.json.",
    )
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}
