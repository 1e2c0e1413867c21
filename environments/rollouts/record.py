"""The record of one rollout, from which every export, report and comparison is made."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, GetPydanticSchema

from environments.rollouts.messages import Message
from environments.tasks.model import Task, Verdict
from world_fixtures.protocol import Event

__all__ = ["Message", "Rollout", "StopReason", "ToolCallRecord"]

# A message is kept as it came, with fields that `Message` does not know and in their order.
_AnyMessage = Annotated[Message, GetPydanticSchema(lambda _, handler: handler(dict[str, Any]))]


class StopReason(StrEnum):
    """Why a rollout ended."""

    SUBMITTED = "submitted"
    """The agent handed in its answer."""
    FINISHED = "finished"
    """The agent stopped calling tools without submitting."""
    MAX_TURNS = "max_turns"
    """The task's or the run's limit of model calls was reached."""
    REPEATED = "repeated"
    """The agent only repeated itself, as often as the run allows."""
    CONTEXT = "context"
    """The next request would not have fitted the context."""
    DEADLINE = "deadline"
    """The time for the conversations of a rollout was over."""
    ENDPOINT = "endpoint"
    """The model endpoint failed for good: the rollout is not scored."""
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
    """What went wrong, None where the call was carried out."""
    event: int | None = None
    """`seq` of the world event this call caused, if it caused one."""
    assessment: dict[str, Any] | None = None
    """What the gate of tool calls found, where it was asked."""
    ms: float = 0.0
    """Milliseconds until the result."""


class Rollout(BaseModel):
    """One agent run on one task, whole. Serialises to one line of JSON."""

    model_config = ConfigDict(extra="forbid")

    id: str
    """Also the session id of telemetry and Hermes exports."""
    group: str = ""
    """Shared by the rollouts of one item."""
    attempt: int = 0
    """0-based, among the rollouts of one task."""
    task: Task
    model: str
    provider: str = ""
    """Host of the endpoint, or `embedded`."""
    conversations: list[list[_AnyMessage]]
    """One list of messages a stage."""
    tools: list[dict[str, Any]] = Field(default_factory=list)
    """Tool schemas that the model was given, in OpenAI's form."""
    tool_calls: list[ToolCallRecord] = Field(default_factory=list)
    events: list[Event] = Field(default_factory=list)
    """Of all characters, in order."""
    answer: dict[str, Any] | None = None
    """What was submitted, None if nothing was."""
    verdict: Verdict | None
    """None where the rollout failed and must not be scored."""
    stop: StopReason
    failure: str | None = None
    """What failed, for `endpoint` and `world`."""
    turns: int = 0
    """Model calls."""
    branch_of: str | None = None
    """Id of the rollout that this one goes on from; what came before is that rollout's."""
    branch_turn: int | None = None
    """Model calls of that rollout that come first. Tokens and seconds are those after them."""
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost: float | None = Field(default=None, exclude_if=lambda cost: cost is None)
    """US dollars, where each answer of the endpoint said what it cost."""
    started: float
    """Unix time, seconds."""
    seconds: float
    model_seconds: float = 0.0
    world_seconds: float = 0.0
    versions: dict[str, str] = Field(default_factory=dict)
    """Of the packages that a rollout depends on and of the tasks, by name."""

    @property
    def completed(self) -> bool:
        """Whether the agent ended the rollout itself."""
        return self.stop in (StopReason.SUBMITTED, StopReason.FINISHED)
