"""A coroutine run as a program: stopped by signals, every failure reported in one line."""

from __future__ import annotations

import asyncio
import signal
import sys
import time
import traceback
from collections.abc import Awaitable, Callable
from pathlib import Path

from environments.rollouts.files import write_file
from world_fixtures.common import UserError, WorldLost


def run_until_stopped(main: Callable[[], Awaitable[None]]) -> int:
    """Run `main`; SIGINT and SIGTERM cancel it and wait for its clean-up.

    Returns 0, or 130 when it was stopped. What nobody foresaw goes to a file, with one
    line to the user and exit code 1. Raises UserError for what the user can correct.
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

    try:
        return asyncio.run(guarded())
    except UserError:
        raise
    except WorldLost as error:
        raise UserError(f"the world server failed: {error}") from None
    except OSError as error:
        if not error.filename:
            return _unforeseen()
        raise UserError(f"{error.filename}: {error.strerror}") from None
    except Exception:
        return _unforeseen()


def _unforeseen() -> int:
    path = Path(f"evennia-world-error-{int(time.time())}.log")
    details = traceback.format_exc()
    try:
        write_file(path, details)
    except UserError as error:
        print(f"evennia-world: {details.splitlines()[-1]} ({error})", file=sys.stderr)
        return 1
    print(f"evennia-world: an unexpected error; its details are in {path}", file=sys.stderr)
    return 1
