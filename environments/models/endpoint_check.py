"""The check that a model endpoint answers, made before anything is played with it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from urllib.parse import urlsplit

import httpx
from atroposlib.envs.server_handling.server_baseline import APIServerConfig

from environments.models.address import shown, without_key
from world_fixtures.common import UserError

TIMEOUT = 5.0
"""Seconds for an endpoint to list its models; it may be busy."""
CONNECT = 15.0
"""Seconds to reach it."""


async def check_endpoint(
    servers: Sequence[APIServerConfig], *,
    url_option: str = "--openai.base_url", key_option: str = "--openai.api_key_env",
) -> None:  # fmt: skip
    """Raise UserError unless something answers where each endpoint is said to be.

    `url_option` and `key_option` are the flags to correct, which the error names.
    """
    for server in servers:
        url = server.base_url or ""
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise UserError(f"{url_option} {shown(url)!r} is no address: write http://HOST:PORT/v1")
        timeout = httpx.Timeout(TIMEOUT, connect=CONNECT)
        key = {"Authorization": f"Bearer {server.api_key}"} if server.api_key else {}
        try:
            # Its status is all that counts: the body, of whatever size, is left unread.
            async with (
                asyncio.timeout(CONNECT + TIMEOUT),
                httpx.AsyncClient(timeout=timeout) as client,
                client.stream("GET", f"{url.rstrip('/')}/models", headers=key) as answer,
            ):
                status = answer.status_code
        except (httpx.ReadTimeout, TimeoutError):
            continue  # it is there, and slow
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            said = without_key(str(error), server.api_key) or "no answer"
            raise UserError(
                f"no endpoint at {shown(url)} ({said}): start it, or correct {url_option}"
            ) from None
        if status in (401, 403):
            raise UserError(
                f"{shown(url)} refuses the API key ({status}): export the right one as"
                f" OPENAI_API_KEY, or name its variable with {key_option}"
            )
