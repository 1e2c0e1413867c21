"""How a rollout talks to its model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol


class ChatServer(Protocol):
    """What is asked for completions: atroposlib's ServerManager or ManagedServer."""

    async def chat_completion(self, **kwargs: Any) -> Any: ...


class Parser(Protocol):
    """Finds tool calls in text: see `environments.tool_call_parsers`.

    `parse` may take the tools' schemas as `tools`. With a method `attempted(text) -> bool` the
    model is told of calls that were cut off or malformed, instead of taken to have finished.
    """

    def parse(self, text: str) -> tuple[str | None, list[Any] | None]: ...


@dataclass(frozen=True)
class Chat:
    """The model of one rollout, how its answers are read, and what tokens came of it."""

    server: ChatServer
    parser: Parser | None = None
    """Finds tool calls in the content where the server returns none."""
    clean: Callable[[str], str] = str
    """Breaks the tokenizer's markers in what tools return."""
    end_tokens: tuple[str, ...] = ()
    """Stripped from the end of the content, as raw-text endpoints leave them."""
    replay_raw: bool = False
    """Send the model's raw text back, so that the tokens of earlier turns stay as they were."""
    nodes: Callable[[], list[Any]] | None = None
    """Nodes of the managed server, where there is one."""
