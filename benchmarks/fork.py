"""Forks and going back, beside rewinding and spawning in the same run.

    evennia-world bench fork --quick --json figures.json
    python -m benchmarks.fork --quick --json figures.json

Worlds are grids of rooms that were played for a number of commands; all times are medians in
milliseconds as a client sees them. A warm fork has an idle copy of its world on the server, a cold
one is spawned. The character of a fork is logged in with its first command, which therefore takes
longer than later ones: `first_command_ms`.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

from benchmarks import fork_check
from benchmarks.figures import tell
from benchmarks.world import textworld
from benchmarks.worlds import WALK, grid_world
from environments.tasks.build import KINDS, make_task
from environments.tasks.model import Family
from environments.tasks.value import Position, value_of
from world_fixtures.servers import PooledInstance, ServerPool
from world_fixtures.spec import WorldSpec

Result = TypeVar("Result")
Progress = Callable[[str], None]
ROOMS = (8, 30, 100)
COMMANDS = (10, 100)
AT_ONCE = 64
WARM_LIMIT = 3.0
"""Times a rewind that a warm fork may take."""
COLD_LIMIT = 1.25
"""Times a spawn and a warm fork, which is what it does, that a cold fork may take.

Against a spawn alone a cold fork looks the worse the cheaper spawns are, and the more was played.
"""


async def measure(quick: bool, say: Progress, seed: int = 0) -> dict[str, Any]:
    """Measure all figures of `evennia-world bench fork`; `failures` lists what was found wrong."""
    repeats = 15 if quick else 60
    by_size: dict[str, dict[str, float]] = {}
    async with ServerPool(1) as pool:
        for rooms in ROOMS:
            for commands in COMMANDS:
                say(f"{rooms} rooms after {commands} commands")
                world = grid_world(rooms)
                own = {"title": f"{world.title} after {commands}"}  # so that no idle copy is there
                found = await _times(pool, world.model_copy(update=own), commands, repeats)
                by_size[f"rooms_{rooms}_after_{commands}"] = found
        say(f"{AT_ONCE} forks at once")
        at_once = await _at_once(pool, grid_world(8))
    say("values of tasks")
    value = await asyncio.to_thread(_values, 1 if quick else 4, seed)
    say("TextWorld")
    other = await asyncio.to_thread(textworld, quick)
    checked = await fork_check.measure(quick, say, seed=seed)
    small = by_size["rooms_8_after_10"]
    failures = [*checked.pop("failures"), *_too_slow(by_size)]
    if at_once["lost"]:
        failures.append(f"{at_once['lost']} of {AT_ONCE} forks at once were lost")
    for failure in failures:
        say(failure)
    return {
        "quick": quick,
        "fork_ms": {
            f"rooms_{rooms}_{kind}{'' if commands == COMMANDS[0] else f'_after_{commands}'}":
                by_size[f"rooms_{rooms}_after_{commands}"][kind]
            for rooms in ROOMS for commands in COMMANDS for kind in ("warm", "cold")
        },
        "go_back_ms": {size: times["go_back"] for size, times in by_size.items()},
        "rewind_ms": small["rewind"],
        "spawn_ms": small["spawn"],
        "first_command_ms": small["first_command"],
        "by_size_ms": by_size,
        "value_ms": value,
        f"at_once_{AT_ONCE}": at_once,
        "textworld_copy_ms": other and other["copy_ms"],
        "check": checked,
        "failures": failures,
    }  # fmt: skip


async def _times(
    pool: ServerPool, spec: WorldSpec, commands: int, repeats: int
) -> dict[str, float]:
    """Measure forks of one played instance, and what they are compared with, turn by turn."""
    times: dict[str, list[float]] = {
        name: [] for name in
        ("cold", "spawn", "warm", "warm_earlier", "rewind", "go_back", "first_command")
    }  # fmt: skip
    parent = await pool.acquire(spec)
    await _play(parent, commands)
    held = []
    for _ in range(repeats):
        held.append(await _timed(times["cold"], parent.fork()))
        held.append(await _timed(times["spawn"], pool.acquire(spec)))
    played = held.pop()
    await _give_back(pool, *held)
    for _ in range(repeats):
        fork = await _timed(times["warm"], parent.fork())
        session = fork.sessions_open["you"]
        await _timed(times["first_command"], session.command("look"))
        await _timed(times["go_back"], fork.go_back(commands // 2))
        await _give_back(pool, fork)
        fork = await _timed(times["warm_earlier"], parent.fork(commands // 2))
        await _give_back(pool, fork)
        await _play(played, commands, stay=False)
        await _give_back(pool)  # so that the server is as calm as before a fork
        await _timed(times["rewind"], played.reset())
    await _give_back(pool, parent, played)
    return {name: statistics.median(found) * 1000 for name, found in times.items()}


async def _at_once(pool: ServerPool, spec: WorldSpec) -> dict[str, float]:
    """Fork one instance many times at once, cold and then warm; times are of one fork of them."""
    parent = await pool.acquire(spec.model_copy(update={"title": "Forked many times"}))
    await _play(parent, COMMANDS[0])
    state = await parent.state()
    found: dict[str, float] = {"lost": 0}
    for kind in ("cold", "warm"):
        started = time.perf_counter()
        forks = await asyncio.gather(*(parent.fork() for _ in range(AT_ONCE)))
        found[f"{kind}_ms"] = (time.perf_counter() - started) * 1000 / AT_ONCE
        states = await asyncio.gather(*(f.state() for f in forks))
        found["lost"] += AT_ONCE - len({f.id for f in forks}) + sum(s != state for s in states)
        await _give_back(pool, *forks)
    await _give_back(pool, parent)
    return found


async def _play(instance: PooledInstance, commands: int, stay: bool = True) -> None:
    session = await instance.open()
    for n in range(commands):
        await session.command(WALK[n % len(WALK)])
    if not stay:
        await session.close()


async def _timed(times: list[float], call: Awaitable[Result]) -> Result:
    started = time.perf_counter()
    result = await call
    times.append(time.perf_counter() - started)
    return result


async def _give_back(pool: ServerPool, *instances: PooledInstance) -> None:
    """Release instances, and return when their server has rewound them."""
    for instance in instances:
        pool.release(instance)
    for _ in range(2):  # the first goes out before the releases
        await pool.servers[0].request("ping")


def _values(each: int, seed: int) -> dict[str, float]:
    """Measure the value of the start of tasks, difficulties 1 to 5, of every kind that has one."""
    times = []
    for family in Family:
        for kind in KINDS[family]:
            for n in range(each * 5):
                task = make_task(family, seed + n, 1 + n % 5, kind=kind)
                if task.spec.living is not None:  # nothing tells the value of its states
                    break
                position = Position.start(task)
                started = time.perf_counter()
                value_of(position)
                times.append((time.perf_counter() - started) * 1000)
    return {
        "median": statistics.median(times),
        "p90": statistics.quantiles(times, n=10)[-1],
        "tasks": len(times),
    }


def _too_slow(by_size: dict[str, dict[str, float]]) -> list[str]:
    """Say where a fork took longer than it may."""
    return [
        f"{size}: a {kind} fork took {times[kind]:.2f} ms, {base} {bound:.2f} ms"
        for size, times in by_size.items()
        for kind, base, bound, limit in (
            ("warm", "a rewind", times["rewind"], WARM_LIMIT),
            ("cold", "a spawn and a warm fork", times["spawn"] + times["warm"], COLD_LIMIT),
        )
        if times[kind] > limit * bound
    ]


def main() -> None:
    """Measure from the command line; exit code 1 where something was wrong."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="a few minutes")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path, metavar="FILE")
    args = parser.parse_args()
    figures = asyncio.run(measure(args.quick, print, args.seed))
    tell(figures, args.json)
    raise SystemExit(bool(figures["failures"]))


if __name__ == "__main__":
    main()
