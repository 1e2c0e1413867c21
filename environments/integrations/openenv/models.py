"""What goes over the wire: actions, observations and the state of a session."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from openenv.core.env_server.types import Action, Observation, State
from pydantic import BaseModel, BeforeValidator, Field

from environments.tools.toolbox import encodable, encodable_value

MAX_NAME = 64
"""Characters of a tool's name; what is cut off of a longer one makes it no tool either."""


def _name(value: Any) -> Any:
    return encodable(value[:MAX_NAME]) if isinstance(value, str) else value


class EvenniaAction(Action):
    """One tool call; on the wire that of OpenEnv's `CallToolAction`, so its clients can send it."""

    type: Literal["call_tool", "list_tools", "give_up"] = Field(
        "call_tool",
        description="call a tool, list the tools, or end the task as it stands and be judged",
    )
    tool_name: Annotated[str, BeforeValidator(_name)] = Field(
        "", max_length=MAX_NAME, description="Tool to call, e.g. evennia_command"
    )
    arguments: Annotated[dict[str, Any], BeforeValidator(encodable_value)] = Field(
        default_factory=dict, description="Arguments of the tool"
    )

    @classmethod
    def connect(cls) -> EvenniaAction:
        """Enter the world."""
        return cls(tool_name="evennia_connect")

    @classmethod
    def command(cls, text: str) -> EvenniaAction:
        """Give one command, such as `get key`."""
        return cls(tool_name="evennia_command", arguments={"command": text})

    @classmethod
    def observe(cls) -> EvenniaAction:
        """Look around."""
        return cls(tool_name="evennia_observe")

    @classmethod
    def disconnect(cls) -> EvenniaAction:
        """Leave the world, which ends the part of a task that others follow."""
        return cls(tool_name="evennia_disconnect")

    @classmethod
    def submit(cls, answer: dict[str, Any] | None = None) -> EvenniaAction:
        """Hand in, and be judged."""
        return cls(tool_name="evennia_submit", arguments={"answer": answer or {}})

    @classmethod
    def give_up(cls) -> EvenniaAction:
        """End the task as it stands, for an agent that has stopped calling tools."""
        return cls(type="give_up")


class TaskVerdict(BaseModel):
    """What a task that is over was worth, and why."""

    reward: float = Field(description="0 to 1")
    success: bool
    parts: dict[str, float] = Field(description="Of the reward, each 0 to 1")
    reasons: list[str] = Field(description="What it lacks, in words")


class EvenniaObservation(Observation):
    """What one tool call has led to, or what a reset has begun."""

    tool_name: str = Field("", description="Tool that was called; empty after a reset")
    result: str = Field(
        "", description="What the tool returned, for the agent to read; after a reset the prompt"
    )
    refused: bool = Field(False, description="The call was not carried out; the result says why")
    new_conversation: bool = Field(
        False,
        description="A part of the task began: go on in a new conversation that opens with the"
        " prompt, in which nothing is known of the earlier ones",
    )
    prompt: str | None = Field(None, description="What the part that began asks for")
    system_prompt: str | None = Field(
        None, description="After a reset: what an agent is to be told"
    )
    part: int = Field(0, description="Number of the present part of the task, from 1")
    verdict: TaskVerdict | None = Field(None, description="Once the task is over")


class EvenniaState(State):
    """Where a session stands: nothing of it tells of the world or of the answer."""

    task_id: str | None = Field(None, description="split/family.kind/difficulty/seed")
    part: int = Field(0, description="Number of the present part of the task, from 1")
    connected: bool = Field(False, description="Whether the agent is in the world")
    over: bool = Field(False, description="Whether the task was judged, or its world has failed")
    reward: float | None = Field(None, description="Once the task was judged")
    success: bool | None = Field(None, description="Once the task was judged")
    failure: str | None = Field(None, description="How the world has failed; such a task is lost")
    one_conversation: bool = Field(
        False,
        description="The agent sees one part in the next: keep such scores apart from others",
    )
