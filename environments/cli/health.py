"""`evennia-world health`: is what a run needs there? An exit code and a line each, for probes."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Annotated
from urllib.parse import urlsplit

import typer

from environments.cli.verb import new_verb
from world_fixtures.errors import UserError

SECONDS = 5.0
WORLD_SECONDS = 60.0
"""The least that a world is given: the first one on a machine is made anew."""

app = new_verb()


@app.command()
def health(
    trainer: Annotated[
        str | None, typer.Option(metavar="URL", help="the rollout server (run-api)")
    ] = None,
    base_url: Annotated[
        str | None, typer.Option(metavar="URL", help="the model's endpoint, ending in /v1")
    ] = None,
    world: Annotated[
        bool, typer.Option("--world", help="start a world server, or reach the one at an address")
    ] = False,
    seconds: Annotated[float, typer.Option(min=0.1, help="for each answer")] = SECONDS,
) -> int:
    """Ask what is named whether it is there, and exit with 1 where something is not.

    For the probes of Kubernetes and the like: nothing is changed by it, and nothing written.
    """
    asked: dict[str, Awaitable[str]] = {}
    for option, url in (("--trainer", trainer), ("--base-url", base_url)):
        if url:
            _check_address(option, url)
    if trainer:
        asked[f"trainer {trainer}"] = _answers(f"{trainer.rstrip('/')}/info", seconds)
    if base_url:
        asked[f"endpoint {base_url}"] = _answers(f"{base_url.rstrip('/')}/models", seconds)
    if world:
        asked["world"] = _world(seconds)
    if not asked:
        raise UserError("health asks what it is told to: give --trainer, --base-url or --world")
    return asyncio.run(_all(asked))


def _check_address(option: str, url: str) -> None:
    """Raise UserError for what can be no address, rather than say that nothing is there."""
    from environments.models.address import shown  # loads httpx

    try:
        parts = urlsplit(url)
        fine = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
        fine = fine and url.isprintable() and " " not in url
    except ValueError:  # a port that is none, or an address of IPv6 without its end
        fine = False
    if not fine:
        raise UserError(f"{option} {shown(url)!r} is no address: give http://HOST:PORT")


async def _all(asked: dict[str, Awaitable[str]]) -> int:
    from environments.models.address import shown  # loads httpx

    faults = await asyncio.gather(*asked.values())
    for name, fault in zip(asked, faults, strict=True):
        print(f"{shown(name)}: {fault or 'ok'}")
    return int(any(faults))


async def _answers(url: str, seconds: float) -> str:
    """Return what is wrong with an address; empty where it answers, refusing a key or not."""
    import httpx  # not for help

    try:
        async with (
            asyncio.timeout(seconds),
            httpx.AsyncClient(timeout=seconds, trust_env=False) as client,
            client.stream("GET", url) as answer,
        ):
            status = answer.status_code
    except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
        return f"no answer ({type(error).__name__})"
    return "" if status < 500 and status != 404 else f"answers with status {status}"


async def _world(seconds: float) -> str:
    """Return what is wrong with world servers; empty where one gives a world."""
    from world_fixtures.common import WorldError, WorldLost
    from world_fixtures.library import load_world
    from world_fixtures.servers import ServerPool

    limit = max(seconds, WORLD_SECONDS)
    try:
        async with asyncio.timeout(limit), ServerPool(1) as pool:
            pool.release(await pool.acquire(load_world("timmy_home")))
    except TimeoutError:
        return f"not there after {limit:g} s: give more --seconds where the machine is slow or busy"
    except (UserError, WorldError, WorldLost, OSError) as error:
        return f"{type(error).__name__}: {error}".rstrip(": ")
    return ""
