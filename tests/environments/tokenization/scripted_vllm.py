"""A model server whose every token and log-probability is known beforehand.

Speaks over HTTP what Atropos's vLLM server, a stock vLLM (0.10.2 and later) and a stock SGLang
speak, with what they do where a request does not say it: the limits of tokens, above all.
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
    """`async with ScriptedVllm(answer) as server:` then `server.url`, and `server.prompts`.

    `kind` is `patched` (Atropos's vLLM, and whatever SGLang gives), `vllm`, `old_vllm` (stock, and
    without token ids) or `sglang`.
    """

    def __init__(self, answer: Answer, kind: str = "patched") -> None:
        self.answer = answer
        self.kind = kind
        self.prompts: list[list[int]] = []
        """Tokens of each prompt asked for, in order."""
        self.url = ""

    async def __aenter__(self) -> ScriptedVllm:
        app = web.Application()
        app.router.add_get("/health", self._health)
        if self.kind == "sglang":
            app.router.add_post("/generate", self._stock_sglang)
        elif self.kind == "patched":
            app.router.add_post("/generate", self._generate)
        else:
            app.router.add_post("/v1/completions", self._stock_vllm)
        app.router.add_get("/v1/models", self._health)
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

    async def _stock_vllm(self, request: web.Request) -> web.Response:
        body = json.loads(await request.text())
        if unknown := body.keys() - COMPLETION_REQUEST:  # vLLM passes over these
            raise AssertionError(f"vLLM does not know {unknown}")
        prompt, limit = body["prompt"], body.get("max_tokens", 16)
        self.prompts.append(prompt)
        replies = [_cut(self.answer(prompt), limit) for _ in range(body.get("n", 1))]
        wants_ids = body.get("return_token_ids") and self.kind != "old_vllm"
        choices = [
            {
                "index": n, "text": "...", "finish_reason": r.finish, "stop_reason": None,
                "logprobs": None if body.get("logprobs") is None else {
                    "text_offset": [], "tokens": [], "top_logprobs": None,
                    "token_logprobs": r.logprobs,
                },
                "prompt_logprobs": None,
                "prompt_token_ids": prompt if wants_ids else None,
                "token_ids": r.tokens if wants_ids else None,
            }
            for n, r in enumerate(replies)
        ]  # fmt: skip
        return web.json_response(
            {"id": "cmpl-1", "object": "text_completion", "model": body["model"],
             "choices": choices, "usage": {"prompt_tokens": len(prompt)}}
        )  # fmt: skip

    async def _stock_sglang(self, request: web.Request) -> web.Response:
        body = json.loads(await request.text())
        sampling = body["sampling_params"]
        if unknown := sampling.keys() - SAMPLING_PARAMS:
            text = f"Unexpected keyword argument {sorted(unknown)[0]!r}"
            return web.json_response({"error": {"message": text}}, status=400)
        prompt, limit = body["input_ids"], sampling.get("max_new_tokens", 128)
        self.prompts.append(prompt)
        replies = [_cut(self.answer(prompt), limit) for _ in range(sampling.get("n", 1))]
        made = [
            {
                "text": "...", "output_ids": r.tokens,
                "meta_info": {
                    "id": "1", "prompt_tokens": len(prompt), "completion_tokens": len(r.tokens),
                    "finish_reason": {"type": r.finish, "matched": r.tokens[-1]},
                    **({"output_token_logprobs": [
                        [p, t, None] for t, p in zip(r.tokens, r.logprobs, strict=True)
                    ]} if body.get("return_logprob") else {}),
                },
            }
            for r in replies
        ]  # fmt: skip
        return web.json_response(made if len(made) > 1 else made[0])

    async def _generate(self, request: web.Request) -> web.Response:
        body = json.loads(await request.text())
        sglang = "input_ids" in body
        prompt = body["input_ids"] if sglang else body["prompt"]["prompt_token_ids"]
        count = (body["sampling_params"] if sglang else body).get("n", 1)
        self.prompts.append(prompt)
        replies = [self.answer(prompt) for _ in range(count)]
        return web.json_response(_sglang(replies) if sglang else _vllm(replies))


COMPLETION_REQUEST = {
    "model", "prompt", "logprobs", "max_tokens", "n", "stop", "temperature", "top_p", "top_k",
    "return_token_ids",
}  # fmt: skip
"""Fields of vLLM's requests, as far as they are sent."""
SAMPLING_PARAMS = {"max_new_tokens", "stop", "temperature", "top_p", "top_k", "n"}
"""The same of SGLang's sampling parameters."""


def _cut(reply: Reply, limit: int | None) -> Reply:
    """Return the reply up to a limit of tokens."""
    if limit is None or len(reply.tokens) <= limit:
        return reply
    return Reply(reply.tokens[:limit], reply.logprobs[:limit], "length")


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
