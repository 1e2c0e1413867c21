"""The tasks of a suite, one after the other, each judged once and kept in a run directory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Self

from environments.episode import Worlds
from environments.evaluation.metrics import Metrics
from environments.evaluation.results import conclude
from environments.evaluation.run_directory import RunDirectory
from environments.evaluation.run_identity import run_of
from environments.hosting.rollout import HostedRollout, conditions
from environments.rollouts.record import Rollout, ToolCallRecord
from environments.tasks.model import Task
from environments.tasks.suites import Suite
from world_fixtures.common import UserError, WorldError, WorldLost

CONDITIONS = conditions(one_conversation=True)
"""Those of `evaluate`, but that a player from outside may remember one part in the next."""


class Sitting:
    """The tasks that one player is given; a context manager that gives the worlds back.

    Its methods must be called one after the other. A task that is not over is not kept.
    `present` is the task being played, or the last one that was; None before the first.
    """

    def __init__(
        self,
        pool: Worlds,
        tasks: Sequence[Task],
        *,
        model: str,
        provider: str,
        keep: Callable[[Rollout], None] | None = None,
    ) -> None:
        """Take what is to be played; `keep` is given each rollout when it is over."""
        self.model = model
        self.present: HostedRollout | None = None
        self.played: list[Rollout] = []
        """What was played here, in order."""
        self._pool = pool
        self._tasks = tuple(tasks)
        self._begun = 0
        self._provider = provider
        self._keep = keep

    @property
    def number(self) -> int:
        """Number of the present task among those of this sitting, from 1; 0 before the first."""
        return self._begun

    @property
    def left(self) -> int:
        """Tasks that were not begun."""
        return len(self._tasks) - self._begun

    async def next_task(self) -> HostedRollout:
        """Begin the next task and return it.

        Raises ValueError while the present one is not over and where none is left, WorldLost where
        no world server is to be had.
        """
        if self.present is not None and not self.present.over:
            raise ValueError(f"{self.present.task.id} is not over")
        if not self.left:
            raise ValueError("no task is left")
        task = self._tasks[self._begun]
        begun = await HostedRollout.begin(
            self._pool, task, CONDITIONS, id=f"{self.model}-{task.id}-0"
        )
        self._begun += 1
        if self.present is not None:
            self.present.close()
        self.present = begun
        return begun

    async def call(self, tool: str, arguments: dict[str, Any]) -> ToolCallRecord:
        """Carry out a tool call of the present task, and keep the task where that ends it.

        Raises as `HostedRollout.call`, and UserError where the rollout cannot be written.
        """
        assert self.present is not None
        try:
            record = await self.present.call(tool, arguments)
        except (WorldLost, WorldError):
            self._keep_present()
            raise
        if self.present.over:
            self._keep_present()
        return record

    async def give_up(self) -> None:
        """End the present task as it stands, and keep it; nothing where it is over.

        Raises as `call`.
        """
        assert self.present is not None
        if self.present.over:
            return
        try:
            await self.present.give_up()
        finally:
            if self.present.over:
                self._keep_present()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.present is not None:
            self.present.close()

    def _keep_present(self) -> None:
        assert self.present is not None
        rollout = self.present.record(self.model, self._provider)
        self.present.close()
        self.played.append(rollout)
        if self._keep is not None:
            self._keep(rollout)


class Saved:
    """A run directory into which one player plays; a context manager that writes its results."""

    def __init__(self, out: Path, suite: Suite, *, model: str, provider: str) -> None:
        """Open the directory. Raises UserError as `RunDirectory`."""
        self.out = out
        self.run = run_of(suite, CONDITIONS, model=model, provider=provider)
        self.directory = RunDirectory(out, self.run, option="--save")
        self.metrics: Metrics | None = None
        """Of the whole run; None until this was left, and where nothing was ever played."""

    def waiting(self, tasks: Sequence[Task]) -> list[Task]:
        """Return those of `tasks` that have no score here. Raises UserError where all have one."""
        scored = {r.task.id for r in self.directory.rollouts if r.verdict is not None}
        found = [task for task in tasks if task.id not in scored]
        if not found:
            raise UserError(
                f"{self.out} has a score of every task: choose another --save, or delete it"
            )
        return found

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.directory.close()
        if self.directory.rollouts:
            self.metrics = conclude(self.out, self.run, self.directory.rollouts)
