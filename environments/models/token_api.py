"""Completions with their exact tokens and log-probabilities, from stock servers and patched ones.

A prompt goes out as tokens and comes back as tokens, so nothing is tokenised a second time:

vLLM               `POST /v1/completions` with `return_token_ids` (version 0.10.2 or later)
vLLM of Atropos    `POST /generate` of its example trainer's server
SGLang             `POST /generate` with `input_ids`

Which vLLM it is, is found out by the first request.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import aiohttp

from environments import compat
from environments.models.address import without_key
from environments.models.client import exchange
from environments.models.completion import EndpointError
from environments.models.server_types import TOKEN_SERVER_TYPES

NOT_THERE = (404, 405)
"""HTTP statuses with which a server says that it has no such address."""


class Sampled(NamedTuple):
    """What a server sampled after one prompt; the lists of a completion are of equal length."""

    prompt: list[int]
    """Tokens of the prompt."""
    tokens: list[list[int]]
    """Of each completion, with the token that ended it."""
    logprobs: list[list[float]]
    finish_reasons: list[Any]


Sample = Callable[..., Awaitable[Any]]
"""`await sample(input_ids=..., model=..., **sampling)` -> Sampled, or a tuple of its fields."""


def sample_from(servers: Iterable[Any]) -> None:
    """Let Atropos's clients of vLLM and SGLang ask stock servers, too."""
    for server in servers:
        kind = server.config.server_type
        if kind in TOKEN_SERVER_TYPES:
            patched = compat.sampler(server)
            chosen = _Vllm(server, patched) if kind == "vllm" else _Sglang(server)
            compat.sample_by(server, chosen.sample)


class _Vllm:
    """A vLLM server: a stock one, unless it has the address of Atropos's."""

    def __init__(self, server: Any, patched: Sample) -> None:
        self._server = server
        self._patched = patched
        self._stock = False

    async def sample(self, **request: Any) -> Any:
        """Ask for completions of `input_ids`. Raises EndpointError for what is no completion."""
        request = _complete(request, self._server.tokenizer)
        if not self._stock:
            try:
                return await self._patched(**request)
            except aiohttp.ClientResponseError as error:
                if error.status not in NOT_THERE:
                    raise
        sampled = await self._sample(request)
        self._stock = True
        return sampled

    async def _sample(self, request: dict[str, Any]) -> Sampled:
        prompt = request.pop("input_ids")
        body = {**request, "prompt": prompt, "logprobs": 0, "return_token_ids": True}
        found = await _post(self._server, "/v1/completions", body)
        choices = found.get("choices") if isinstance(found, dict) else None
        if not isinstance(choices, list) or not choices:
            raise EndpointError("vLLM's answer has no choices")
        tokens, logprobs, reasons = [], [], []
        for choice in choices:
            if not isinstance(choice.get("token_ids"), list):
                raise EndpointError(
                    "vLLM gives no token ids: it needs version 0.10.2 or later", 400
                )
            seen = choice.get("prompt_token_ids")
            if seen is not None and seen != prompt:
                raise EndpointError("vLLM changed the tokens of the prompt: is it cut?", 400)
            told = (choice.get("logprobs") or {}).get("token_logprobs")
            tokens.append(choice["token_ids"])
            logprobs.append(numbers(told, choice["token_ids"], "vLLM"))
            reasons.append(choice.get("finish_reason"))
        return Sampled(list(prompt), tokens, logprobs, reasons)


class _Sglang:
    """A SGLang server."""

    def __init__(self, server: Any) -> None:
        self._server = server

    async def sample(self, **request: Any) -> Sampled:
        """Ask for completions of `input_ids`. Raises EndpointError for what is no completion."""
        request = _complete(request, self._server.tokenizer)
        prompt = request.pop("input_ids")
        sampling = {k: v for k, v in request.items() if k not in ("model", "max_tokens")}
        sampling["max_new_tokens"] = request["max_tokens"]
        body = {"input_ids": prompt, "sampling_params": sampling, "return_logprob": True}
        found = await _post(self._server, "/generate", body)
        tokens, logprobs, reasons = [], [], []
        for answer in found if isinstance(found, list) else [found]:
            about = answer.get("meta_info") if isinstance(answer, dict) else None
            pairs = about.get("output_token_logprobs") if isinstance(about, dict) else None
            if not isinstance(about, dict) or not isinstance(pairs, list):
                raise EndpointError("SGLang's answer has no output_token_logprobs")
            ids = [pair[1] for pair in pairs]
            tokens.append(ids)
            logprobs.append(numbers([pair[0] for pair in pairs], ids, "SGLang"))
            reason = about.get("finish_reason")
            reasons.append(reason.get("type") if isinstance(reason, Mapping) else reason)
        return Sampled(list(prompt), tokens, logprobs, reasons)


def _complete(request: dict[str, Any], tokenizer: Any) -> dict[str, Any]:
    """Return a request in OpenAI's names, with the tokens of the prompt and a limit of tokens.

    Without a limit vLLM ends an answer after 16 tokens and SGLang after 128; null is what the
    context leaves. A token that begins a text stands there once: many templates write it, and
    tokenising adds it.
    """
    made = {k: v for k, v in request.items() if k not in ("prompt", "extra_body")}
    made |= request.get("extra_body") or {}
    if "input_ids" not in made:
        raise ValueError("completions with tokens are asked for by tokens")
    ids = list(made["input_ids"])
    if len(ids) > 1 and ids[0] == ids[1] == tokenizer.bos_token_id:
        made["input_ids"] = ids[1:]
    limits = [made.pop(name, None) for name in ("max_completion_tokens", "max_new_tokens")]
    given = [made.get("max_tokens"), *limits]
    return {**made, "max_tokens": next((limit for limit in given if limit is not None), None)}


async def _post(server: Any, path: str, body: dict[str, Any]) -> Any:
    root = str(server.openai.base_url).rstrip("/").removesuffix("/v1")
    status, raw, wait = await exchange(server, f"{root}{path}", json.dumps(body).encode())
    try:
        found = json.loads(raw)
    except (ValueError, RecursionError):
        found = None
    if status < 400 and found is not None:
        return found
    told = without_key(_told(found, raw), server.config.api_key)
    raise EndpointError(f"{status}: {path}: {told}", status, wait)


def _told(found: Any, raw: bytes) -> str:
    """Return what a server says of an error, in a few words."""
    error = found.get("error", found) if isinstance(found, dict) else None
    text = error.get("message") if isinstance(error, dict) else error
    return str(text or raw[:200].decode(errors="replace"))[:300].strip()


def numbers(told: Any, tokens: Sequence[Any], name: str) -> list[float]:
    """Return log-probabilities, one a token. Raises EndpointError where they are not that."""
    whole = isinstance(told, list) and len(told) == len(tokens)
    if not whole or not all(isinstance(p, int | float) for p in told):
        raise EndpointError(f"{name} gives no log-probability for each token")
    return [float(p) for p in told]
