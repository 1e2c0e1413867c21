"""`process` beside atroposlib's own loop and a bare client, at an endpoint of known latency.

The endpoint is a process of its own and answers after LATENCY; the worlds are real ones.
Both loops play the same environment class in the same run.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import io
import math
import os
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import jsonlines
from atroposlib.envs.base import BaseEnv

from benchmarks import client_floor, endpoint
from environments.evennia_world_env import EvenniaWorldEnv
from environments.models.chat import Chat, ChatServer
from environments.models.turn_ends import Prefix
from environments.modes import process as process_mode
from world_fixtures.servers import PooledInstance, ServerPool
from world_fixtures.spec import WorldSpec

LATENCY = 0.3
"""Seconds the model takes for a turn."""
GROUP = 4
FAMILIES = {"navigation": 1.0, "errand": 1.0, "inspection": 1.0}
"""Those of one stage, so that each rollout has the same number of turns."""
FULL = ((4, 24), (16, 128), (64, 256))
"""Groups at once, and groups played."""

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Measured:
    """One run of a loop."""

    groups: int
    seconds: float
    cpu: float
    """Seconds of processor time of this process."""
    steady: float = 0.0
    """Turns per second while all agents that may talk to the model did."""
    waits: tuple[float, ...] = ()
    """Seconds that rollouts which might have talked to the model waited for their worlds."""

    @property
    def turns(self) -> int:
        return self.groups * GROUP * endpoint.TURNS

    @property
    def groups_per_s(self) -> float:
        return self.groups / self.seconds

    @property
    def ms_per_turn(self) -> float:
        """CPU time of the environment's process: all but the model and the world."""
        return self.cpu / self.turns * 1000

    def share(self, groups_at_once: int) -> float:
        """Of the turns per second that the latency alone would allow."""
        return self.steady / (groups_at_once * GROUP / LATENCY)

    def share_of_run(self, groups_at_once: int) -> float:
        """As `share`, of the whole run, with its beginning and its end."""
        return self.turns / self.seconds / (groups_at_once * GROUP / LATENCY)


class _Env(EvenniaWorldEnv):
    """Plays in worlds and with an endpoint that are there already."""

    worlds: ServerPool

    async def setup(self) -> None:
        self.pool = cast(ServerPool, _Timed(self.worlds, self))
        self.waits: list[float] = []
        """For worlds, since as many agents as may first talked to the model."""
        self.asked: dict[str, Any] = {}
        """The last request."""
        self.full_from = math.inf
        self.answered: list[float] = []
        """When answers came while as many agents as may talked to the model."""

    @asynccontextmanager
    async def chat(
        self, evaluation: bool = False, begun: Prefix | None = None
    ) -> AsyncIterator[Chat]:
        async with super().chat(evaluation, begun) as chat:
            yield replace(chat, server=_Counted(chat.server, self))

    @property
    def conversations(self) -> AbstractAsyncContextManager[Any]:
        """How many agents may talk to the model at once."""
        return self._slots

    @conversations.setter
    def conversations(self, slots: AbstractAsyncContextManager[Any]) -> None:
        self._slots = _Slots(slots._value) if isinstance(slots, asyncio.Semaphore) else slots

    def note_wait(self, began: float) -> None:
        """Note how long a slot was free for a rollout that has asked for its world at `began`."""
        if isinstance(self._slots, _Slots) and self.full_from < math.inf:
            now = time.perf_counter()
            free = now if self._slots.locked() else max(began, self._slots.free_since)
            self.waits.append(now - free)

    @property
    def full(self) -> bool:
        """As many agents talk to the model as may."""
        return isinstance(self._slots, _Slots) and self._slots.locked()

    @property
    def steady(self) -> float:
        """Turns per second while it was full."""
        if len(self.answered) < 2:
            return 0.0
        return len(self.answered) / (self.answered[-1] - self.full_from)


class _Slots(asyncio.Semaphore):
    """A semaphore that knows since when it could be had."""

    free_since = 0.0

    def release(self) -> None:
        was_locked = self.locked()
        super().release()
        if was_locked:
            self.free_since = time.perf_counter()


class _Timed:
    """A pool, with the waits for its worlds noted."""

    def __init__(self, pool: ServerPool, env: _Env) -> None:
        self._pool = pool
        self._env = env

    async def acquire(self, spec: WorldSpec, **options: Any) -> PooledInstance:
        began = time.perf_counter()
        instance = await self._pool.acquire(spec, **options)
        self._env.note_wait(began)
        return instance

    def __getattr__(self, name: str) -> Any:
        return getattr(self._pool, name)


class _Counted:
    """The model, with the answers counted."""

    def __init__(self, server: ChatServer, env: _Env) -> None:
        self._server = server
        self._env = env

    async def chat_completion(self, **request: Any) -> Any:
        env = self._env
        if env.full and env.full_from == math.inf:
            env.full_from = time.perf_counter()
        env.asked = request
        answer = await self._server.chat_completion(**request)
        if env.full and env.full_from < math.inf:
            env.answered.append(time.perf_counter())
        return answer


async def measure(quick: bool, say: Progress) -> dict[str, Any]:
    """All figures of `evennia-world bench process`, as one JSON-able dict."""
    with tempfile.TemporaryDirectory(prefix="bench-") as directory:
        async with ServerPool() as worlds, endpoint.running(LATENCY) as url:
            _Env.worlds = worlds
            bench = _Bench(url, Path(directory))
            say("nothing yet, all is being loaded")
            async with endpoint.running(0.0) as at_once_url:
                await _Bench(at_once_url, Path(directory) / "first").ours(2, 2)
            say("atroposlib's loop")
            theirs = await bench.atroposlib(2 if quick else 8)
            found: dict[int, Measured] = {}
            for at_once, groups in ((4, 4), (16, 32), (64, 64)) if quick else FULL:
                say(f"{at_once} groups of {GROUP} at once")
                found[at_once] = await bench.ours(groups, at_once)
            say("a bare client")
            floor = await client_floor.ms_per_turn(url, bench.asked, 16 * GROUP)
    return {
        "quick": quick,
        "latency_ms": LATENCY * 1000,
        "turns_per_rollout": endpoint.TURNS,
        "groups_per_s": {"ours": found[64].groups_per_s, "atroposlib": theirs.groups_per_s},
        "times_atroposlib": found[64].groups_per_s / theirs.groups_per_s,
        "share_of_latency_limit": found[16].share(16),
        "share_of_latency_limit_64_groups": found[64].share(64),
        "share_of_latency_limit_of_whole_run": {
            str(n): m.share_of_run(n) for n, m in found.items()
        },
        "framework_ms_per_turn": found[16].ms_per_turn,
        "framework_ms_per_turn_by_rollouts": {
            str(at_once * GROUP): m.ms_per_turn for at_once, m in found.items()
        },
        "floor": {"client_ms_per_turn": floor},
        "times_floor": {
            "framework_ms_per_turn": {
                str(at_once * GROUP): m.ms_per_turn / floor for at_once, m in found.items()
            }
        },
        "world_wait_ms": {str(at_once * GROUP): _waits_ms(m.waits) for at_once, m in found.items()},
        "turns_per_s": {str(n * GROUP): m.turns / m.seconds for n, m in found.items()},
        "load_average": os.getloadavg()[0],
    }


class _Bench:
    def __init__(self, url: str, directory: Path) -> None:
        self._url = url
        self._directory = directory
        self._runs = 0
        self.asked: dict[str, Any] = {}
        """The last request of the last run."""

    def _env(self, groups: int, at_once: int) -> _Env:
        config, (server,) = _Env.config_init()
        self._runs += 1
        settings = {
            "group_size": GROUP, "total_steps": groups, "process_concurrency": at_once,
            "families": FAMILIES, "difficulty": (3, 3), "ensure_scores_are_not_same": False,
            "data_path_to_save_groups": str(self._directory / f"groups{self._runs}.jsonl"),
        }  # fmt: skip
        server = server.model_copy(update={"base_url": self._url, "model_name": "script"})
        return _Env(config.model_copy(update=settings), [server])

    async def ours(self, groups: int, at_once: int) -> Measured:
        """`process` with so many groups at once."""
        env = self._env(groups, at_once)
        measured = await _timed(groups, lambda: process_mode.process(env))
        self.asked = env.asked
        return replace(measured, steady=env.steady, waits=tuple(env.waits))

    async def atroposlib(self, groups: int) -> Measured:
        """The loop of BaseEnv, one group after the other."""
        env: Any = self._env(groups, 1)
        env.n_groups_to_process, env.group_size_to_process = groups, GROUP
        env.jsonl_writer = jsonlines.open(env.config.data_path_to_save_groups, "w")
        return await _timed(groups, lambda: BaseEnv.process_manager(env))


def _waits_ms(waits: tuple[float, ...]) -> dict[str, float]:
    """Return median and 95th percentile of waits, in milliseconds; nothing where there are few."""
    if len(waits) < 2:
        return {}
    *_, p95 = statistics.quantiles(waits, n=20)
    return {"p50": statistics.median(waits) * 1000, "p95": p95 * 1000}


async def _timed(groups: int, run: Callable[[], Any]) -> Measured:
    gc.collect()
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        started, cpu = time.perf_counter(), time.process_time()
        await run()
        return Measured(groups, time.perf_counter() - started, time.process_time() - cpu)
