"""Embedded policies behind a real OpenAI-compatible HTTP server on loopback.

It runs in the event loop that enters it. The only thing it keeps is which task each
rollout plays; a request names its rollout and stage in `user`, as `<key>#<stage>`, or,
from clients that cannot set that field, in the API key. `base_url` holds a secret.
"""

from __future__ import annotations

import asyncio
import json
import logging
from dataclasses import dataclass
from typing import Any, Self

from aiohttp import web

from environments.loopback import LoopbackServer
from environments.policies.completion import completion, stream
from environments.policies.policy import View
from environments.policies.registry import get_policy, list_policies
from environments.refusal import Refusal, told_by
from environments.tasks.model import Task
from world_fixtures.common import UserError

MAX_BODY = 64 * 1024 * 1024
"""Bytes in one request."""
MAX_CHOICES = 128
"""Largest `n`."""
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ExpectedRollout:
    """A rollout whose requests are answered: its task and attempt."""

    task: Task
    attempt: int


class PolicyEndpoint:
    """An HTTP server for policies, as an async context manager: listens while it is entered."""

    def __init__(self, port: int = 0, *, latency: float = 0.0) -> None:
        """Choose the port, 0 for a free one; `latency` is the seconds each completion waits."""
        self.latency = latency
        self._expected: dict[str, ExpectedRollout] = {}
        self._loopback = LoopbackServer(port)

    @property
    def port(self) -> int:
        """The port, once it listens."""
        return self._loopback.port

    @property
    def base_url(self) -> str:
        """Base URL for an OpenAI client, which holds the secret."""
        return f"{self._loopback.root}/v1"

    @property
    def models(self) -> tuple[str, ...]:
        """Names of the policies; those with a parameter are also reached as `name:value`."""
        return list_policies()

    def expect(self, key: str, task: Task, attempt: int) -> None:
        """Let requests of rollout `key` play `task`; a second call replaces the first."""
        self._expected[key] = ExpectedRollout(task, attempt)

    def forget(self, key: str) -> None:
        """Forget rollout `key`, expected or not."""
        self._expected.pop(key, None)

    async def __aenter__(self) -> Self:
        routes = [
            web.get("/health", self._health),
            web.get("/v1/models", self._models),
            web.post("/v1/chat/completions", self._complete),
        ]
        await self._loopback.start(routes, max_body=MAX_BODY, around=told_by(log, "policy"))
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._loopback.stop()

    async def _health(self, request: web.Request) -> web.Response:
        return web.json_response({"status": "ok"})

    async def _models(self, request: web.Request) -> web.Response:
        models = [
            {"id": name, "object": "model", "created": 0, "owned_by": "evennia-world"}
            for name in self.models
        ]
        return web.json_response({"object": "list", "data": models})

    async def _complete(self, request: web.Request) -> web.StreamResponse:
        body = _body(await request.read())
        whole = self._answer(body, request.headers.get("Authorization", ""))
        if self.latency:
            await asyncio.sleep(self.latency)
        if not body.get("stream"):
            return web.json_response(whole)
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        options = body.get("stream_options") or {}
        for event in stream(whole, usage=bool(options.get("include_usage"))):
            await response.write(event)
        await response.write_eof()
        return response

    def _answer(self, body: dict[str, Any], authorization: str) -> dict[str, Any]:
        try:
            policy = get_policy(body["model"])
        except UserError as error:
            raise Refusal(str(error), status=404, param="model") from None
        expected, stage = self._rollout(body.get("user"), authorization)
        seed = f"{policy.name}/{expected.task.id}/{expected.attempt}/{stage}"
        messages = body["messages"]
        views = [
            View(expected.task, stage, messages, f"{seed}+{i}" if i else seed)
            for i in range(body["n"])
        ]
        return completion(body, f"{seed}/{views[0].turn}", [policy.act(view) for view in views])

    def _rollout(self, user: object, authorization: str) -> tuple[ExpectedRollout, int]:
        """Return the rollout and stage of a request. Raises Refusal where there is none."""
        given = user if isinstance(user, str) else authorization.removeprefix("Bearer ")
        key, _, stage = given.rpartition("#")
        expected = self._expected.get(key)
        if expected is None and not isinstance(user, str):
            raise Refusal(
                'policies need `user`: "<rollout>#<stage>" says which task they play; '
                "clients that cannot set it send the same as API key",
                param="user",
            )
        if expected is None:
            raise Refusal(
                f'no rollout {key or given!r} is expected here: `user` is "<rollout>#<stage>" '
                "of a rollout that is being played",
                param="user",
            )
        if not stage.isdecimal() or int(stage) >= len(expected.task.stages):
            raise Refusal(
                f"stage {stage!r} in `user` is none of the {len(expected.task.stages)} of "
                f"{expected.task.id}, counted from 0",
                param="user",
            )
        return expected, int(stage)


def _body(raw: bytes) -> dict[str, Any]:
    """Parse the request's JSON and check what every request must hold. Raises Refusal."""
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError):
        raise Refusal("the request body is not JSON") from None
    if not isinstance(body, dict):
        raise Refusal("the request body is not a JSON object")
    if not isinstance(body.get("model"), str):
        raise Refusal("`model` is missing: name a policy", param="model")
    messages = body.get("messages")
    if not isinstance(messages, list) or not all(isinstance(m, dict) for m in messages):
        raise Refusal("`messages` must be a list of messages", param="messages")
    n = 1 if body.get("n") is None else body["n"]
    if not isinstance(n, int) or not 1 <= n <= MAX_CHOICES:
        raise Refusal(f"`n` must be a whole number from 1 to {MAX_CHOICES}", param="n")
    return body | {"n": n}
