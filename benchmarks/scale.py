"""Whole rollouts played alone, by workers of this machine, and on two nodes of a Ray cluster.

The endpoint is a process of its own that answers at once, so that our own processor time is what
limits. Each way plays the same items; in the runs with hosts one is lost on the way.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import os
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks import endpoint
from environments.evennia_world_env import EvenniaWorldEnv
from environments.extras import with_command
from environments.modes.account import tell_line
from environments.modes.far import Far, recipe
from environments.modes.options import ModeConfig
from environments.modes.process import process

GROUP, AT_ONCE = 2, 8
QUICK, FULL = 30, 200
"""Items of a run."""
WARM = 10
"""Items that are done before the clock starts: hosts begin one after the other."""
TICKS = os.sysconf("SC_CLK_TCK")

Progress = Callable[[str], None]


@dataclass
class Measured:
    """One run."""

    rollouts_per_s: float = 0.0
    lost: int = 0
    twice: int = 0
    driver: float = 0.0
    """Seconds of processor time of this process for a rollout, once all had begun."""
    elsewhere: float = 0.0
    """The same of all processes that it has started, but for the endpoint."""
    size: float = 0.0
    """Bytes written for a rollout into the file of groups."""
    held: dict[str, int] = field(default_factory=dict)
    """Halfway: memory and open files, of this process and of all that it has started."""
    done: list[float] = field(default_factory=list)
    text: bytes = b""
    """The file of groups."""

    def costs(self) -> dict[str, Any]:
        """What a rollout costs, and what its run holds."""
        return {
            "rollouts_per_s": self.rollouts_per_s, "driver_ms": self.driver * 1000,
            "hosts_ms": self.elsewhere * 1000, "bytes": self.size, **self.held,
        }  # fmt: skip


class _Env(EvenniaWorldEnv):
    """Says when an item is done."""

    def watch(self, done: Callable[[], Awaitable[None]]) -> None:
        self._done = done

    async def wandb_log(self, wandb_metrics: dict[str, Any] | None = None) -> None:
        await super().wandb_log(wandb_metrics)
        await self._done()


async def measure(quick: bool, say: Progress) -> dict[str, Any]:
    """All figures of `evennia-world bench scale`, as one JSON-able dict."""
    items = QUICK if quick else FULL
    found: dict[str, Measured] = {}
    with tempfile.TemporaryDirectory(prefix="bench-") as directory:
        async with endpoint.running(0.0) as url:
            bench = Bench(url, Path(directory), items)
            say(f"{items} items of {GROUP} rollouts alone")
            found["alone"] = await bench.run()
            say("by 2 workers")
            found["workers_2"] = await bench.run(workers=2)
            say("by 2 workers, of which one is killed")
            lossy = [await bench.run(workers=2, halfway=bench.kill_one)]
            if _has_ray():
                say("on 2 nodes of a Ray cluster; then one is removed and one added")
                found["ray_2_nodes"], removed = await _on_ray(bench)
                lossy.append(removed)
            else:
                tell_line(f"ray_2_nodes is not measured: install {with_command('ray')}")
            costs = {} if quick else await _costs(bench, say)
    runs = [*found.values(), *lossy]
    far = found["workers_2"]
    rates = {name: run.rollouts_per_s for name, run in found.items()}
    return {
        "rollouts_per_s": {"ray_2_nodes": None, **rates},
        "lost": sum(run.lost for run in runs),
        "twice": sum(run.twice for run in runs),
        "driver_cpu_share": far.driver / far.elsewhere,
        **costs,
    }


async def _costs(bench: Bench, say: Progress) -> dict[str, Any]:
    """What a rollout costs alone with 4 world servers, and with 1, 2 and 4 workers."""
    runs: dict[str, Measured] = {}
    say("what rollouts cost alone")
    runs["alone_4_servers"] = await bench.run(servers=4)
    for number in (1, 2, 4):
        say(f"what they cost with {number} workers")
        runs[f"workers_{number}"] = await bench.run(workers=number)
    alone, four = runs["alone_4_servers"], runs["workers_4"]
    return {
        "costs": {name: run.costs() for name, run in runs.items()},
        "workers_4_of_alone": four.rollouts_per_s / alone.rollouts_per_s,
        # Of a machine that is busy otherwise, only this one means anything.
        "workers_4_of_alone_by_cpu": (alone.driver + alone.elsewhere)
        / (four.driver + four.elsewhere),
        "files_equal": len({run.text for run in runs.values()}) == 1,
    }


class Bench:
    """Runs of the same items at one endpoint."""

    def __init__(self, url: str, directory: Path, items: int) -> None:
        self._url = url
        self._directory = directory
        self.items = items
        self._runs = 0
        self._others = set(_descendants())

    async def run(
        self, *, halfway: Callable[[Far], Awaitable[None]] | None = None,
        servers: int | None = None, **options: Any,
    ) -> Measured:  # fmt: skip
        """Play the items with these options, and judge the file."""
        self._runs += 1
        path = self._directory / f"groups{self._runs}.jsonl"
        config, (server,) = _Env.config_init()
        settings = {
            "group_size": GROUP, "total_steps": self.items, "process_concurrency": AT_ONCE,
            "difficulty": (1, 3), "data_path_to_save_groups": str(path), "world_servers": servers,
            **options,
        }  # fmt: skip
        server = server.model_copy(update={"base_url": self._url, "model_name": "script"})
        made = ModeConfig(config.model_copy(update=settings), [server], True, key_variables=("",))
        env = _Env(made.env, made.servers)
        if options:
            env.far = Far(env, recipe(EvenniaWorldEnv, "process", made))
        measured = Measured()

        async def done() -> None:
            measured.done.append(time.perf_counter())
            if len(measured.done) in (WARM, self.items):
                sign = -1 if len(measured.done) == WARM else 1
                measured.driver += sign * time.process_time()
                measured.elsewhere += sign * _seconds(set(_descendants()) - self._others)
            if len(measured.done) == self.items // 2:
                measured.held = _held(set(_descendants()) - self._others)
            if halfway is not None and len(measured.done) == self.items // 2:
                await halfway(env.far)

        env.watch(done)
        said = io.StringIO()
        try:
            with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
                async with env.far.source if options else contextlib.nullcontext():
                    await process(env)
        finally:
            await env.teardown()
        rollouts = (self.items - WARM) * GROUP
        measured.rollouts_per_s = rollouts / (measured.done[-1] - measured.done[WARM - 1])
        measured.driver /= rollouts
        measured.elsewhere /= rollouts
        measured.text = path.read_bytes()
        measured.size = len(measured.text) / (self.items * GROUP)
        groups = map(json.loads, measured.text.splitlines())
        numbers = [group["item"] for group in groups if group["part"] == 0]  # others are its stages
        measured.lost = self.items - len(set(numbers))
        measured.twice = len(numbers) - len(set(numbers))
        return measured

    async def kill_one(self, far: Far) -> None:
        """Kill a worker, with all that it plays."""
        far.hosts.some().kill()


async def _on_ray(bench: Bench) -> tuple[Measured, Measured]:
    from ray.cluster_utils import Cluster  # half a second, and only where it is installed

    os.environ.update({"RAY_worker_niceness": "0"})  # 15 by default, which the others have not
    # Each node sets handlers of signals, which only the main thread may.
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1})
    try:
        second = cluster.add_node(num_cpus=1)

        async def exchanged(far: Far) -> None:
            cluster.remove_node(second)
            cluster.add_node(num_cpus=1)

        whole = await bench.run(ray=cluster.address)
        return whole, await bench.run(ray=cluster.address, halfway=exchanged)
    finally:
        await asyncio.to_thread(cluster.shutdown)


def _has_ray() -> bool:
    from importlib.util import find_spec

    return find_spec("ray") is not None


def _descendants() -> Iterator[int]:
    """Yield the processes that this one has started, and that these have started."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                parents[int(entry.name)] = int(_stat(int(entry.name))[1])
    for pid in parents:
        above: int | None = pid
        while above is not None and above != os.getpid():
            above = parents.get(above)
        if above is not None and pid != os.getpid():
            yield pid


def _seconds(pids: set[int]) -> float:
    """Return the processor time of processes, and of their children that have ended."""
    ticks = 0
    for pid in pids:
        with contextlib.suppress(OSError):
            ticks += sum(map(int, _stat(pid)[11:15]))
    return ticks / TICKS


def _held(pids: set[int]) -> dict[str, int]:
    """Return MB and open files of this process, and of all these together."""
    found = {"driver_mb": 0, "driver_files": 0, "hosts_mb": 0, "hosts_files": 0}
    for pid in {os.getpid(), *pids}:
        whose = "driver" if pid == os.getpid() else "hosts"
        with contextlib.suppress(OSError):
            directory = Path("/proc") / str(pid)
            shared = (directory / "smaps_rollup").read_text().split("Pss:")[1]  # divided fairly
            found[f"{whose}_mb"] += int(shared.split()[0]) // 1024
            found[f"{whose}_files"] += len(list((directory / "fd").iterdir()))
    return found


def _stat(pid: int) -> list[str]:
    """Return the fields of a process after its name: state, parent, ..."""
    return (Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()
