"""An event loop in a thread, and world servers in it, for programs without an event loop."""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future, wait
from typing import Any, Self, TypeVar

from world_fixtures.servers import ServerPool

Result = TypeVar("Result")
CLOSE_TIMEOUT = 30.0
"""Seconds that `close` gives to what is still running."""


class BackgroundLoop:
    """A daemon thread with an event loop; `run` coroutines in it from any other thread.

    Everything that belongs to one loop, a `ServerPool` and its instances for example, is to be
    used through the same `BackgroundLoop`. It is closed when the interpreter exits, if not
    before; close what lives in it first.
    """

    def __init__(self, name: str = "evennia-world") -> None:
        """Start the thread; `name` is what debuggers show for it."""
        self._guard = threading.Lock()
        self._loop = asyncio.new_event_loop()
        self._tasks: dict[Future[Any], asyncio.Task[Any]] = {}
        """Running coroutines by what waits for them; used in the loop's thread alone."""
        self._closed = False
        self._thread = threading.Thread(target=self._serve, name=name, daemon=True)
        self._thread.start()
        atexit.register(self.close)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def closed(self) -> bool:
        """Whether `close` was called."""
        return self._closed

    async def wait(self, coroutine: Coroutine[Any, Any, Result]) -> Result:
        """Run a coroutine in the loop while the caller's own loop goes on.

        Otherwise as `run`. Cancelling the caller cancels the coroutine and is over when that is.
        """
        if threading.current_thread() is self._thread:
            return await coroutine
        future: Future[Result] = Future()
        self._start(coroutine, future)
        waiting = asyncio.wrap_future(future)
        try:
            return await asyncio.shield(waiting)
        except asyncio.CancelledError:
            with contextlib.suppress(RuntimeError):  # closed meanwhile, which cancels as well
                self._loop.call_soon_threadsafe(self._cancel, future)
            await asyncio.wait([waiting])
            if not waiting.cancelled():
                waiting.exception()  # asyncio reports what nobody has read
            raise

    def run(self, coroutine: Coroutine[Any, Any, Result]) -> Result:
        """Run a coroutine in the loop, wait for it, and return its result or raise its error.

        May be called from several threads at once. A KeyboardInterrupt meanwhile cancels the
        coroutine and is raised once it has ended. Raises asyncio.CancelledError where `close`
        ended it, RuntimeError from the loop's own thread, where it would wait for itself, and
        after `close`.
        """
        if threading.current_thread() is self._thread:
            coroutine.close()
            raise RuntimeError("the loop's own thread cannot wait for it: await the coroutine")
        future: Future[Result] = Future()
        try:
            self._start(coroutine, future)
            return future.result()
        except KeyboardInterrupt:
            with contextlib.suppress(RuntimeError):  # closed meanwhile, which cancels as well
                self._loop.call_soon_threadsafe(self._cancel, future)
            wait([future], CLOSE_TIMEOUT)
            raise

    def soon(self, act: Callable[[], object]) -> None:
        """Have the loop call `act` and return at once; nothing after `close`.

        Waits for no lock, so that a finalizer may call it in whatever thread garbage is collected.
        """
        with contextlib.suppress(RuntimeError):  # the loop is closed
            self._loop.call_soon_threadsafe(act)

    def _begin(self, coroutine: Coroutine[Any, Any, Result], future: Future[Result]) -> None:
        task = self._loop.create_task(coroutine)
        self._tasks[future] = task
        task.add_done_callback(lambda _: self._finish(task, future))

    def _start(self, coroutine: Coroutine[Any, Any, Result], future: Future[Result]) -> None:
        with self._guard:
            if self._closed:
                coroutine.close()
                raise RuntimeError("the background loop is closed")
            self._loop.call_soon_threadsafe(self._begin, coroutine, future)

    def _cancel(self, future: Future[Any]) -> None:
        if future in self._tasks:
            self._tasks[future].cancel()
        else:
            future.cancel()

    def _finish(self, task: asyncio.Task[Result], future: Future[Result]) -> None:
        del self._tasks[future]
        if task.cancelled():
            future.set_exception(asyncio.CancelledError())
        elif (error := task.exception()) is not None:
            future.set_exception(error)
        else:
            future.set_result(task.result())

    def close(self) -> None:
        """Cancel what is running, end the thread, and wait for it. Idempotent.

        Raises RuntimeError from the loop's own thread.
        """
        if threading.current_thread() is self._thread:
            raise RuntimeError("the loop's own thread cannot close it")
        with self._guard:
            first, self._closed = not self._closed, True
        if first:
            atexit.unregister(self.close)
            self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(CLOSE_TIMEOUT)

    def _serve(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            while True:
                try:
                    self._loop.run_forever()
                    break
                except (SystemExit, KeyboardInterrupt):
                    continue  # raised in a coroutine: whoever waits for it is told
            self._loop.run_until_complete(_cancel_all())
            self._loop.run_until_complete(self._loop.shutdown_asyncgens())
        finally:
            self._loop.close()


async def _cancel_all() -> None:
    own = asyncio.current_task()
    running = [task for task in asyncio.all_tasks() if task is not own]
    for task in running:
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)


class SyncPool:
    """A `ServerPool` for programs without an event loop.

    `with SyncPool(2) as servers:` starts it; the servers stop at its end, or with the program.
    """

    def __init__(
        self,
        servers: int | None = None,
        *,
        python: str | None = None,
        server: str | None = None,
    ) -> None:
        """Take the number of world servers and where they run, as `ServerPool`."""
        self.pool = ServerPool(servers, python=python, server=server)
        self._loop: BackgroundLoop | None = None

    @property
    def loop(self) -> BackgroundLoop:
        """Where everything of the servers runs. Raises RuntimeError before they are started."""
        if self._loop is None:
            raise RuntimeError(
                "the world servers are not running: use `with SyncPool(...) as pool`"
            )
        return self._loop

    def __enter__(self) -> Self:
        if self._loop is not None:
            raise RuntimeError("a SyncPool is entered once")
        self._loop = BackgroundLoop()
        try:
            self._loop.run(self.pool.__aenter__())
        except BaseException:
            self._loop.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self.loop.run(self.pool.close())
        finally:
            self.loop.close()
