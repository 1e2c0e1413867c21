"""Mutated messages against every listener, while somebody plays: `evennia-world bench hostile`.

Phases with frames take turns with phases without, on the same server and machine: the latency
of a session that looks around is compared between them. The frames come from a process of their
own with the lowest priority, `PACE` a second.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

from benchmarks.hostile_frames import FRAMES
from benchmarks.worlds import grid_world
from environments.policies.endpoint import PolicyEndpoint
from world_fixtures import home
from world_fixtures.client import Session
from world_fixtures.servers import ServerPool, WorldServer
from world_fixtures.site import LocalSite
from world_fixtures.spectator import SpectatorGate

FRAMES_IN_ALL = 100_000
FRAMES_QUICK = 5_000
PHASES = 10
"""Pairs of a phase with frames and one without."""
PACE = 400.0
"""Frames a second."""
PAUSE = 0.003
"""Seconds between an answer and the session's next command."""
SEED = "hostile-1"
TRACEBACK = "Traceback (most recent call last):"

Progress = Callable[[str], None]


async def measure(quick: bool, say: Progress) -> dict[str, Any]:
    """Measure all figures of `evennia-world bench hostile`; returns one dict for JSON."""
    frames = FRAMES_QUICK if quick else FRAMES_IN_ALL
    phases = 3 if quick else PHASES
    times: dict[str, list[float]] = {"control": [], "frames": []}
    problems = Problems()
    logging.getLogger().addHandler(problems)
    asyncio.get_running_loop().set_exception_handler(lambda _, about: problems.add(str(about)))
    with tempfile.TemporaryDirectory(prefix="hostile-") as cage:
        async with SpectatorGate() as gate, ServerPool(1) as pool, PolicyEndpoint() as endpoint:
            async with attacker(_targets(gate, pool, endpoint), Path(cage)) as send:
                instance = await pool.acquire(grid_world(8))
                session = await instance.open()
                await _look(session, 2.0)
                for n in range(phases):
                    say(f"phase {n + 1} of {phases}: frames, then none")
                    attack = asyncio.create_task(send(frames // phases))
                    begun = time.perf_counter()
                    while not attack.done():
                        times["frames"] += await _look(session, 0.5)
                    counts = await attack
                    times["control"] += await _look(session, time.perf_counter() - begun)
                pool.release(instance)
            ended = [p for p in (gate.pid, *(s.pid for s in pool.servers)) if not home.alive(p)]
            logs = [gate.scratch, *(_site(s).scratch for s in pool.servers)]
            problems.read([log for d in logs if d for log in d.glob("*.log")])
            lost = pool.replaced
        code_run = len(os.listdir(cage))
    control, attacked = (_figures(times[name]) for name in ("control", "frames"))
    return {
        "quick": quick,
        "seed": SEED,
        "frames_per_s": PACE,
        "frames": sum(counts["sent"].values()),
        "frames_by_listener": counts["sent"],
        "cut_by_listener": counts["cut"],
        "refused_connections": counts["refused"],
        "code_run": code_run,
        "crashes": len(ended) + lost + sum(problems.counts.values()),
        "processes_ended": len(ended) + lost,
        "tracebacks": problems.counts,
        "command_ms": {"control": control, "frames": attacked},
        "ratio_p99_9": attacked["p99_9"] / control["p99_9"],
    }


class Problems(logging.Handler):
    """Counts tracebacks, by their last line: of this process, and in logs."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.counts: dict[str, int] = {}

    def emit(self, record: logging.LogRecord) -> None:
        """Count one of this process (logging's hook)."""
        error = record.exc_info and record.exc_info[1]
        self.add(f"{record.name}: {type(error).__name__ if error else record.getMessage()}")

    def read(self, logs: list[Path]) -> None:
        """Count those in log files."""
        for log in logs:
            lines = log.read_text(errors="replace").splitlines()
            for n, line in enumerate(lines):
                if line.endswith(TRACEBACK):
                    before = line.removesuffix(TRACEBACK)
                    rest = (x.removeprefix("\t").removeprefix(before) for x in lines[n + 1 :])
                    last = next((x for x in rest if not x.startswith(" ")), "")
                    self.add(f"{log.name}: {last.partition(':')[0]}")

    def add(self, problem: str) -> None:
        """Count one."""
        problem = problem[:200]
        self.counts[problem] = self.counts.get(problem, 0) + 1


@contextlib.asynccontextmanager
async def attacker(targets: dict[str, Any], cage: Path) -> AsyncIterator[Any]:
    """Run the process that attacks; yields what has it send a number of frames."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "benchmarks.hostile_attacker",
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
        env=home.child_env(sys.executable),
    )  # fmt: skip
    assert process.stdin
    assert process.stdout
    reader, writer = process.stdout, process.stdin
    order = {"targets": targets, "seed": SEED, "cage": str(cage), "pace": PACE}
    writer.write(json.dumps(order).encode() + b"\n")

    async def send(count: int) -> dict[str, dict[str, int]]:
        writer.write(f"{count}\n".encode())
        line = await reader.readline()
        if not line:
            raise RuntimeError("the process that attacks has ended")
        counts: dict[str, dict[str, int]] = json.loads(line)
        return counts

    try:
        yield send
    finally:
        writer.close()
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


def _site(server: WorldServer) -> LocalSite:
    assert isinstance(server.site, LocalSite)
    return server.site


def _targets(gate: SpectatorGate, pool: ServerPool, endpoint: PolicyEndpoint) -> dict[str, Any]:
    server = pool.servers[0]
    port = server.client._writer.get_extra_info("peername")[1]
    targets = {
        "gateway": {"port": port},
        "gateway_trusted": {"port": port, "secret": _site(server).secret},
        "endpoint": {"port": endpoint.port},
        "endpoint_trusted": {"port": endpoint.port, "root": endpoint.base_url.split("/")[3]},
        "telnet": {"port": gate.telnet},
        "web": {"port": int(gate.url.split(":")[2].split("/")[0])},
        "websocket": {"port": gate.socket},
        "link": {"path": os.fspath(gate.link or "")},
    }
    assert targets.keys() == FRAMES.keys()
    return targets


async def _look(session: Session, seconds: float) -> list[float]:
    """Look around for so long; returns the seconds that each command took."""
    times = []
    end = time.perf_counter() + seconds
    while (begun := time.perf_counter()) < end:
        await session.command("look")
        times.append(time.perf_counter() - begun)
        await asyncio.sleep(PAUSE)
    return times


def _figures(seconds: list[float]) -> dict[str, float]:
    milliseconds = sorted(s * 1000 for s in seconds)

    def at(share: float) -> float:
        return milliseconds[min(len(milliseconds) - 1, int(share * len(milliseconds)))]

    return {
        "commands": len(milliseconds),
        "p50": statistics.median(milliseconds),
        "p99": at(0.99),
        "p99_9": at(0.999),
        "max": milliseconds[-1],
    }
