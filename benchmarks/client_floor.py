"""The floor of a turn: a bare client of the endpoint, HTTP and JSON and nothing else."""

from __future__ import annotations

import asyncio
import gc
import json
import statistics
import time
from collections.abc import Mapping, Sequence
from typing import Any

import aiohttp

from benchmarks.floors import ROUNDS

Request = Mapping[str, Any]
"""What the endpoint was asked at the end of a rollout; its messages hold those before."""


async def ms_per_turn(url: str, last: Request, at_once: int) -> float:
    """Measure the milliseconds of processor time that each turn costs a loop of requests alone.

    `at_once` conversations ask what a rollout asked, turn by turn, the whole conversation each
    time. Nothing is decided, carried out, counted or kept.
    """
    turns = turns_of(last)
    times = []
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector) as http:
        for _ in range(ROUNDS):
            gc.collect()
            spent = time.process_time()
            await asyncio.gather(*(_converse(http, url, turns) for _ in range(at_once)))
            times.append((time.process_time() - spent) / (at_once * len(turns)) * 1000)
    return statistics.median(times)


def turns_of(last: Request) -> list[Request]:
    """Return the requests of all turns, from the last one."""
    messages: Sequence[Mapping[str, Any]] = last["messages"]
    answers = [n for n, m in enumerate(messages) if m["role"] == "assistant"]
    return [{**last, "messages": messages[:n]} for n in (*answers, len(messages))]


async def _converse(http: aiohttp.ClientSession, url: str, turns: Sequence[Request]) -> None:
    for request in turns:
        body = json.dumps(request).encode()
        headers = {"Content-Type": "application/json"}
        async with http.post(f"{url}/chat/completions", data=body, headers=headers) as answer:
            json.loads(await answer.read())
