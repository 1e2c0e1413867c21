"""A suite played to its end: every task as often as asked, at a bounded concurrency.

    run = Run.of(tasks, suite="standard", model="oracle", settings={...}, attempts=1)
    directory = RunDirectory(out, run)
    try:
        with directory:
            await run_suite(tasks, play, directory)
    finally:
        conclude(out, run, directory.rollouts)  # an interrupted run leaves its partial report

Every finished rollout is on disk before the next begins, and `play` is asked for nothing
twice: a run that was stopped at any moment goes on where it was, and ends as it would have.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import NamedTuple

from environments.evaluation.progress import RolloutProgress
from environments.evaluation.run_directory import RunDirectory
from environments.evaluation.run_identity import key
from environments.rollouts.files import sample_line
from environments.rollouts.parts import Place
from environments.rollouts.record import Rollout, StopReason
from environments.rollouts.versions import VERSIONS
from environments.rollouts.workers import run_workers, stopped
from environments.tasks.model import Task
from world_fixtures.common import UserError

Item = tuple[Task, int]
"""Task and attempt (0-based)."""
Play = Callable[[Task, int], Awaitable[Rollout]]
"""Task and attempt (0-based) -> its rollout, with verdict None where it failed."""
RETRIES = 2
"""Times that a failed rollout is played again."""
BACKOFF = 1.0
"""Seconds before the first of these; then twice as many."""


class Sample(NamedTuple):
    """A finished rollout as its line, and what is shown of it while its run goes on."""

    line: bytes
    family: str
    reward: float | None
    """None where it failed."""
    places: Mapping[str, Place] = {}
    """Where the line is that a host has written into a part itself."""


PlayFar = Callable[[Task, int], Awaitable[Sample]]
"""As `Play`, with retries, by somebody else who writes the rollout down."""


async def run_suite(
    tasks: Sequence[Task],
    play: Play,
    directory: RunDirectory,
    *,
    items: Sequence[Item] | None = None,
    concurrency: int = 64,
    retries: int = RETRIES,
    backoff: float = BACKOFF,
    progress: RolloutProgress | None = None,
    far: PlayFar | None = None,
) -> None:
    """Play what `directory` does not hold yet, `concurrency` rollouts at once, into it.

    `items` are what is played, by default each of `tasks` as often as the run says. A failed
    rollout is played again up to `retries` times, `backoff` seconds later, then
    twice that. What stays failed is recorded so, and is played again by the next run of
    the same directory. Where `far` is given it plays, in the place of `play`. Raises
    UserError where these do, and where a worker is cancelled.
    """
    run = directory.run
    with progress or RolloutProgress(run.total) as shown:
        scored = [r for r in directory.rollouts if r.verdict is not None]
        done = {key(r) for r in scored}
        for rollout in scored:
            shown.add(*_shown(rollout), resumed=True)
        waiting = deque(
            (task, attempt)
            for task, attempt in (_grid(tasks, run.attempts) if items is None else items)
            if (task.id, attempt) not in done
        )

        async def worker() -> None:
            while waiting:
                task, attempt = waiting.popleft()
                if far is not None:
                    sample = await far(task, attempt)
                    directory.add_line(sample.line, sample.places)
                    shown.add(sample.family, sample.reward)
                    continue
                rollout = await with_retries(play, task, attempt, run.model, retries, backoff)
                directory.add(rollout)
                shown.add(*_shown(rollout))

        await run_workers(min(concurrency, len(waiting)), worker)


def _grid(tasks: Sequence[Task], attempts: int) -> list[Item]:
    return [(task, attempt) for attempt in range(attempts) for task in tasks]


def sample_of(rollout: Rollout) -> Sample:
    """Write a rollout down."""
    return Sample(sample_line(rollout), *_shown(rollout))


def _shown(rollout: Rollout) -> tuple[str, float | None]:
    verdict = rollout.verdict
    return rollout.task.family.value, None if verdict is None else verdict.reward


async def with_retries(
    play: Play, task: Task, attempt: int, model: str, retries: int = RETRIES,
    backoff: float = BACKOFF,
) -> Rollout:  # fmt: skip
    """Play an attempt until it has a verdict, or was played `retries` times more."""
    for again in range(retries + 1):
        if again:
            await asyncio.sleep(backoff * 2 ** (again - 1))
        rollout = await _once(play, task, attempt, model)
        if rollout.verdict is not None:
            break
    return rollout


async def _once(play: Play, task: Task, attempt: int, model: str) -> Rollout:
    """Play once, with an exception of `play` turned into a failed rollout that names it."""
    started = time.time()
    try:
        return await play(task, attempt)
    except UserError:
        raise
    except (Exception, asyncio.CancelledError) as error:
        if isinstance(error, asyncio.CancelledError) and stopped():
            raise
        return Rollout(
            id=f"{task.id}#{attempt}", attempt=attempt, task=task, model=model, conversations=[],
            verdict=None, stop=StopReason.WORLD, failure=f"{type(error).__name__}: {error}",
            started=started, seconds=time.time() - started, versions=VERSIONS,
        )  # fmt: skip
