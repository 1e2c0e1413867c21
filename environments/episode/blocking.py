"""An episode for programs without an event loop."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from environments.episode.playing import Episode
from environments.rollouts.checkpoint import Checkpoint
from environments.tasks.model import Task, Verdict
from environments.tasks.verdict import Weights
from environments.tools.gate import Gate
from environments.tools.registry import Tool
from environments.tools.toolbox import OBSERVATION_CHARS
from world_fixtures.background import BackgroundLoop, SyncPool


class SyncEpisode:
    """An `Episode` whose methods return when they are done, for programs without an event loop.

    with SyncPool(1) as pool:
        episode = SyncEpisode.begin(pool, task)
        text = episode.call("evennia_connect", {})
    """

    def __init__(self, episode: Episode, loop: BackgroundLoop) -> None:
        """Keep an episode and the loop in which it runs; `begin` is what hosts call."""
        self.episode = episode
        """Its attributes may be read from any thread."""
        self._loop = loop

    @classmethod
    def begin(
        cls,
        pool: SyncPool,
        task: Task,
        *,
        id: str = "",
        tools: Mapping[str, Tool] | None = None,
        gate: Gate | None = None,
        weights: Weights | None = None,
        escape: Callable[[str], str] = str,
        observation_chars: int = OBSERVATION_CHARS,
    ) -> SyncEpisode:
        """Begin `task`; arguments and errors are those of `Episode.begin`."""
        loop = pool.loop
        episode = loop.run(
            Episode.begin(
                pool.pool, task, id=id, tools=tools, gate=gate, weights=weights, escape=escape,
                observation_chars=observation_chars,
            )
        )  # fmt: skip
        return cls(episode, loop)

    @classmethod
    def resume(cls, pool: SyncPool, checkpoint: Checkpoint, **given: Any) -> SyncEpisode:
        """Go on from a turn of a recorded rollout; see `Episode.resume`."""
        return cls(pool.loop.run(Episode.resume(pool.pool, checkpoint, **given)), pool.loop)

    def fork(self, *, id: str = "") -> SyncEpisode:
        """Give a second episode in the present state of this one; see `Episode.fork`."""
        return SyncEpisode(self._loop.run(self.episode.fork(id=id)), self._loop)

    @property
    def prompt(self) -> str:
        """The user message of the present stage."""
        return self.episode.prompt

    @property
    def tools(self) -> list[dict[str, Any]]:
        """Schemas of the tools, in OpenAI's form."""
        return self.episode.tools

    @property
    def stage(self) -> int:
        """Number of the present stage, from 0."""
        return self.episode.stage

    @property
    def stage_over(self) -> bool:
        """Whether the agent has ended the stage."""
        return self.episode.stage_over

    @property
    def done(self) -> bool:
        """Whether the task is played to its end: what is left is `finish`."""
        return self.episode.done

    def call(self, tool: str, arguments: Mapping[str, Any] | str) -> str:
        """Carry out one tool call and return its observation; see `Episode.call`."""
        return self._loop.run(self.episode.call(tool, arguments))

    def next_stage(self) -> str:
        """Go on to the next stage; returns its prompt. See `Episode.next_stage`."""
        return self._loop.run(self.episode.next_stage())

    def finish(self) -> Verdict:
        """Judge the world as it is now; see `Episode.finish`."""
        return self._loop.run(self.episode.finish())

    def close(self) -> None:
        """Give the instance back. May be called twice, and after the pool was closed."""

        async def close() -> None:
            self.episode.close()

        if not self._loop.closed:
            self._loop.run(close())
