"""A server of simulated worlds in a thread, and policies that play through its clients."""

from __future__ import annotations

import contextlib
import functools
import logging
import socket
import threading
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any

import uvicorn

from environments.hosting import by_policy
from environments.integrations.openenv.app import new_app
from environments.integrations.openenv.client import EvenniaEnv
from environments.integrations.openenv.models import EvenniaAction, TaskVerdict
from environments.integrations.openenv.serving import config_of, listening
from environments.integrations.openenv.shared import Shared
from environments.integrations.openenv.tasks import ServedTasks
from environments.policies.player import PolicyPlayer
from environments.tasks.build import make_task
from environments.tasks.model import Task
from environments.tasks.worker import Wanted
from world_fixtures.simulated import SimulatedPool


class CountingPool(SimulatedPool):
    """Knows which instances it has handed out and not got back."""

    def __init__(self) -> None:
        super().__init__()
        self.out: set[str] = set()
        self.acquired = 0
        self.changed = threading.Condition()

    async def acquire(self, spec: Any, **given: Any) -> Any:
        instance = await super().acquire(spec, **given)
        with self.changed:
            self.out.add(instance.id)
            self.acquired += 1
        return instance

    def release(self, instance: Any) -> None:
        with self.changed:
            self.out.discard(instance.id)
            self.changed.notify_all()

    def all_back(self) -> bool:
        """Wait until nothing is out."""
        with self.changed:
            return self.changed.wait_for(lambda: not self.out, 30)


@dataclass
class Served:
    address: str
    pool: CountingPool
    tasks: ServedTasks
    uvicorn: uvicorn.Server
    thread: threading.Thread

    def stop(self) -> None:
        self.uvicorn.should_exit = True
        self.thread.join(30)


class TasksMadeHere(ServedTasks):
    """Tasks without a process to make them: for servers that are soon gone."""

    async def _make(self, wanted: Wanted) -> Task:
        return _made(wanted)


@functools.cache
def _made(wanted: Wanted) -> Task:
    return make_task(wanted.family, wanted.seed, wanted.difficulty, wanted.kind, wanted.split)


@contextlib.contextmanager
def served(sessions: int = 8, tasks: ServedTasks | None = None, **given: Any) -> Iterator[Served]:
    pool, tasks = CountingPool(), tasks or TasksMadeHere()

    @contextlib.asynccontextmanager
    async def worlds() -> AsyncIterator[CountingPool]:
        yield pool

    app = new_app(Shared(worlds, tasks), sessions=sessions, **given)
    bound: socket.socket = listening("127.0.0.1", 0)
    server = uvicorn.Server(config_of(app, sessions))
    logging.getLogger("uvicorn").propagate = True  # so that a test sees what is logged
    thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]}, daemon=True)
    thread.start()
    found = Served(f"http://127.0.0.1:{bound.getsockname()[1]}", pool, tasks, server, thread)
    try:
        yield found
    finally:
        found.stop()
        bound.close()


async def played(env: EvenniaEnv, policy: str, task: Task, **reset: Any) -> TaskVerdict:
    """Play a task through a session to its verdict."""
    result = await env.reset(task=task.id, **reset)
    player = PolicyPlayer(policy, task, result.observation.prompt)
    while not result.done and (call := player.call()) is not None:
        result = await env.step(EvenniaAction(tool_name=call[0], arguments=call[1]))
        player.told(result.observation.result, result.observation.prompt)
    if not result.done:
        result = await env.step(EvenniaAction.give_up())
    assert result.reward == result.observation.verdict.reward
    return result.observation.verdict


async def played_here(policy: str, task: Task) -> TaskVerdict:
    """Play a task without a host; what it is judged."""
    rollout = await by_policy.played(SimulatedPool(), task, policy, id="here")
    assert rollout.verdict is not None
    return TaskVerdict(
        **rollout.verdict.model_dump(mode="json", include=set(TaskVerdict.model_fields))
    )
