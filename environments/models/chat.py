"""How a rollout talks to its model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from environments.tool_call_parsers import TextParser


class ChatServer(Protocol):
    """What is asked for completions: atroposlib's ServerManager or ManagedServer."""

    async def chat_completion(self, **kwargs: Any) -> Any: ...


@dataclass(frozen=True)
class Chat:
    """The model of one rollout, how its answers are read, and what tokens came of it."""

    server: ChatServer
    parser: TextParser | None = None
    """Finds tool calls in the content where the server returns none."""
    clean: Callable[[str], str] = str
    """Breaks the tokenizer's markers in what tools return."""
    end_tokens: tuple[str, ...] = ()
    """Stripped from the end of the content, as raw-text endpoints leave them."""
    replay_raw: bool = False
    """Send the model's raw text back, so that the tokens of earlier turns stay as they were."""
    nodes: Callable[[], list[Any]] | None = None
    """Nodes of the managed server, where there is one."""
