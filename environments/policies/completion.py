"""A policy's move in OpenAI's wire form: a whole completion, or a stream of chunks."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from typing import Any

from environments.policies.policy import Move
from environments.rollouts.messages import Message

CHARACTERS_PER_TOKEN = 4
"""Policies have no tokenizer: counts are estimates."""


def completion(request: dict[str, Any], seed: str, moves: Sequence[Move]) -> dict[str, Any]:
    """Return a `chat.completion` with one choice a move; its ids follow from `seed`."""
    messages = [_message(f"{seed}/{i}", move) for i, move in enumerate(moves)]
    prompt = sum(map(_length, request["messages"])) // CHARACTERS_PER_TOKEN
    answer = sum(map(_length, messages)) // CHARACTERS_PER_TOKEN
    return {
        "id": f"chatcmpl-{_id(seed)}",
        "object": "chat.completion",
        "created": 0,
        "model": request["model"],
        "choices": [
            {
                "index": i,
                "message": message,
                "logprobs": None,
                "finish_reason": "tool_calls" if "tool_calls" in message else "stop",
            }
            for i, message in enumerate(messages)
        ],
        "usage": {
            "prompt_tokens": prompt,
            "completion_tokens": answer,
            "total_tokens": prompt + answer,
        },
    }


def stream(whole: dict[str, Any], *, usage: bool) -> Iterator[bytes]:
    """Yield the same completion as server-sent events, `[DONE]` last.

    With `usage` a chunk with the token counts comes before it.
    """
    head = {k: whole[k] for k in ("id", "created", "model")} | {"object": "chat.completion.chunk"}
    for choice in whole["choices"]:
        for delta in _deltas(choice["message"]):
            yield _event(head | {"choices": [_chunk(choice["index"], delta, None)]})
        yield _event(head | {"choices": [_chunk(choice["index"], {}, choice["finish_reason"])]})
    if usage:
        yield _event(head | {"choices": [], "usage": whole["usage"]})
    yield b"data: [DONE]\n\n"


def _message(seed: str, move: Move) -> Message:
    message: Message = {
        "role": "assistant",
        "content": None if move.calls and not move.content else move.content,
        "refusal": None,
    }
    if move.reasoning:
        message["reasoning_content"] = move.reasoning
    if move.calls:
        message["tool_calls"] = [
            {
                "id": f"call_{_id(f'{seed}/{i}')}",
                "type": "function",
                "function": {"name": name, "arguments": json.dumps(arguments)},
            }
            for i, (name, arguments) in enumerate(move.calls)
        ]
    return message


def _deltas(message: Message) -> Iterator[dict[str, Any]]:
    yield {"role": "assistant", "content": ""}
    for field in ("reasoning_content", "content"):
        if message.get(field):
            yield {field: message[field]}
    for index, call in enumerate(message.get("tool_calls") or ()):
        yield {"tool_calls": [{"index": index, **call}]}


def _chunk(index: int, delta: dict[str, Any], finish: str | None) -> dict[str, Any]:
    return {"index": index, "delta": delta, "logprobs": None, "finish_reason": finish}


def _event(chunk: dict[str, Any]) -> bytes:
    return b"data: " + json.dumps(chunk).encode() + b"\n\n"


def _length(message: Message) -> int:
    content = message.get("content") or ""
    size = len(content) if isinstance(content, str) else len(json.dumps(content))
    size += len(message.get("reasoning_content") or "")
    for call in message.get("tool_calls") or ():
        size += len(call["function"]["name"]) + len(str(call["function"].get("arguments", "")))
    return size


def _id(seed: str) -> str:
    return hashlib.blake2b(seed.encode(), digest_size=12).hexdigest()
