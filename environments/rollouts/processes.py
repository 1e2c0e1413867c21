"""Pure work on several processors: none of its processes outlives the work or this process."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import active_children, get_context, parent_process
from typing import TypeVar

from world_fixtures.common import UserError

Item = TypeVar("Item")
Result = TypeVar("Result")


class WorkerKilled(UserError):
    """A process that worked has died; the system kills one where memory is short."""

    def __init__(self, after: str = "free some, and give the same command again") -> None:
        super().__init__(
            "a worker process died, killed by the system where memory is short for example:"
            f" {after}"
        )


def in_processes(
    work: Callable[[Item], Result],
    items: Sequence[Item],
    done: Callable[[int, Result], None],
    processes: int | None = None,
) -> None:
    """Do `work` on each item, and call `done` with its place and result as soon as it is done.

    Uses `processes`, by default one for each processor, or none beside this one for a single
    item. `work`, items and results are pickled. Raises what `work` or `done` raises, and
    WorkerKilled; a process that is interrupted or fails ends the others at once.
    """
    number = min(processes or os.cpu_count() or 1, len(items))
    if number <= 1:
        for place, item in enumerate(items):
            done(place, work(item))
        return
    before = set(active_children())
    pool = ProcessPoolExecutor(number, get_context("spawn"), _end_with_parent)
    finished = False
    try:
        with _interrupts_held():  # processes inherit that they are not told of Ctrl-C
            places = {pool.submit(work, item): place for place, item in enumerate(items)}
        killed = False
        for future in as_completed(places):
            try:
                result = future.result()
            except BrokenProcessPool:  # some that were done may come after it
                killed = True
            else:
                done(places[future], result)
        if killed:
            raise WorkerKilled
        finished = True
    finally:
        with _interrupts_held():
            if not finished:
                for process in set(active_children()) - before:
                    process.terminate()
            pool.shutdown(cancel_futures=True)


@contextmanager
def _interrupts_held() -> Iterator[None]:
    """Have Ctrl-C wait until the end of the block."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _end_with_parent() -> None:
    """Watch the process that started this one: killed, it cannot end it."""
    parent = parent_process()
    if parent is not None:
        threading.Thread(target=_end_after, args=(parent.join,), daemon=True).start()


def _end_after(wait: Callable[[], None]) -> None:
    wait()
    os._exit(1)
