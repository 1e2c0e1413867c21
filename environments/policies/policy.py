"""What an embedded policy is: a pure function from what it sees to what it does next.

A policy keeps nothing between calls. Everything it may know of the past is in the
conversation, and chance comes from a generator seeded by the rollout and the turn, so
the same request has the same answer in any process and in any order.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from environments.rollouts.messages import parsed_arguments
from environments.rollouts.record import Message
from environments.tasks.model import Task

Call = tuple[str, dict[str, Any]]
"""Tool name and arguments."""

CONNECT: Call = ("evennia_connect", {})
DISCONNECT: Call = ("evennia_disconnect", {})


def command(text: str) -> Call:
    """Return the call that gives a world command."""
    return ("evennia_command", {"command": text})


def submit(answer: dict[str, Any]) -> Call:
    """Return the call that submits an answer."""
    return ("evennia_submit", {"answer": answer})


@dataclass(frozen=True)
class Exchange:
    """One tool call of the conversation and its result."""

    tool: str
    arguments: dict[str, Any]
    result: str
    """Empty where no result followed."""

    @property
    def command(self) -> str:
        """The world command, empty for other tools."""
        return str(self.arguments.get("command", "")) if self.tool == "evennia_command" else ""


@dataclass(frozen=True)
class View:
    """What a policy is shown at one turn."""

    task: Task
    """For `oracle` and `noisy` alone; other policies read `messages`."""
    stage: int
    """0-based."""
    messages: Sequence[Message]
    """The stage's conversation so far, in OpenAI's form."""
    seed: str
    """Differs by policy, task, attempt and stage; the same at every turn of the stage."""

    @cached_property
    def turn(self) -> int:
        """Assistant messages so far in this conversation."""
        return sum(m.get("role") == "assistant" for m in self.messages)

    @cached_property
    def rng(self) -> random.Random:
        """Chance for this turn."""
        return random.Random(f"{self.seed}/{self.turn}")

    @cached_property
    def prompt(self) -> str:
        """The first user message."""
        users = (m for m in self.messages if m.get("role") == "user")
        return text_of(next(users, {}))

    @cached_property
    def exchanges(self) -> tuple[Exchange, ...]:
        """Tool calls so far with their results, in order."""
        results = {
            m.get("tool_call_id"): text_of(m) for m in self.messages if m.get("role") == "tool"
        }
        return tuple(
            Exchange(call["function"]["name"], _arguments(call), results.get(call.get("id"), ""))
            for message in self.messages
            if message.get("role") == "assistant"
            for call in message.get("tool_calls") or ()
        )


@dataclass(frozen=True)
class Move:
    """What a policy does at one turn. Without calls the conversation ends."""

    content: str = ""
    calls: tuple[Call, ...] = ()
    reasoning: str = ""


@dataclass(frozen=True)
class Policy:
    """A named way to act."""

    name: str
    """The name without parameters: part of the seed."""
    act: Callable[[View], Move]


def text_of(message: Mapping[str, Any]) -> str:
    """Return the text of a message, whose content may be a string, a list of parts or None."""
    content = message.get("content")
    if isinstance(content, list):
        return "".join(str(part.get("text", "")) for part in content if isinstance(part, dict))
    return content if isinstance(content, str) else ""


def _arguments(call: Mapping[str, Any]) -> dict[str, Any]:
    raw = call["function"].get("arguments")
    parsed = parsed_arguments(raw) if isinstance(raw, str) else raw
    return parsed if isinstance(parsed, dict) else {}
