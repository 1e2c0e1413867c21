"""The model as verifiers offers it to a harness: an endpoint that records what is said."""

from __future__ import annotations

import json
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

import aiohttp

from environments.models.completion import EndpointError
from environments.models.http import ENCODINGS, MAX_ANSWER, MAX_ERROR, BodyError, read_body

SAMPLING = ("temperature",)
"""Fields of a request that are left to the run: it imposes those that its options set."""


class Intercepted:
    """A `ChatServer` for one rollout, to be entered in the loop that asks it.

    Once verifiers has stopped the rollout, by a limit of the run or a stop of its own, the model
    has nothing more to say: the rollout ends as it stands.
    """

    def __init__(self, endpoint: str, secret: str, stopped: Callable[[], bool]) -> None:
        """Take the endpoint's address up to `/v1`, its key, and whether the run has stopped."""
        self._url = f"{endpoint.rstrip('/')}/chat/completions"
        self._headers = {"Authorization": f"Bearer {secret}"}
        self._stopped = stopped
        self._answered = 0
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=None), cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False, headers={"Accept-Encoding": ", ".join(ENCODINGS)},
        )  # fmt: skip
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        where: TracebackType | None,
    ) -> None:  # fmt: skip
        assert self._session is not None
        await self._session.close()

    async def chat_completion(self, **request: Any) -> Any:
        """Answer a request of OpenAI's chat completions. Raises EndpointError."""
        assert self._session is not None
        body = {k: v for k, v in request.items() if k not in SAMPLING}
        # A request that is sent again is recorded once.
        headers = {**self._headers, "Idempotency-Key": f"turn-{self._answered}"}
        try:
            async with self._session.post(self._url, json=body, headers=headers) as answer:
                failed = answer.status >= 400
                raw = await read_body(
                    answer.content.iter_any(), answer.headers.get("Content-Encoding"),
                    MAX_ERROR if failed else MAX_ANSWER, cut=failed,
                )  # fmt: skip
        except (aiohttp.ClientError, BodyError) as error:
            raise EndpointError(f"{type(error).__name__}: {error}") from None
        if failed and self._stopped():
            return _NOTHING_MORE
        if failed:
            raise EndpointError(f"{answer.status}: {_told(raw)}", answer.status)
        try:
            found = json.loads(raw)
        except (ValueError, RecursionError):
            raise EndpointError("the answer is no JSON") from None
        self._answered += 1
        return found


_NOTHING_MORE = {"choices": [{"message": {"role": "assistant", "content": ""}}]}


def _told(raw: bytes) -> str:
    """Return what the endpoint says of an error, in a few words."""
    try:
        return str(json.loads(raw)["error"]["message"])[:500]
    except (ValueError, RecursionError, LookupError, TypeError):
        return raw[:200].decode(errors="replace")
