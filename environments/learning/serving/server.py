"""The model server: exact tokens over HTTP on loopback, as vLLM gives them.

GET  /health               whether it answers
GET  /v1/models            the model's name
POST /v1/completions       a prompt of text or tokens; `return_token_ids` and `logprobs` as in vLLM
POST /v1/chat/completions  a conversation with tools, rendered with the model's chat template
POST /v1/weights           {"path": ...}: replaces the weights by those of a safetensors file

All paths begin with a secret, which is in `base_url`.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any, Self

from aiohttp import web

from environments.learning.serving.engine import Answer, Asked, Engine
from environments.learning.serving.requests import (
    ChatRequest,
    CompletionRequest,
    Sampling,
    WeightsRequest,
    read_request,
)
from environments.learning.weights import read_weights
from environments.loopback import LoopbackServer
from environments.refusal import Refusal, told_by
from environments.tokenization.special_tokens import prepare_message
from environments.tool_call_parsers.protocol import TextParser

log = logging.getLogger(__name__)
MAX_BODY = 32 * 1024 * 1024
"""Bytes in one request."""


class ModelServer:
    """An HTTP server for an engine, as an async context manager: listens while it is entered."""

    def __init__(
        self, engine: Engine, tokenizer: Any, *, name: str, parser: TextParser, port: int = 0,
        answer_tokens: int = 512,
    ) -> None:  # fmt: skip
        """Take what generates.

        Args:
            engine: generates; it stays open when the server ends.
            tokenizer: of the model, with its chat template.
            name: under which clients ask for the model.
            parser: reads the tool calls of chat completions.
            port: 0 for a free one.
            answer_tokens: of one answer at most, also where a request asks for more or sets no
                limit: one answer that goes on and on holds up all that are generated with it.
        """
        self._engine = engine
        self._tokenizer = tokenizer
        self._name = name
        self._parser = parser
        self._answer_tokens = answer_tokens
        self._loopback = LoopbackServer(port)
        self._served = 0

    @property
    def base_url(self) -> str:
        """Base URL for an OpenAI client, which holds the secret; known once it listens."""
        return f"{self._loopback.root}/v1"

    async def __aenter__(self) -> Self:
        routes = [
            web.get("/health", self._health),
            web.get("/v1/models", self._models),
            web.post("/v1/completions", self._complete),
            web.post("/v1/chat/completions", self._chat),
            web.post("/v1/weights", self._weights),
        ]
        await self._loopback.start(routes, max_body=MAX_BODY, around=told_by(log, "model"))
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._loopback.stop()

    async def _health(self, request: web.Request) -> web.Response:
        engine = self._engine
        told = {"weights": engine.weights, "computed": engine.computed, "reused": engine.reused}
        return web.json_response({"status": "ok", **told})

    async def _models(self, request: web.Request) -> web.Response:
        about = {"id": self._name, "object": "model", "created": 0, "owned_by": "evennia-world"}
        about |= {"max_model_len": self._engine.context}
        return web.json_response({"object": "list", "data": [about]})

    async def _complete(self, request: web.Request) -> web.Response:
        asked = read_request(CompletionRequest, await request.read())
        if isinstance(asked.prompt, str):
            prompt = self._tokenizer.encode(asked.prompt)
        else:
            prompt = asked.prompt
        answers = await self._generate(asked, prompt)
        choices = []
        for index, answer in enumerate(answers):
            choice: dict[str, Any] = {
                "index": index,
                "text": self._text(answer),
                "finish_reason": answer.finish_reason,
                "logprobs": None,
            }
            if asked.logprobs is not None and asked.logprobs is not False:
                choice["logprobs"] = {
                    "tokens": self._tokenizer.convert_ids_to_tokens(answer.tokens),
                    "token_logprobs": answer.logprobs,
                }
            if asked.return_token_ids:
                choice |= {"token_ids": answer.tokens, "prompt_token_ids": prompt}
            choices.append(choice)
        return self._told("text_completion", "cmpl", choices, prompt, answers)

    async def _chat(self, request: web.Request) -> web.Response:
        asked = read_request(ChatRequest, await request.read())
        prompt = await asyncio.to_thread(self._rendered, asked)
        answers = await self._generate(asked, prompt)
        choices = []
        for index, answer in enumerate(answers):
            message, calls = self._message(answer, asked)
            choice: dict[str, Any] = {
                "index": index,
                "message": message,
                "finish_reason": "tool_calls" if calls else answer.finish_reason,
                "logprobs": None,
            }
            if asked.logprobs:
                tokens = self._tokenizer.convert_ids_to_tokens(answer.tokens)
                pairs = zip(tokens, answer.logprobs, strict=True)
                choice["logprobs"] = {
                    "content": [{"token": t, "logprob": p, "top_logprobs": []} for t, p in pairs]
                }
            if asked.return_token_ids:
                choice["token_ids"] = answer.tokens
            choices.append(choice)
        more = {"prompt_token_ids": prompt} if asked.return_token_ids else {}
        return self._told("chat.completion", "chatcmpl", choices, prompt, answers, **more)

    async def _weights(self, request: web.Request) -> web.Response:
        path = Path(read_request(WeightsRequest, await request.read()).path)
        try:
            weights = await asyncio.to_thread(read_weights, path)
            number = await asyncio.wrap_future(self._engine.replace_weights(weights))
        except (ValueError, OSError) as error:
            raise Refusal(f"the weights stay as they are: {error}", param="path") from None
        return web.json_response({"weights": number, "computed": self._engine.computed})

    async def _generate(self, asked: Sampling, prompt: list[int]) -> list[Answer]:
        """Generate all answers of a request; a client that leaves ends them."""
        if asked.model is not None and asked.model != self._name:
            raise Refusal(
                f"there is no model {asked.model!r} here, but {self._name!r}",
                status=404, param="model",
            )  # fmt: skip
        vocabulary = len(self._tokenizer)
        if any(not 0 <= token < vocabulary for token in prompt):
            raise Refusal(f"prompt: tokens are numbers below {vocabulary}", param="prompt")
        begun: list[Future[Answer]] = []
        try:
            for number in range(asked.n):
                begun.append(
                    self._engine.generate(
                        Asked(
                            prompt=tuple(prompt),
                            max_tokens=min(asked.limit or self._answer_tokens, self._answer_tokens),
                            temperature=1.0 if asked.temperature is None else asked.temperature,
                            top_p=asked.top_p or 1.0,
                            seed=None if asked.seed is None else (asked.seed + number) % 2**63,
                            ends=self._ends(asked.stops),
                        )
                    )
                )
            return list(await asyncio.gather(*map(asyncio.wrap_future, begun)))
        except ValueError as error:
            raise Refusal(str(error), param="prompt") from None
        finally:
            for future in begun:
                if not future.done():
                    self._engine.abandon(future)

    def _ends(self, stops: list[str]) -> Callable[[list[int]], bool] | None:
        """Return what tells whether an answer's text holds one of `stops`."""
        if not stops:
            return None
        longest = max(map(len, stops))

        def ends(tokens: list[int]) -> bool:
            # a token has a character at least but for parts of one: the end is long enough
            text = self._tokenizer.decode(tokens[-longest - 4 :])
            return any(stop in text for stop in stops)

        return ends

    def _rendered(self, asked: ChatRequest) -> list[int]:
        """Return the tokens of a conversation. Raises Refusal where the template refuses it."""
        try:
            messages = [prepare_message(m, self._tokenizer) for m in asked.messages]  # type: ignore[arg-type]
            tokens: list[int] = self._tokenizer.apply_chat_template(
                messages, tools=asked.tools, add_generation_prompt=True, return_dict=False
            )
        except Exception as error:  # templates are programs, and messages anything
            told = str(error).splitlines()[0] if str(error) else type(error).__name__
            raise Refusal(f"messages: the chat template refuses them: {told}") from None
        return tokens

    def _text(self, answer: Answer) -> str:
        text: str = self._tokenizer.decode(answer.tokens, skip_special_tokens=True)
        return text

    def _message(self, answer: Answer, asked: ChatRequest) -> tuple[dict[str, Any], bool]:
        """Return an answer as a message, and whether it calls tools."""
        text = self._text(answer)
        if not asked.tools:
            return {"role": "assistant", "content": text}, False
        content, found = self._parser.parse(text)
        calls = [call.model_dump() for call in found or ()]
        message = {"role": "assistant", "content": content}
        return (message | {"tool_calls": calls} if calls else message), bool(calls)

    def _told(
        self, kind: str, prefix: str, choices: list[dict[str, Any]], prompt: list[int],
        answers: list[Answer], **more: Any,
    ) -> web.Response:  # fmt: skip
        self._served += 1
        said = sum(len(answer.tokens) for answer in answers)
        usage = {"prompt_tokens": len(prompt), "completion_tokens": said}
        usage["total_tokens"] = len(prompt) + said
        about = {"id": f"{prefix}-{self._served}", "object": kind, "created": int(time.time())}
        about |= {"model": self._name}
        return web.json_response({**about, "choices": choices, "usage": usage, **more})
