"""A coroutine run as a program, stopped by signals."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

Result = TypeVar("Result")
STOPPED = 130


def run_until_stopped(main: Callable[[], Awaitable[None]]) -> int:
    """Run `main`; SIGINT and SIGTERM cancel it and wait for its clean-up.

    Returns 0, or 130 when it was stopped. Raises what `main` raises.
    """
    try:
        run_coroutine(main, (signal.SIGINT, signal.SIGTERM))
    except KeyboardInterrupt:
        print("stopped: what was finished is kept", file=sys.stderr)
        return STOPPED
    return 0


def run_coroutine(
    main: Callable[[], Awaitable[Result]], signals: Sequence[signal.Signals] = (signal.SIGINT,)
) -> Result:
    """Run `main` in an event loop and return its result; the first of `signals` cancels it.

    Its clean-up is then waited for. Signals that follow are ignored, until the process ends, so
    that they do not cut the clean-up short. Raises KeyboardInterrupt where `main` was cancelled,
    and what it raises.
    """

    async def guarded() -> list[Result]:
        task = asyncio.ensure_future(main())
        loop = asyncio.get_running_loop()

        # Not loop.add_signal_handler: at its end the loop would undo what is set here.
        def stop(*_: object) -> None:
            for number in signals:
                signal.signal(number, signal.SIG_IGN)
            loop.call_soon_threadsafe(task.cancel)

        before = {number: signal.signal(number, stop) for number in signals}
        try:
            return [await task]
        except asyncio.CancelledError:
            return []
        finally:
            for number, handler in before.items():
                if signal.getsignal(number) is stop:
                    signal.signal(number, handler)

    for result in asyncio.run(guarded()):
        return result
    raise KeyboardInterrupt


@contextmanager
def interrupted_once() -> Iterator[None]:
    """Have the first SIGINT raise KeyboardInterrupt, as ever, and those that follow ignored.

    For programs without an event loop; what they do at their end is then not cut short.
    """

    def stop(*_: object) -> None:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, stop)
    try:
        yield
    finally:
        if signal.getsignal(signal.SIGINT) is stop:
            signal.signal(signal.SIGINT, before)
