"""Exact tokens from chat completions: vLLM tells them with `return_token_ids`.

The server applies its chat template and reads the calls itself; nothing is tokenised here. Each
answer says which tokens its prompt had (`prompt_token_ids`), which were sampled (`token_ids` of the
choice) and their log-probabilities. Where a prompt goes on from the tokens of an earlier turn, both
are one sequence; where the server has made other tokens of that turn's text, they are two.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from environments.models.completion import EndpointError, member, read_completion
from environments.models.token_api import numbers
from environments.models.turn_ends import ExactTokens, TurnEnd
from environments.rollouts.training_sequence import MASKED, NO_LOGPROB


@dataclass(frozen=True)
class ChatNode:
    """One sequence of a rollout, in the form of ManagedServer's nodes."""

    tokens: list[int]
    masked_tokens: list[int]
    """The token where it was sampled, MASKED elsewhere."""
    logprobs: list[float]
    """Of the sampled tokens, NO_LOGPROB elsewhere."""
    full_text: str = ""
    """Not known; another rollout goes on by messages."""

    def after(
        self, prompt: Sequence[int], said: Sequence[int], logprobs: Sequence[float]
    ) -> ChatNode:
        """Return the sequence with a prompt that goes on from it, and what was sampled then."""
        between = len(prompt) - len(self.tokens)
        return ChatNode(
            [*prompt, *said],
            [*self.masked_tokens, *[MASKED] * between, *said],
            [*self.logprobs, *[NO_LOGPROB] * between, *logprobs],
        )


@dataclass
class ChatTokens:
    """Passes requests on to a chat server, and keeps the tokens of prompts and answers."""

    server: Any
    """What answers requests of OpenAI's chat completions."""
    first_turn: int = 1
    """Of the rollout's model calls: later where it goes on from a state in between."""
    _nodes: list[ChatNode] = field(default_factory=list)
    _ends: list[TurnEnd] = field(default_factory=list)

    async def chat_completion(self, **request: Any) -> Any:
        """Answer a request of OpenAI's chat completions.

        Raises EndpointError where the answer does not tell its tokens.
        """
        body = {**(request.pop("extra_body", None) or {}), "return_token_ids": True}
        answer = await self.server.chat_completion(**request, logprobs=True, extra_body=body)
        read_completion(answer)
        choice = answer.choices[0]
        prompt, said = member(answer, "prompt_token_ids"), member(choice, "token_ids")
        if not isinstance(prompt, list) or not isinstance(said, list):
            raise EndpointError(
                "the endpoint tells no token ids: it must be vLLM 0.10.2 or later, or leave out"
                " --env.return_token_ids",
                400,
            )
        content = member(member(choice, "logprobs"), "content") or []
        told = numbers([member(entry, "logprob") for entry in content], said, "the endpoint")
        self._add(prompt, said, told)
        return answer

    def exact(self) -> ExactTokens:
        """Return the tokens recorded so far."""
        return ExactTokens(list(self._nodes), tuple(self._ends))

    def _add(self, prompt: list[int], said: list[int], logprobs: list[float]) -> None:
        places = [
            place
            for place, node in enumerate(self._nodes)
            if prompt[: len(node.tokens)] == node.tokens
        ]
        begun = max(places, key=lambda place: len(self._nodes[place].tokens), default=None)
        if begun is None:
            begun = len(self._nodes)
            self._nodes.append(ChatNode([], [], []))
        node = self._nodes[begun] = self._nodes[begun].after(prompt, said, logprobs)
        turn = self.first_turn + len(self._ends)
        self._ends.append(TurnEnd(turn, begun, len(node.tokens), 0))
