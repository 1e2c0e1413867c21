"""`serve` for long, with everything going wrong: `evennia-world bench soak`.

A real `run-api`, a trainer that takes batches, and the environment with real worlds. Workers
are cancelled at random, as Atropos does it, and when the trainer is slow, as Atropos then
does; the endpoint fails a share of its requests, answers some with rubbish and some never;
and world servers are killed on the way. What the trainer got is counted.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import random
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from benchmarks import endpoint
from environments.evennia_world_env import EvenniaWorldEnv
from environments.rollouts.groups import ScoredRollout
from environments.rollouts.record import Rollout

GROUP = 4
BATCH = 16
LATENCY = 0.02
FAILING = 0.05
"""Share of the model's answers that go wrong: see `benchmarks.endpoint`."""
CALL_TIMEOUT = 2.0
"""Seconds after which a call that hangs is tried again."""
FAMILIES = {"navigation": 1.0, "orientation": 1.0, "errand": 1.0, "inspection": 1.0}

SETTLE = 10.0
"""Seconds for the world server to end the sessions of what was given back."""

Progress = Callable[[str], None]


@dataclass
class Delivered:
    """What the trainer got."""

    groups: int = 0
    sequences: int = 0
    seen: Counter[str] = field(default_factory=Counter)
    """Deliveries of each rollout."""
    incomplete: int = 0
    batches: int = 0

    def add(self, batch: list[dict[str, Any]]) -> None:
        """Count a batch."""
        self.batches += 1
        for group in batch:
            self.groups += 1
            self.sequences += len(group["tokens"])
            rows = [len(group[key]) for key in ("tokens", "masks", "scores", "overrides")]
            trained = all(any(t != -100 for t in mask) for mask in group["masks"])
            made = {about["made"].rpartition("-")[0] for about in group["overrides"]}
            whole = set(rows) == {GROUP} and trained and len(made) == 1
            self.incomplete += not whole
            self.seen.update(about["made"] for about in group["overrides"])


class _Env(EvenniaWorldEnv):
    """Notes which rollout each sequence is of; a little chance in the scores."""

    async def rollout(self, item: Any, attempt: int, group: str, tools: Any) -> Any:
        found = await super().rollout(item, attempt, group, tools)
        if not isinstance(found, ScoredRollout):
            return None
        score = (found.score + attempt) / GROUP  # the script's are all alike
        about = {**(found.overrides or {}), "made": f"{group}-{attempt}"}
        return ScoredRollout(found.sequences, score, about, found.messages)


async def measure(
    quick: bool, say: Progress, rollouts: int = 0, kills: int = 2, seed: int = 1
) -> dict[str, Any]:
    """All figures of `evennia-world bench soak`; `rollouts` is how many the trainer takes."""
    rollouts = rollouts or (200 if quick else 2000)
    with tempfile.TemporaryDirectory(prefix="soak-") as directory:
        async with (
            rollout_server(Path(directory)) as api,
            endpoint.running(LATENCY, failing=FAILING, seed=seed) as url,
        ):
            env = _env(api, url)
            return await _Soak(env, api, rollouts, kills, random.Random(seed), say).run()


def _env(api: str, url: str) -> _Env:
    config, (server,) = _Env.config_init()
    settings = {
        "rollout_server_url": api, "group_size": GROUP, "batch_size": BATCH,
        "total_steps": 10**6, "max_num_workers": 16, "call_timeout": CALL_TIMEOUT,
        "families": FAMILIES, "difficulty": (1, 3), "world_servers": 1,
    }  # fmt: skip
    server = server.model_copy(update={"base_url": url, "model_name": "script"})
    return _Env(config.model_copy(update=settings), [server])


class _Soak:
    def __init__(
        self, env: _Env, api: str, rollouts: int, kills: int, rng: random.Random, say: Progress
    ) -> None:
        self._env = env
        self._api = api
        self._wanted = rollouts
        self._kills_left = self._kills = kills
        self._random = rng
        self._say = say
        self._cancelled = 0
        self._failed: Counter[str] = Counter()
        self._memory: dict[int, int] = {}
        self.delivered = Delivered()

    async def run(self) -> dict[str, Any]:
        """Serve until the trainer has had enough, then see what is left over."""
        fail = self._env.metrics.add_failure

        def failed(rollout: Rollout) -> None:
            self._failed[rollout.stop.value] += 1
            fail(rollout)

        self._env.metrics.add_failure = failed  # type: ignore[method-assign]
        started = time.perf_counter()
        async with aiohttp.ClientSession(self._api) as http:
            await register(http)
            serving = asyncio.create_task(self._env.env_manager())
            trouble = asyncio.create_task(self._trouble())
            try:
                await self._train(http, serving)
                seconds = time.perf_counter() - started
            finally:
                for task in (trouble, serving):
                    task.cancel()
                await asyncio.gather(trouble, serving, return_exceptions=True)
            left = await self._left_over()
            await self._env.teardown()
        twice = sum(n > 1 for n in self.delivered.seen.values())
        return {
            "seconds": seconds,
            "rollouts_delivered": len(self.delivered.seen),
            "groups_delivered": self.delivered.groups,
            "incomplete_groups": self.delivered.incomplete,
            "rollouts_delivered_twice": twice,
            "workers_cancelled": self._cancelled,
            "rollouts_failed": dict(self._failed),
            "world_servers_killed": self._kills - self._kills_left,
            "world_servers_replaced": self._env.pool.replaced,
            "left_over": left,
            "rss_mb": {f"{share}%": kb / 1024 for share, kb in self._memory.items()},
        }

    async def _train(self, http: aiohttp.ClientSession, serving: asyncio.Task[None]) -> None:
        """Take batches; now and then be slow, so that Atropos cancels for a full queue."""
        while len(self.delivered.seen) < self._wanted or self._kills_left:
            if serving.done():
                raise RuntimeError("serve ended") from serving.exception()
            batch = (await (await http.get("/batch")).json())["batch"]
            if batch:
                self.delivered.add(batch)
                self._note_memory()
                if self._random.random() < 0.05:
                    await asyncio.sleep(2.0)
            else:
                await asyncio.sleep(0.05)

    def _note_memory(self) -> None:
        share = 100 * len(self.delivered.seen) // self._wanted
        for mark in (25, 50, 75, 100):
            if share >= mark and mark not in self._memory:
                gc.collect()
                self._memory[mark] = resident_kb()
                self._say(f"{len(self.delivered.seen)} rollouts, {self._memory[mark] // 1024} MB")

    async def _trouble(self) -> None:
        """Cancel workers as Atropos does, and kill the world server where it is time."""
        while True:
            await asyncio.sleep(self._random.uniform(0.2, 2.0))
            env = self._env
            share = len(self.delivered.seen) / self._wanted
            due = (self._kills - self._kills_left + 1) / (self._kills + 1)
            if self._kills_left and share >= due and env.pool.servers:
                self._kills_left -= 1
                self._say("killing the world server")
                env.pool.servers[0].kill()
            if env.running_items and self._random.random() < 0.5:
                self._cancel(self._random.choice(list(env.running_items)))
            elif env.running_items and self._random.random() < 0.1:
                for key in list(env.running_items):  # as for an evaluation
                    self._cancel(key)

    def _cancel(self, key: str) -> None:
        running = self._env.running_items.pop(key)
        self._env.backlog.append(running["item"])
        running["worker"].cancel()
        self._env.workers.discard(running["worker"])
        self._cancelled += 1

    async def _left_over(self) -> dict[str, int]:
        """What is handed out and open when nobody plays any more."""
        pool = self._env.pool
        deadline = time.monotonic() + SETTLE
        while True:  # what was asked for is still being made, what was given back being rewound
            answers = [await server.client.ping() for server in pool.servers]
            sessions = sum(a["sessions"] for a in answers)
            left = {"instances": pool.instances, "sessions": sessions}
            if not any(left.values()) or time.monotonic() > deadline:
                return left
            await asyncio.sleep(0.1)


async def register(http: aiohttp.ClientSession, batch: int = BATCH) -> None:
    """Be the trainer."""
    about = {
        "wandb_group": "soak", "wandb_project": "soak", "batch_size": batch,
        "max_token_len": 32768, "checkpoint_dir": "", "save_checkpoint_interval": 0,
        "starting_step": 0, "num_steps": 10**6,
    }  # fmt: skip
    (await http.post("/register", json=about)).raise_for_status()
    (await http.get("/batch")).raise_for_status()


@contextlib.asynccontextmanager
async def rollout_server(directory: Path, port: int = 0) -> AsyncIterator[str]:
    """`run-api` in a process of its own, at a free port unless one is given; gives its address."""
    port = port or free_port()
    program = str(Path(sys.executable).with_name("run-api"))
    with open(directory / "api.log", "wb") as log:  # noqa: ASYNC230
        process = await asyncio.create_subprocess_exec(
            program, "--host", "127.0.0.1", "--port", str(port), stdout=log,
            stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
    address = f"http://127.0.0.1:{port}"
    try:
        async with aiohttp.ClientSession() as http, asyncio.timeout(60):
            while True:
                with contextlib.suppress(aiohttp.ClientError):
                    async with http.get(f"{address}/info"):
                        break
                await asyncio.sleep(0.1)
        yield address
    finally:
        process.kill()
        await process.wait()


def free_port() -> int:
    """A port at which nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


def resident_kb() -> int:
    """Memory of this process."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    return 0


if __name__ == "__main__":
    numbers = [int(a) for a in sys.argv[1:]]
    found = asyncio.run(measure(False, lambda what: print(what, flush=True), *numbers))
    print(json.dumps(found, indent=2))
