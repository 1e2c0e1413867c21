"""A model server whose every token and log-probability is known beforehand.

Speaks over HTTP what atroposlib's server types `vllm` and `sglang` ask for.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from aiohttp import web


@dataclass(frozen=True)
class Reply:
    """One completion."""

    tokens: list[int]
    logprobs: list[float]
    finish: str = "stop"


Answer = Callable[[list[int]], Reply]
"""From the tokens of a prompt to the completion."""


def in_order(replies: Iterable[Reply]) -> Answer:
    """The replies one after another, whatever is asked."""
    left = iter(replies)
    return lambda prompt: next(left)


def spelled(
    text: str, tokenizer: Any, start: int = 0, end: bool = True, finish: str = "stop"
) -> Reply:
    """`text` in tokens of single characters, which no tokenizer would choose by itself.

    Whoever tokenises the text again instead of keeping the tokens gets others. The
    log-probabilities count on from `start`, so that no two tokens of a script share one.
    """
    tokens = [t for c in text for t in tokenizer.encode(c, add_special_tokens=False)]
    tokens += [tokenizer.eos_token_id] if end else []
    return Reply(tokens, [-(start + n + 1) / 1024 for n in range(len(tokens))], finish)


class ScriptedVllm:
    """`async with ScriptedVllm(answer) as server:` then `server.url`, and `server.prompts`."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.prompts: list[list[int]] = []
        """Tokens of each prompt asked for, in order."""
        self.url = ""

    async def __aenter__(self) -> ScriptedVllm:
        app = web.Application()
        app.router.add_get("/health", self._health)
        app.router.add_post("/generate", self._generate)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        port = self._runner.addresses[0][1]
        self.url = f"http://127.0.0.1:{port}/v1"
        return self

    async def __aexit__(self, *problem: object) -> None:
        await self._runner.cleanup()

    async def _health(self, request: web.Request) -> web.Response:
        return web.Response()

    async def _generate(self, request: web.Request) -> web.Response:
        body = json.loads(await request.text())
        sglang = "input_ids" in body
        prompt = body["input_ids"] if sglang else body["prompt"]["prompt_token_ids"]
        count = (body["sampling_params"] if sglang else body).get("n", 1)
        self.prompts.append(prompt)
        replies = [self.answer(prompt) for _ in range(count)]
        return web.json_response(_sglang(replies) if sglang else _vllm(replies))


def _vllm(replies: list[Reply]) -> dict[str, Any]:
    return {
        "logprobs": [
            [[{str(t): p}] for t, p in zip(r.tokens, r.logprobs, strict=True)] for r in replies
        ],
        "finish_reasons": [r.finish for r in replies],
    }


def _sglang(replies: list[Reply]) -> list[dict[str, Any]]:
    return [
        {
            "meta_info": {
                "output_token_logprobs": [
                    [p, t, None] for t, p in zip(r.tokens, r.logprobs, strict=True)
                ],
                "finish_reason": {"type": r.finish},
            }
        }
        for r in replies
    ]
