"""The world server, measured beside the stock client path, TextWorld, and its floors.

A floor is what no server can go below: the command inside of the server's process, a ping-pong of
the same bytes between two processes, and creation of the same world object by object.
"""

from __future__ import annotations

import asyncio
import importlib.util
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from benchmarks import stock
from benchmarks.floors import ROUNDS, cpu_seconds, ping_ms
from benchmarks.worlds import WALK, grid_world
from world_fixtures import home
from world_fixtures.client import Session
from world_fixtures.servers import PooledInstance, ServerPool
from world_fixtures.spec import WorldSpec

Progress = Callable[[str], None]


async def measure(quick: bool, say: Progress) -> dict[str, Any]:
    """Measure all figures of `evennia-world bench world`; returns one dict for JSON."""
    looks = 300 if quick else 2000
    result: dict[str, Any] = {"quick": quick}
    say("stock client path: websocket, Portal, AMP, Server")
    spec = grid_world(8)
    stock_figures = await stock.measure(spec.model_dump(mode="json"), 16, 20 if quick else 60)
    say("in-process floor")
    floor = await asyncio.to_thread(_in_process, looks)
    say("TextWorld")
    other = await asyncio.to_thread(textworld, quick)
    started = time.perf_counter()
    async with ServerPool(1) as pool:
        result["start_up_s"] = time.perf_counter() - started
        say("commands")
        look, throughput = await _commands(
            pool, spec, looks, (1, 16) if quick else (1, 16, 64, 256)
        )
        result["command"] = {
            "look_p50_ms": {
                "ours": look,
                "stock": stock_figures["look_p50_ms"],
                "in_process": floor["look_p50_ms"],
            },
            "server_cpu_ms": {
                "ours": await _server_cpu_ms(pool, spec, 16, looks // 4),
                "in_process": floor["look_cpu_ms"],
            },
        }
        result["floor"] = {"ping_ms": await _ping(pool, spec, looks)}
        result["throughput_per_s"] = throughput
        result["throughput_16_per_s"] = {
            "ours": throughput["16"],
            "stock": stock_figures["throughput_per_s"],
        }
        result["steps_per_s"] = {
            "ours": await _steps(pool, spec, 10 if quick else 60),
            "textworld": other and other["steps_per_s"],
        }
        say("reset and spawn")
        for rooms in (8, 100) if quick else (8, 30, 100):
            result[f"reset_{rooms}_rooms_ms"] = await _resets(pool, grid_world(rooms), 20)
        result["reset_8_rooms_ms"]["create"] = floor["create_ms"]
        result["spawn_ms"] = {
            **{f"rooms_{rooms}": await _spawn_new(pool, rooms) for rooms in (8, 100)},
            "create_8": floor["create_ms"],
        }
        result["textworld_reset_ms"] = other and other["reset_ms"]
        say("growth")
        result["growth"] = await _growth(pool, spec, (1, 10, 100, 1000), looks)
    result["times_floor"] = times_floor(result)
    return result


def times_floor(found: dict[str, Any]) -> dict[str, float | None]:
    """Return figures as multiples of their floors, or of what they are measured against."""
    look, cpu = found["command"]["look_p50_ms"], found["command"]["server_cpu_ms"]
    spawn, steps = found["spawn_ms"], found["steps_per_s"]
    return {
        "look": look["ours"] / (look["in_process"] + found["floor"]["ping_ms"]),
        "server_cpu": cpu["ours"] / cpu["in_process"],
        "create_8_of_spawn": spawn["create_8"] / spawn["rooms_8"],
        "spawn_100_of_8_rooms": spawn["rooms_100"] / spawn["rooms_8"],
        "steps_of_textworld": steps["textworld"] and steps["ours"] / steps["textworld"],
    }


async def _commands(
    pool: ServerPool, spec: WorldSpec, looks: int, counts: tuple[int, ...]
) -> tuple[float, dict[str, float]]:
    """Measure the median milliseconds of a look alone, and looks a second by number of sessions."""
    instances = [await pool.acquire(spec) for _ in range(max(counts))]
    sessions = [await i.open() for i in instances]

    async def many(n: int) -> None:
        for _ in range(looks // 4):
            await sessions[n].command("look")

    alone = await _median_ms(lambda: sessions[0].command("look"), looks)
    throughput = {}
    for count in counts:
        start = time.perf_counter()
        await asyncio.gather(*(many(n) for n in range(count)))
        throughput[str(count)] = count * (looks // 4) / (time.perf_counter() - start)
    _release(pool, instances)
    return alone, throughput


async def _server_cpu_ms(pool: ServerPool, spec: WorldSpec, count: int, looks: int) -> float:
    """Measure the server's milliseconds of processor time for a look, with `count` sessions."""
    instances = [await pool.acquire(spec) for _ in range(count)]
    sessions = [await i.open() for i in instances]
    server = pool.servers[0].pid

    async def many(session: Session) -> None:
        for _ in range(looks):
            await session.command("look")

    found = []
    for _ in range(ROUNDS):
        before = cpu_seconds(server)
        await asyncio.gather(*map(many, sessions))
        found.append((cpu_seconds(server) - before) / (count * looks) * 1000)
    _release(pool, instances)
    return statistics.median(found)


async def _ping(pool: ServerPool, spec: WorldSpec, count: int) -> float:
    """Measure the ping-pong of as many bytes as a look and its answer have."""
    instance = await pool.acquire(spec)
    session = await instance.open()
    event = await session.command("look")
    pool.release(instance)
    asked = len(f'{{"session":"{event.session}","text":"look","op":"command","id":1000}}\n')
    answered = len(f'{{"id":1000,"ok":{event.model_dump_json()}}}\n'.encode())
    return await asyncio.to_thread(ping_ms, asked, answered, count)


async def _spawn_new(pool: ServerPool, rooms: int) -> float:
    """Measure the median milliseconds until a world is there that no server has seen before."""
    spec = grid_world(rooms)
    times = []
    for n in range(ROUNDS + 1):
        unseen = spec.model_copy(update={"title": f"{spec.title}, new {n}"})
        start = time.perf_counter()
        instance = await pool.acquire(unseen)
        times.append(time.perf_counter() - start)
        pool.release(instance)
    return statistics.median(times[1:]) * 1000


async def _steps(pool: ServerPool, spec: WorldSpec, rounds: int) -> float:
    """Measure mixed commands a second in one session, each with its event and state hash."""
    instance = await pool.acquire(spec)
    session = await instance.open()
    seconds = 0.0
    for _ in range(rounds):
        start = time.perf_counter()
        for command in WALK:
            await session.command(command)
        seconds += time.perf_counter() - start
        await instance.reset()
        session = await instance.open()
    pool.release(instance)
    return rounds * len(WALK) / seconds


async def _resets(pool: ServerPool, spec: WorldSpec, count: int) -> dict[str, float]:
    """Measure the `rewind` of a played instance and the `spawn` of a new one: median ms."""
    spawns: list[float] = []
    unseen = spec.model_copy(update={"title": f"{spec.title}, never spawned"})
    new = []
    for _ in range(5):
        start = time.perf_counter()
        new.append(await pool.acquire(unseen))
        spawns.append(time.perf_counter() - start)
    instances = [await pool.acquire(spec)]
    times = []
    for _ in range(count):
        session = await instances[0].open()
        for command in WALK:
            await session.command(command)
        await session.close()
        start = time.perf_counter()
        await instances[0].reset()
        times.append(time.perf_counter() - start)
    _release(pool, instances + new)
    return {"rewind": statistics.median(times) * 1000, "spawn": statistics.median(spawns) * 1000}


async def _growth(
    pool: ServerPool, spec: WorldSpec, counts: tuple[int, ...], looks: int
) -> dict[str, Any]:
    """Measure latency and memory by number of live instances."""
    instances: list[PooledInstance] = []
    latency, memory = {}, {}
    for count in counts:
        while len(instances) < count:
            batch = min(50, count - len(instances))
            instances += await asyncio.gather(*(pool.acquire(spec) for _ in range(batch)))
        sessions = [await i.open() for i in instances[:: max(1, count // 10)][:10]]
        times = []
        for n in range(looks):
            start = time.perf_counter()
            await sessions[n % len(sessions)].command("look")
            times.append(time.perf_counter() - start)
        latency[str(count)] = statistics.median(times) * 1000
        memory[str(count)] = (await pool.servers[0].client.ping())["rss_kb"]
    _release(pool, instances)
    span = counts[-1] - counts[-2]
    per_instance = (memory[str(counts[-1])] - memory[str(counts[-2])]) / span
    return {"look_p50_ms": latency, "rss_kb": memory, "kb_per_instance": per_instance}


async def _median_ms(call: Callable[[], Awaitable[Any]], count: int) -> float:
    times = []
    for _ in range(count):
        start = time.perf_counter()
        await call()
        times.append(time.perf_counter() - start)
    return statistics.median(times) * 1000


def _release(pool: ServerPool, instances: list[PooledInstance]) -> None:
    for instance in instances:
        pool.release(instance)


def _in_process(count: int) -> dict[str, float]:
    scratch = tempfile.mkdtemp(prefix="bench-")
    try:
        shutil.copyfile(home.template(sys.executable), Path(scratch) / "world.db3")
        return _json_of("benchmarks.in_process", scratch, str(count))
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def textworld(quick: bool) -> dict[str, float] | None:
    """Run the TextWorld benchmark; None where TextWorld is not installed."""
    if importlib.util.find_spec("textworld") is None:
        return None
    return _json_of("benchmarks.textworld_steps", "300" if quick else "1500")


def _json_of(module: str, *args: str) -> dict[str, float]:
    done = subprocess.run(
        [sys.executable, "-m", module, *args],
        env=home.child_env(sys.executable),
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise RuntimeError(f"{module} failed: {done.stderr.strip()[-500:]}")
    figures: dict[str, float] = json.loads(done.stdout.strip().splitlines()[-1])
    return figures
