"""How a rollout talks to its model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from environments.rollouts.record import Message
from environments.tool_call_parsers import TextParser


class ChatServer(Protocol):
    """What is asked for completions: atroposlib's ServerManager or ManagedServer."""

    async def chat_completion(self, **kwargs: Any) -> Any:
        """Answer a request of OpenAI's chat completions."""


TokenCounter = Callable[[Sequence[Message], Sequence[dict[str, Any]]], int]
"""Tokens of a request: its messages and the tools' schemas."""


@dataclass(frozen=True)
class Chat:
    """The model of one rollout, how its answers are read, and what tokens came of it."""

    server: ChatServer
    parser: TextParser | None = None
    """Finds tool calls in the content where the server returns none."""
    escape: Callable[[str], str] = str
    """Escapes the tokenizer's special tokens in what tools return."""
    end_tokens: tuple[str, ...] = ()
    """Stripped from the end of the content, as raw-text endpoints leave them."""
    replay_raw: bool = False
    """Send the model's raw text back, so that the tokens of earlier turns stay as they were."""
    nodes: Callable[[], list[Any]] | None = None
    """Nodes of the managed server, where there is one."""
    count_tokens: TokenCounter | None = None
    """With a limit of tokens a conversation ends before the endpoint would refuse it."""
    model: str = ""
    """Name of the model, as records show it."""
    provider: str = ""
    """Host of the endpoint, or `embedded`."""
    names_rollout: bool = False
    """Name the rollout in OpenAI's `user` field, which embedded policies need."""
