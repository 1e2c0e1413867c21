"""What one rollout leaves: the record every export, report and comparison is made from."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from environments.tasks.model import Task, Verdict
from world_fixtures.protocol import Event

Message = dict[str, Any]
"""A chat message in OpenAI's form."""


class StopReason(StrEnum):
    """Why a rollout ended."""

    SUBMITTED = "submitted"
    """The agent handed in its answer."""
    FINISHED = "finished"
    """The agent stopped calling tools without submitting."""
    MAX_TURNS = "max_turns"
    CONTEXT = "context"
    """The next request would not have fitted the context."""
    DEADLINE = "deadline"
    ENDPOINT = "endpoint"
    """The model endpoint failed for good."""
    WORLD = "world"
    """The world server failed: the rollout is not scored."""


class ToolCallRecord(BaseModel):
    """One tool call, as the model made it and as it was answered."""

    id: str
    stage: int
    """0-based."""
    turn: int
    """1-based over the whole rollout: the index of the model call."""
    name: str
    arguments: dict[str, Any] | str
    """Parsed, or the raw text where it was not JSON."""
    result: str
    error: str | None = None
    event: int | None = None
    """`seq` of the world event this call caused, if it caused one."""
    assessment: dict[str, Any] | None = None
    ms: float = 0.0


class Rollout(BaseModel):
    """One agent run on one task, whole. Serialises to one line of JSON."""

    model_config = ConfigDict(extra="forbid")

    id: str
    """Also the session id of telemetry and Hermes exports."""
    group: str = ""
    """Shared by the rollouts of one item."""
    attempt: int = 0
    task: Task
    model: str
    provider: str = ""
    """Host of the endpoint, or `embedded`."""
    conversations: list[list[Message]]
    """One list of messages a stage."""
    tools: list[dict[str, Any]] = Field(default_factory=list)
    """Tool schemas that the model was given, in OpenAI's form."""
    tool_calls: list[ToolCallRecord] = Field(default_factory=list)
    events: list[Event] = Field(default_factory=list)
    answer: dict[str, Any] | None = None
    """What was submitted, None if nothing was."""
    verdict: Verdict | None
    """None where the rollout failed and must not be scored."""
    stop: StopReason
    failure: str | None = None
    """What failed, for `endpoint` and `world`."""
    turns: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    started: float
    """Unix time, seconds."""
    seconds: float
    model_seconds: float = 0.0
    world_seconds: float = 0.0
    versions: dict[str, str] = Field(default_factory=dict)

    @property
    def completed(self) -> bool:
        return self.stop in (StopReason.SUBMITTED, StopReason.FINISHED)
