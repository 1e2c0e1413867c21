"""Rollouts in a game that somebody else wrote: how soon they are ready, and what they take.

    evennia-world bench game --quick --json figures.json

The game is Evennia's tutorial world. `load_ms` is what starting a process that has it loaded takes,
`build_ms` what preparing it takes; `reset_ms` a new rollout until its player
has the first view. `command_ms_stock_p50` are the same lines in the game's own process, with stock
command sets and the same steps of the game's time, without anything of ours around them: no state,
no event, no socket. Memory is what a process shares with no other (Private_* of Linux's smaps).
Without `--quick` each game that ships is also sent 5,000 hostile lines, of which `reached` counts
what they got at.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest.mock import patch

from benchmarks.hostile_lines import hostile_lines
from world_fixtures.foreign.snapshot import snapshot_of
from world_fixtures.foreign.source import read_source, shipped_games
from world_fixtures.servers import PooledInstance, ServerPool
from world_fixtures.spec import WorldSpec
from world_fixtures.state import WorldState

Progress = Callable[[str], None]
LINES = ("look", "begin", "look ruin", "read sign", "climb tree", "northern path", "enter",
         "get weapon", "inventory", "leave", "back", "bridge", "east", "look", "west", "west",
         "look well", "help", "say hello", "look sign")  # fmt: skip
AT_ONCE = 16
READY_LIMIT = 30.0
"""Times that a new rollout fits into loading and building the game, at least."""
HOSTILE = 5000
"""Hostile lines for each game."""
STOCK_LIMIT = 1.5
"""Times a command in the game's own process that one of ours may take."""
OWN_LIMIT = 40.0
"""MB of its own that a rollout may have."""


async def measure(quick: bool, say: Progress) -> dict[str, Any]:
    """Measure all figures of `evennia-world bench game`; `failures` lists what was found wrong."""
    source = read_source({"game": "tutorial_world"}, Path())
    say("building the game")
    with (
        tempfile.TemporaryDirectory() as home,
        patch.dict(os.environ, {"EVENNIA_WORLD_HOME": home}),
    ):
        started = time.perf_counter()
        await asyncio.to_thread(snapshot_of, source)
        build_ms = _since(started)
    spec = (await asyncio.to_thread(snapshot_of, source)).spec()
    async with ServerPool(1, at_once=False) as pool:
        say("loading the game")
        started = time.perf_counter()
        first = await pool.acquire(spec)
        load_ms = _since(started)
        pool.release(first)
        say("new rollouts")
        resets = [await _reset(pool, spec) for _ in range(10 if quick else 40)]
        say("commands, ours and stock by turns")
        ours, stock = await _commands(pool, spec, 3 if quick else 10)
        say(f"{AT_ONCE} at once")
        started = time.perf_counter()
        live = await asyncio.gather(*(pool.acquire(spec) for _ in range(AT_ONCE)))
        sessions = await asyncio.gather(*(i.open() for i in live))
        at_once_ms = _since(started)
        await asyncio.gather(*(_play(session) for session in sessions))
        own = _own_mb(live[0].server.pid)
        for instance in live:
            pool.release(instance)
        say("hostile lines")
        games = ("tutorial_world",) if quick else tuple(shipped_games())
        lines = 100 if quick else HOSTILE
        reached = [line for game in games for line in await _reached(pool, game, lines)]
    figures = {
        "quick": quick,
        "build_ms": build_ms,
        "load_ms": load_ms,
        "reset_ms": statistics.median(resets),
        "command_ms_p50": statistics.median(ours),
        "command_ms_stock_p50": statistics.median(stock),
        "command_times_stock": sum(ours) / sum(stock),
        "at_once": AT_ONCE,
        "at_once_ready_ms": at_once_ms,
        "own_mb_per_rollout": statistics.median(own),
        "own_mb_most": max(own),
        "hostile_lines": lines * len(games),
        "reached": len(reached),
    }
    return {**figures, "failures": [*_failures(figures), *reached]}


async def _reached(pool: ServerPool, game: str, count: int) -> list[str]:
    """Send hostile lines to a game; returns what they got at, a line each."""
    source = read_source({"game": game}, Path())
    spec = (await asyncio.to_thread(snapshot_of, source)).spec()
    instance, other = await pool.acquire(spec), await pool.acquire(spec)
    try:
        rights = _rights(await instance.state())
        session = await instance.open()
        for line in hostile_lines(count, seed=1):
            await session.command(line)
        found = []
        if _rights(await instance.state()) != rights:
            found.append(f"{game}: permissions of an account are others than they were")
        if (await other.state()).hash != other.start_hash:
            found.append(f"{game}: another rollout was changed")
        noticed = await instance.server.request("noticed", instance=instance.id)
        return [*found, *(f"{game}: the game {what}" for what in noticed["refused"])]
    finally:
        pool.release(instance)
        pool.release(other)


def _rights(state: WorldState) -> dict[str, Any]:
    return {e: f["permissions"] for e, f in state.entities.items() if f.get("permissions")}


async def _reset(pool: ServerPool, spec: WorldSpec) -> float:
    started = time.perf_counter()
    instance = await pool.acquire(spec)
    try:
        await instance.open()
        return _since(started)
    finally:
        pool.release(instance)


async def _commands(
    pool: ServerPool, spec: WorldSpec, rounds: int
) -> tuple[list[float], list[float]]:
    ours: list[float] = []
    stock: list[float] = []
    for _ in range(rounds):
        instance = await pool.acquire(spec)
        ours += await _play(await instance.open())
        pool.release(instance)
        bare: PooledInstance = await pool.acquire(spec)
        await bare.open()
        stock += await bare.server.request("bare", instance=bare.id, lines=list(LINES))
        pool.release(bare)
    return ours, stock


async def _play(session: Any) -> list[float]:
    found = []
    for line in LINES:
        started = time.perf_counter()
        await session.command(line)
        found.append(_since(started))
    return found


def _own_mb(server: int) -> list[float]:
    """Return the memory that each process forked from the server shares with none, in MB."""
    found = []
    for child in Path(f"/proc/{server}/task/{server}/children").read_text().split():
        rollup = Path(f"/proc/{child}/smaps_rollup").read_text().splitlines()
        private = [line.split()[1] for line in rollup if line.startswith("Private_")]
        found.append(sum(map(int, private)) / 1024)
    return found


def _failures(figures: dict[str, Any]) -> list[str]:
    found = []
    whole = figures["load_ms"] + figures["build_ms"]
    if figures["reset_ms"] * READY_LIMIT > whole:
        found.append(f"a new rollout takes over a {READY_LIMIT:g}th of loading and building")
    if figures["command_times_stock"] > STOCK_LIMIT:
        found.append(f"a command takes over {STOCK_LIMIT:g} times that in the game's own process")
    if figures["own_mb_per_rollout"] > OWN_LIMIT:
        found.append(f"a rollout has over {OWN_LIMIT:g} MB of its own")
    return found


def _since(started: float) -> float:
    return (time.perf_counter() - started) * 1000
