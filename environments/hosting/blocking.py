"""A hosted rollout for programs without an event loop."""

from __future__ import annotations

import weakref
from typing import Any

from environments.hosting.rollout import HostedRollout, Step, conditions
from environments.rollouts.record import Rollout
from environments.tasks.model import Task, Verdict
from world_fixtures.background import BackgroundLoop, SyncPool


class SyncRollout:
    """A `HostedRollout` whose methods return when they are done; of any thread, one at a time.

    Its world is given back by `close`, and when this object is collected.

    with SyncPool(1) as pool:
        rollout = SyncRollout.begin(pool, task)
        step = rollout.step("evennia_connect", {})
    """

    def __init__(self, rollout: HostedRollout, loop: BackgroundLoop) -> None:
        """Keep a rollout and the loop in which it runs; `begin` is what hosts call."""
        self.rollout = rollout
        """Its attributes may be read from any thread."""
        self._loop = loop
        # hosts forget to close; at the program's end the servers end by themselves
        weakref.finalize(self, loop.soon, rollout.close).atexit = False

    @classmethod
    def begin(
        cls, pool: SyncPool, task: Task, *, id: str = "", attempt: int = 0,
        one_conversation: bool = False, max_turns: int | None = None,
    ) -> SyncRollout:  # fmt: skip
        """Begin `task` in a world of its own, under what `conditions` returns for the rest.

        Raises WorldLost where no server is to be had.
        """
        given = conditions(one_conversation=one_conversation, max_turns=max_turns)
        begun = HostedRollout.begin(pool.pool, task, given, id=id, attempt=attempt)
        return cls(pool.loop.run(begun), pool.loop)

    @property
    def task(self) -> Task:
        """The task that is played."""
        return self.rollout.task

    @property
    def tools(self) -> list[dict[str, Any]]:
        """Schemas of the tools, in OpenAI's form."""
        return self.rollout.episode.tools

    @property
    def prompt(self) -> str:
        """What the present part asks for."""
        return self.rollout.prompt

    @property
    def part(self) -> int:
        """Number of the present part, from 1."""
        return self.rollout.part

    @property
    def over(self) -> bool:
        """Whether the task was judged, or has failed."""
        return self.rollout.over

    @property
    def verdict(self) -> Verdict | None:
        """The verdict; None while the task is being played, and where the world failed."""
        return self.rollout.verdict

    def step(self, tool: str, arguments: dict[str, Any]) -> Step:
        """Carry out one tool call; raises as `HostedRollout.step`."""
        return self._loop.run(self.rollout.step(tool, arguments))

    def give_up(self) -> None:
        """End the task as it stands; it is judged without an answer. Nothing once it is over."""
        self._loop.run(self.rollout.give_up())

    def record(self, model: str, provider: str) -> Rollout:
        """Return the rollout as `evaluate` records one; it must be over."""
        return self.rollout.record(model, provider)

    def close(self) -> None:
        """Give the world back. May be called twice, from any thread, and after the pool closed."""

        async def close() -> None:
            self.rollout.close()

        if not self._loop.closed:
            self._loop.run(close())
