"""One request to a model, tried again with back-off until it is answered or given up."""

from __future__ import annotations

import asyncio
import math
import random
import time
from typing import Any

from environments.models.chat import ChatServer
from environments.models.completion import Completion, read_completion

TRIES = 5
"""Tries of a request that fails."""
FLOOR = 0.5
"""Seconds that are waited at least before a further try."""
MAX_WAIT = 60.0
"""Seconds that are waited at most, also where an endpoint wants more."""
PERMANENT_STATUSES = (*range(300, 400), 400, 401, 403, 404, 422)
"""HTTP statuses after which asking again does not help; redirects are not followed."""

_jitter = random.Random()  # of its own: a seeded `random` draws tasks, and goes on as it would


class NoAnswerError(Exception):
    """The endpoint gave no answer of the model; the message says why."""


class OutOfTimeError(Exception):
    """The caller's deadline passed while the endpoint was still silent."""


async def ask(
    server: ChatServer, request: dict[str, Any], timeout: float, *,
    ends: float = math.inf, tries: int = TRIES,
) -> Completion:  # fmt: skip
    """Ask a model until it answers.

    Args:
        server: what is asked.
        request: of OpenAI's chat completions.
        timeout: seconds for one try. For as long an endpoint that says when it wants to be
            asked again is asked again, which uses up no try.
        ends: the caller's deadline, as `time.monotonic` counts.
        tries: requests that may fail.

    Raises NoAnswerError where the endpoint fails for good, OutOfTimeError where it is silent
    until `ends`.
    """
    patient_until = time.monotonic() + timeout
    failed = waits = 0
    while True:
        limit = min(timeout, ends - time.monotonic())
        retry_after = None
        try:
            async with asyncio.timeout(limit):
                return read_completion(await server.chat_completion(**request))
        except TimeoutError:
            if time.monotonic() >= ends:
                raise OutOfTimeError from None
            problem = f"no answer within {limit:g} s"
        except Exception as failure:
            error = _cause(failure)
            problem = f"{type(error).__name__}: {str(error)[:300]}"
            if getattr(error, "status_code", None) in PERMANENT_STATUSES:
                raise NoAnswerError(problem) from None
            retry_after = getattr(error, "retry_after", None)
        wait = pause(waits, retry_after)
        waits += 1
        if retry_after is None:
            failed += 1
        until = ends if retry_after is None else min(ends, patient_until)
        if failed >= tries or time.monotonic() + wait >= until:
            raise NoAnswerError(problem)
        await asyncio.sleep(wait)


def pause(waits: int, retry_after: float | None = None) -> float:
    """Return the seconds to wait before asking again, after `waits` earlier pauses.

    Doubled each time, with full jitter above FLOOR, so that rollouts which were refused together
    do not come back together. `retry_after` is what the endpoint wants at least.
    """
    most = max(FLOOR, min(MAX_WAIT, FLOOR * 2 ** min(waits + 1, 32)))
    wanted = min(retry_after or 0.0, MAX_WAIT)
    return max(wanted, FLOOR) + _jitter.uniform(0.0, most - FLOOR)


def _cause(error: BaseException) -> BaseException:
    """Unwrap tenacity's errors, in which atroposlib's servers wrap theirs."""
    while (attempt := getattr(error, "last_attempt", None)) is not None:
        inner = attempt.exception()
        if inner is None:
            break
        error = inner
    return error
