"""Exact tokens from the chat completions of a stock vLLM, which templates and parses by itself."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from atroposlib.envs.server_handling.server_manager import APIServerConfig, ServerManager
from transformers import AutoTokenizer

from environments.agent_loop import AgentLoop
from environments.models.chat import Chat
from environments.models.chat_tokens import ChatTokens
from environments.models.client import ModelServer
from environments.rollouts.options import AgentOptions
from environments.rollouts.record import StopReason
from environments.tokenization.sequences import MASKED, sequences_from_nodes
from environments.tokenization.special_tokens import prepare_message
from environments.tokenizer import PATH
from environments.tool_call_parsers import get_parser
from environments.tools import Effect, Tool, Toolbox

sys.path.insert(0, str(Path(__file__).parent))  # tests are no package
from scripted_vllm import Reply, spelled

TOKENIZER: Any = AutoTokenizer.from_pretrained(PATH)


async def act(arguments: dict[str, Any], task_id: str) -> str:
    return f"You {arguments['command']}."


TOOLS = {"act": Tool("act", "Acts.", {"type": "object"}, act, Effect.REVERSIBLE)}
TEXTS = [
    *(f'Go.\n<tool_call>\n{{"name": "act", "arguments": {{"command": "step {n}"}}}}\n</tool_call>'
      for n in range(3)), "Done.",
]  # fmt: skip


def whole(text: str, start: int) -> Reply:
    """A text in the tokens that the tokenizer itself would choose, and the end of the turn."""
    tokens = [*TOKENIZER.encode(text, add_special_tokens=False), TOKENIZER.eos_token_id]
    return Reply(tokens, [-(start + n + 1) / 1024 for n in range(len(tokens))])


class ChatVllm:
    """`/v1/chat/completions` as vLLM 0.10.2 and later answer it."""

    def __init__(self, replies: list[Reply], tells: bool = True) -> None:
        self.replies = iter(replies)
        self.tells = tells
        self.prompts: list[list[int]] = []

    async def answer(self, request: web.Request) -> web.Response:
        body = json.loads(await request.text())
        messages = [prepare_message(m, TOKENIZER) for m in body["messages"]]
        prompt = TOKENIZER.apply_chat_template(
            messages, tools=body["tools"], add_generation_prompt=True
        )["input_ids"]
        self.prompts.append(prompt)
        reply = next(self.replies)
        text, calls = get_parser("hermes").parse(TOKENIZER.decode(reply.tokens[:-1]))
        told = self.tells and body.get("return_token_ids")
        entries = [
            {"token": "...", "logprob": p, "bytes": None, "top_logprobs": []}
            for p in reply.logprobs
        ]
        found = [
            {"id": f"call_{n}", "type": "function",
             "function": {"name": c.function.name, "arguments": c.function.arguments}}
            for n, c in enumerate(calls or [])
        ]  # fmt: skip
        return web.json_response(
            {
                "id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "m",
                "choices": [{
                    "index": 0, "finish_reason": "tool_calls" if found else "stop",
                    "message": {"role": "assistant", "content": text, "tool_calls": found or None},
                    "logprobs": {"content": entries} if body.get("logprobs") else None,
                    "token_ids": reply.tokens if told else None, "stop_reason": None,
                }],
                "usage": {"prompt_tokens": len(prompt), "completion_tokens": len(reply.tokens),
                          "total_tokens": len(prompt) + len(reply.tokens)},
                "prompt_logprobs": None, "prompt_token_ids": prompt if told else None,
            }
        )  # fmt: skip


async def play(endpoint: ChatVllm, first_turn: int = 1) -> tuple[ChatTokens, Any]:
    app = web.Application()
    app.router.add_post("/v1/chat/completions", endpoint.answer)
    async with TestServer(app) as server:
        config = APIServerConfig(
            server_type="openai", base_url=str(server.make_url("/v1")), model_name="m",
            api_key="x", health_check=False,
        )  # fmt: skip
        tokens = ChatTokens(ModelServer(ServerManager([config])), first_turn)
        loop = AgentLoop(Chat(tokens, exact=tokens.exact), Toolbox(TOOLS), AgentOptions())
        prompt: list[Any] = [{"role": "user", "content": "Go."}]
        return tokens, await loop.converse(prompt, max_turns=9)


@pytest.mark.parametrize(
    ("made", "sequences"),
    [(whole, 1), (partial(lambda text, start: spelled(text, TOKENIZER, start)), len(TEXTS))],
)
async def test_each_token_is_trained_once_behind_the_tokens_that_the_model_saw(
    made: Callable[[str, int], Reply], sequences: int
) -> None:
    """One sequence where the server tokenises earlier turns as they were, else one a turn."""
    replies = [made(text, 1000 * n) for n, text in enumerate(TEXTS)]
    endpoint = ChatVllm(replies)
    tokens, result = await play(endpoint)
    assert len(result.tool_calls) == len(TEXTS) - 1
    exact = tokens.exact()
    found = sequences_from_nodes(exact.nodes, exact.turns)
    assert len(found) == sequences
    trained = [
        (token, logprob, turn)
        for s in found
        for token, mask, logprob, turn in zip(
            s.tokens, s.masks, s.logprobs or [], s.turns, strict=True
        )
        if mask != MASKED
    ]
    assert trained == [
        (token, logprob, turn)
        for turn, reply in enumerate(replies, start=1)
        for token, logprob in zip(reply.tokens, reply.logprobs, strict=True)
    ]
    for prompt, reply in zip(endpoint.prompts, replies, strict=True):
        shown = [*prompt, *reply.tokens]
        assert any(s.tokens[: len(shown)] == shown for s in found)


async def test_a_rollout_that_goes_on_counts_its_turns_on() -> None:
    tokens, _ = await play(ChatVllm([whole("Done.", 0)]), first_turn=4)
    assert [end.turn for end in tokens.exact().ends] == [4]


async def test_an_endpoint_that_tells_no_tokens_is_told_so() -> None:
    _, result = await play(ChatVllm([whole("Done.", 0)], tells=False))
    assert result.stop is StopReason.ENDPOINT
    assert "--env.return_token_ids" in result.failure
