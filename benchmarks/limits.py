"""What a live world and a rollout in flight cost: `evennia-world bench limits`.

`worlds`: one world server is filled with worlds of the suite `hard`, each of them played a little;
memory, descriptors and processor time by the number of worlds.

`rollouts`: `evaluate` as a program, 2,000 rollouts of `hard` at once (200 with `--quick`), with
an endpoint that takes 50 ms. Every process is looked at twice a second.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy

from benchmarks import endpoint
from environments.modes import descriptors
from environments.tasks.suites import load_suite
from environments.tasks.suites.suite import Suite
from world_fixtures.servers import ServerPool

ENVIRONMENT = Path(__file__).resolve().parents[1] / "environments" / "evennia_world_env.py"
SUITE = "hard"
LATENCY = 0.05
"""Seconds that the endpoint takes."""
LOOKS = 4
"""Commands in each world."""
BATCH = 32
"""Worlds made at once."""
INTERVAL = 0.5
"""Seconds between two looks at the processes."""
TICKS = os.sysconf("SC_CLK_TCK")
PAGE = resource.getpagesize()

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Sample:
    """One process at one moment."""

    at: float
    """Seconds on the clock of the machine."""
    rss_kb: int
    descriptors: int
    cpu: float
    """Processor seconds so far, its own."""

    @classmethod
    def of(cls, pid: int) -> Sample:
        """Look at a process. Raises OSError where there is none."""
        proc = Path(f"/proc/{pid}")
        rss = int((proc / "statm").read_text().split()[1]) * PAGE // 1024
        fields = (proc / "stat").read_text().rpartition(")")[2].split()
        cpu = (int(fields[11]) + int(fields[12])) / TICKS
        return cls(time.monotonic(), rss, len(os.listdir(proc / "fd")), cpu)


@dataclass
class Watched:
    """The samples of one process."""

    samples: list[Sample] = field(default_factory=list)
    finished: list[int] = field(default_factory=list)
    """Rollouts that had ended at each of them."""

    def figures(self, rollouts: int) -> dict[str, float]:
        """Sum the samples up; slopes are those of the second half of the rollouts."""
        late = [
            (done, sample)
            for done, sample in zip(self.finished, self.samples, strict=True)
            if rollouts / 2 <= done < rollouts
        ]
        rss = [float(sample.rss_kb) for _, sample in late]
        return {
            "rss_mb_start": self.samples[0].rss_kb / 1024,
            "rss_mb_peak": max(s.rss_kb for s in self.samples) / 1024,
            "rss_mb_a_minute": slope([s.at / 60 for _, s in late], rss) / 1024,
            "rss_kb_a_finished_rollout": slope([float(done) for done, _ in late], rss),
            "descriptors_peak": max(s.descriptors for s in self.samples),
            "cpu_ms_a_rollout": self.samples[-1].cpu * 1000 / rollouts,
        }


@dataclass
class Lines:
    """Counts the lines of a file that grows."""

    path: Path
    count: int = 0
    end: int = 0

    def now(self) -> int:
        """Return the number of whole lines."""
        if self.path.exists():
            with self.path.open("rb") as file:
                file.seek(self.end)
                new = file.read()
            self.count += new.count(b"\n")
            self.end += len(new)
        return self.count


async def measure(quick: bool, say: Progress) -> dict[str, Any]:
    """Run the benchmark; returns its figures by part."""
    suite = load_suite(SUITE)
    counts = (0, 64, 128) if quick else (0, 500, 1000, 2000)
    attempts, at_once = (1, 200) if quick else (12, 2000)
    descriptors.ensure(descriptors.BASE + at_once)  # for the endpoint, which inherits the limit
    say(f"{counts[-1]} worlds in one server")
    worlds = await _worlds(suite, counts)
    say(f"{at_once} rollouts at once")
    rollouts = await _rollouts(len(suite.tasks) * attempts, attempts, at_once)
    return {"worlds": worlds, "rollouts": rollouts}


def slope(x: list[float], y: list[float]) -> float:
    """Return the slope of the line of least squares through points; 0 for fewer than two."""
    return float(numpy.polyfit(x, y, 1)[0]) if len(set(x)) > 1 else 0.0


async def _worlds(suite: Suite, counts: tuple[int, ...]) -> dict[str, Any]:
    async with ServerPool(1, capacity=counts[-1]) as pool:
        server, own = pool.servers[0].pid, os.getpid()
        instances: list[Any] = []
        seen = []
        for count in counts:
            while len(instances) < count:
                batch = range(len(instances), min(count, len(instances) + BATCH))
                specs = [suite.tasks[n % len(suite.tasks)].spec for n in batch]
                made = await asyncio.gather(*(pool.acquire(spec) for spec in specs))
                instances += made
                for instance in made:
                    session = await instance.open()
                    for _ in range(LOOKS):
                        await session.command("look")
            seen.append((count, Sample.of(server), Sample.of(own)))
        assert pool.replaced == 0
        for instance in instances:
            pool.release(instance)
    numbers = [float(count) for count, _, _ in seen]
    return {
        "counts": list(counts),
        "server_rss_mb": {str(n): s.rss_kb / 1024 for n, s, _ in seen},
        "server_kb_a_world": slope(numbers, [float(s.rss_kb) for _, s, _ in seen]),
        "client_kb_a_world": slope(numbers, [float(o.rss_kb) for _, _, o in seen]),
        "server_cpu_ms_a_world": slope(numbers, [s.cpu * 1000 for _, s, _ in seen]),
        "server_descriptors": max(s.descriptors for _, s, _ in seen),
        "descriptors_a_world": slope(numbers, [float(s.descriptors) for _, s, _ in seen]),
    }


async def _rollouts(total: int, attempts: int, at_once: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="bench-limits-") as out:
        samples = Path(out) / "samples.jsonl"
        async with endpoint.running(LATENCY) as address:
            options = {
                "--env.suite": SUITE, "--env.eval_attempts": attempts, "--env.world_servers": 1,
                "--env.eval_concurrency": at_once, "--env.eval_baselines": "false",
                "--env.data_dir_to_save_evals": out, "--openai.base_url": address,
                "--openai.model_name": "script", "--openai.api_key": "x",
            }  # fmt: skip
            arguments = [str(part) for pair in options.items() for part in pair]
            started = time.monotonic()
            with open(Path(out) / "output.log", "wb") as log:  # noqa: ASYNC230
                program = await asyncio.create_subprocess_exec(
                    sys.executable, str(ENVIRONMENT), "evaluate", *arguments,
                    stdout=log, stderr=log, start_new_session=True,
                )  # fmt: skip
            try:
                watched = await _watch(program, Lines(samples))
            finally:
                with contextlib.suppress(ProcessLookupError):
                    program.terminate()
                code = await program.wait()
            seconds = time.monotonic() - started
        lines = samples.read_text().splitlines() if samples.exists() else []
        told = (Path(out) / "output.log").read_text().splitlines()
    ends = [json.loads(line) for line in lines]
    return {
        "exit_code": code,
        "rollouts": total,
        "at_once": at_once,
        "ended": len({(end["task_id"], end["attempt"]) for end in ends}),
        "unscored": sum(end["score"] is None for end in ends),
        "seconds": seconds,
        "warnings": sum("WARNING" in line for line in told),
        **{name: process.figures(total) for name, process in watched.items()},
    }


async def _watch(program: asyncio.subprocess.Process, lines: Lines) -> dict[str, Watched]:
    """Look at a program, its prefork server and the server forked from that, until it ends.

    `lines` is the file of its rollouts, one a line.
    """
    found: dict[int, Watched] = {}
    names: dict[int, str] = {}
    ended = asyncio.ensure_future(program.wait())
    while not ended.done():
        done = lines.now()
        for pid, name in _family(program.pid):
            with contextlib.suppress(OSError, IndexError):
                sample = Sample.of(pid)
                if sample.rss_kb:
                    watched = found.setdefault(pid, Watched())
                    watched.samples.append(sample)
                    watched.finished.append(done)
                    names[pid] = name
        await asyncio.wait([ended], timeout=INTERVAL)
    return {names[pid]: watched for pid, watched in found.items()}


def _family(pid: int) -> list[tuple[int, str]]:
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                parent = (entry / "stat").read_text().rpartition(")")[2].split()[1]
                parents.setdefault(int(parent), []).append(int(entry.name))
    preforks = parents.get(pid, [])[:1]
    servers = parents.get(preforks[0], [])[:1] if preforks else []
    return [
        (pid, "program"),
        *((p, "prefork_server") for p in preforks),
        *((s, "world_server") for s in servers),
    ]
