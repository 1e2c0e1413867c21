"""Which tokens of a ManagedServer's nodes came with which answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from environments.models.completion import read_completion


@dataclass(frozen=True)
class TurnEnd:
    """Where an answer has ended: what the node held up to then."""

    turn: int
    """Number of the model call in the rollout, from 1."""
    node: int
    """Place among the nodes."""
    tokens: int
    characters: int
    """Of the node's text."""


@dataclass(frozen=True)
class Prefix:
    """What of a rollout is there before another one goes on from it."""

    turns: int
    """Model calls made."""
    text: str = ""
    """Of the conversation up to the last answer, where its tokens are known."""
    tokens: tuple[int, ...] = ()
    """Of that text, as the model was given and has sampled them."""


@dataclass(frozen=True)
class ExactTokens:
    """The tokens of a rollout as its ManagedServer has recorded them."""

    nodes: Sequence[Any]
    ends: Sequence[TurnEnd]

    @property
    def turns(self) -> dict[tuple[int, int], int]:
        """The model calls by the node that each has ended, and its tokens then."""
        return {(end.node, end.tokens): end.turn for end in self.ends}

    def until(self, turn: int) -> Prefix:
        """Return what another rollout that goes on after `turn` begins with."""
        for end in self.ends:
            if end.turn == turn:
                node = self.nodes[end.node]
                return Prefix(
                    turn, node.full_text[: end.characters], tuple(node.tokens[: end.tokens])
                )
        return Prefix(turn)


@dataclass
class TurnRecorder:
    """Passes requests on to a ManagedServer and notes where each answer ends in its nodes.

    An answer that cannot be played is none: the loop asks again.
    """

    server: Any
    """The ManagedServer."""
    nodes: Callable[[], list[Any]]
    first_turn: int = 1
    """Of the rollout's model calls: later where it goes on from a state in between."""
    ends: list[TurnEnd] = field(default_factory=list)
    """Of the answers so far."""

    async def chat_completion(self, **request: Any) -> Any:
        """Answer a request of OpenAI's chat completions."""
        before = self.nodes()
        answer = await self.server.chat_completion(**request)
        read_completion(answer)
        for place, node in enumerate(self.nodes()):
            if place >= len(before) or node is not before[place]:
                turn = self.first_turn + len(self.ends)
                self.ends.append(TurnEnd(turn, place, len(node.tokens), len(node.full_text)))
                break
        return answer

    def exact(self) -> ExactTokens:
        """Return the tokens recorded so far."""
        return ExactTokens(self.nodes(), tuple(self.ends))
