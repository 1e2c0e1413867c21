"""Kills and hostile input, many times over: `python -m benchmarks.soak_world [KILLS] [COMMANDS]`.

Exits 1 at the first acknowledged command that is not there after a kill, the first
instance whose state another's commands moved, memory that grows with the worlds played, or
a process left over.
"""

from __future__ import annotations

import asyncio
import random
import sys

from benchmarks.worlds import WALK, grid_world
from world_fixtures.common import WorldLost
from world_fixtures.generator import generate_world
from world_fixtures.home import alive
from world_fixtures.rules import Simulation
from world_fixtures.servers import PooledInstance, ServerPool, WorldServer

HOSTILE = (
    "@tel #1", "who", "page you=x", "nick l=quit", "ooc", "password a=b", "@py 1", "look *you",
    "get #2", "|rlook", "say $eval(1)", "\x1b[31mlook", "\x00\x01", "l" * 1500,
    "write <b>|r$x on token a",
    "help @py", "quit", "home", "give token a to #1", "look\nquit", "", "put token a in token a",
)  # fmt: skip


async def hostile(count: int, seed: int = 1) -> None:
    """Send `count` random and hostile commands to 8 instances, each held against the rules."""
    rng = random.Random(seed)
    spec = grid_world(8)
    async with ServerPool(1) as pool:
        instances = [await pool.acquire(spec) for _ in range(8)]
        sessions = [await i.open() for i in instances]
        models = [Simulation(spec) for _ in instances]
        for _ in range(count // 8):
            commands = [_command(rng) for _ in sessions]
            events = await asyncio.gather(
                *(s.command(c) for s, c in zip(sessions, commands, strict=True))
            )
            for event, command, model in zip(events, commands, models, strict=True):
                outcome = model.act(command)
                _expect(
                    event.text == outcome.text, f"{command[:60]!r} answered {event.text[:80]!r}"
                )
                _expect(event.state_hash == model.state.hash, f"{command[:60]!r} moved the state")
        for instance, model in zip(instances, models, strict=True):
            _expect((await instance.state()) == model.state, "an instance was moved by another")
        _expect(pool.replaced == 0, "the server crashed")


def _command(rng: random.Random) -> str:
    kind = rng.random()
    if kind < 0.4:
        return rng.choice(WALK)
    if kind < 0.7:
        return rng.choice(HOSTILE)
    return "".join(
        chr(rng.choice((rng.randrange(32, 127), rng.randrange(0x2FFF)))) for _ in range(30)
    )


async def kills(count: int, seed: int = 2) -> None:
    """Kill the server `count` times under load; all that was acknowledged must be there."""
    rng = random.Random(seed)
    spec = grid_world(8)
    server = await WorldServer.start()
    try:
        instances = []
        for _ in range(4):
            made = await server.client.create(spec)
            instances.append(PooledInstance(server, spec, made.id, made.hash))
        known: dict[str, str] = {i.id: i.hash for i in instances}
        for n in range(count):
            players = [
                asyncio.create_task(_play(i, rng.randrange(10**9), known)) for i in instances
            ]
            await asyncio.sleep(rng.random() * 0.15)
            server.kill()
            await asyncio.gather(*players)
            await server.revive()
            for instance in instances:
                events = await instance.events()
                hashes = [instance.hash, *(e.state_hash for e in events)]
                _expect(known[instance.id] in hashes, f"kill {n}: an acknowledged command is lost")
                state = (await instance.state()).hash
                _expect(state == hashes[-1], f"kill {n}: state and events disagree")
                known[instance.id] = state
            if n % 20 == 19:
                print(f"{n + 1} kills", flush=True)
    finally:
        await server.stop()
    _expect(not alive(server.pid), "a process is left over")


async def worlds(count: int) -> None:
    """Play `count` worlds once each: the server forgets them again."""
    async with ServerPool(1) as pool:
        sizes = []
        for n in range(count):
            instance = await pool.acquire(generate_world(n, 5))
            session = await instance.open()
            for command in ("look", "inventory", "north"):
                await session.command(command)
            pool.release(instance)
            if n % (count // 4) == count // 4 - 1:
                sizes.append((await pool.servers[0].request("ping"))["rss_kb"])
    print(f"resident at each quarter, in MB: {[size // 1000 for size in sizes]}")
    _expect(sizes[-1] < 1.1 * sizes[1], "the server grows with the worlds it has seen")


async def _play(instance: PooledInstance, seed: int, known: dict[str, str]) -> None:
    rng = random.Random(seed)
    try:
        session = await instance.open()
        while True:
            known[instance.id] = (await session.command(rng.choice(WALK))).state_hash
    except WorldLost:
        return


def _expect(true: bool, otherwise: str) -> None:
    if not true:
        raise SystemExit(f"failed: {otherwise}")


if __name__ == "__main__":
    numbers = [int(a) for a in sys.argv[1:]]
    asyncio.run(hostile(numbers[1] if len(numbers) > 1 else 10_000))
    print("hostile commands: no crash, no leak")
    asyncio.run(worlds(2000))
    asyncio.run(kills(numbers[0] if numbers else 200))
    print("kills: nothing acknowledged was lost, no process left over")
