"""A coroutine run as a program, stopped by signals."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Awaitable, Callable


def run_until_stopped(main: Callable[[], Awaitable[None]]) -> int:
    """Run `main`; SIGINT and SIGTERM cancel it and wait for its clean-up.

    Returns 0, or 130 when it was stopped. Raises what `main` raises.
    """

    async def guarded() -> int:
        task = asyncio.ensure_future(main())
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, task.cancel)
        try:
            await task
        except asyncio.CancelledError:
            print("stopped: what was finished is kept", file=sys.stderr)
            return 130
        return 0

    return asyncio.run(guarded())
