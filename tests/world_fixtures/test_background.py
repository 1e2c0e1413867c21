"""A loop in a thread: results, errors, interrupts and ends."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import textwrap
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from world_fixtures.background import BackgroundLoop


@pytest.fixture
def loop() -> Iterator[BackgroundLoop]:
    with BackgroundLoop() as started:
        yield started


async def value(result: int) -> int:
    await asyncio.sleep(0)
    return result


async def forever(began: threading.Event, ended: threading.Event) -> None:
    began.set()
    try:
        await asyncio.Event().wait()
    finally:
        await asyncio.sleep(0)
        ended.set()


def test_results_and_errors_come_back(loop) -> None:
    async def fail() -> None:
        raise LookupError("no such thing")

    assert loop.run(value(3)) == 3
    with pytest.raises(LookupError, match="no such thing"):
        loop.run(fail())
    assert loop.run(value(4)) == 4


def test_everything_runs_in_one_loop_from_any_thread(loop) -> None:
    async def where() -> tuple[int, str]:
        return id(asyncio.get_running_loop()), threading.current_thread().name

    with ThreadPoolExecutor(4) as threads:
        places = set(threads.map(lambda _: loop.run(where()), range(40)))
    assert places == {loop.run(where())}
    assert places.pop()[1] == "evennia-world"


def test_its_own_thread_cannot_wait_for_it(loop) -> None:
    async def wrong() -> None:
        loop.run(value(1))

    async def wrong_end() -> None:
        loop.close()

    for coroutine in (wrong(), wrong_end()):
        with pytest.raises(RuntimeError, match="own thread"):
            loop.run(coroutine)
    assert loop.run(value(1)) == 1


def test_closing_cancels_what_runs_and_can_be_done_again(loop) -> None:
    began, ended = threading.Event(), threading.Event()
    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(loop.run, forever(began, ended))
        assert began.wait(30)
        loop.close()
        with pytest.raises(asyncio.CancelledError):
            waiting.result(30)
    assert ended.is_set()
    assert loop.closed
    loop.close()
    with pytest.raises(RuntimeError, match="closed"):
        loop.run(value(1))


def test_an_interrupt_cancels_the_coroutine_and_is_raised(loop) -> None:
    began, ended = threading.Event(), threading.Event()

    def interrupt() -> None:
        began.wait(30)
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    thread.start()
    with pytest.raises(KeyboardInterrupt):
        loop.run(forever(began, ended))
    thread.join()
    assert ended.is_set()
    assert loop.run(value(5)) == 5


async def test_another_loop_goes_on_while_it_waits(loop) -> None:
    async def fail() -> None:
        raise LookupError("no such thing")

    async def nested() -> int:
        return await loop.wait(value(2))

    assert await asyncio.gather(loop.wait(value(1)), loop.wait(nested())) == [1, 2]
    with pytest.raises(LookupError, match="no such thing"):
        await loop.wait(fail())
    loop.close()
    with pytest.raises(RuntimeError, match="closed"):
        await loop.wait(value(3))


async def test_cancelling_who_waits_is_over_when_the_coroutine_is(loop) -> None:
    began, ended = threading.Event(), threading.Event()
    waiting = asyncio.ensure_future(loop.wait(forever(began, ended)))
    assert await asyncio.to_thread(began.wait, 30)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert ended.is_set()
    assert await loop.wait(value(4)) == 4


def test_the_interpreter_ends_though_nobody_closed_it() -> None:
    program = """
        import asyncio
        from world_fixtures.background import BackgroundLoop

        async def forever(began):
            began.set_result(None)
            try:
                await asyncio.Event().wait()
            finally:
                print("cancelled", flush=True)

        async def begin():
            began = asyncio.get_running_loop().create_future()
            global task
            task = asyncio.create_task(forever(began))
            await began

        BackgroundLoop().run(begin())
        print("end of program", flush=True)
    """
    root = str(Path(__file__).resolve().parents[2])
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)], capture_output=True, text=True,
        timeout=60, env={**os.environ, "PYTHONPATH": root},
    )  # fmt: skip
    assert (done.stdout.split("\n")[:2], done.stderr) == (["end of program", "cancelled"], "")
    assert done.returncode == 0


@pytest.mark.slow
def test_a_pool_can_be_closed_while_the_interpreter_ends(own_home) -> None:
    """Threads of the standard library's executors are gone by then."""
    program = """
        import atexit
        from world_fixtures.background import BackgroundLoop
        from world_fixtures.servers import ServerPool

        loop, pool = BackgroundLoop(), ServerPool(1)
        loop.run(pool.__aenter__())
        atexit.register(lambda: loop.run(pool.close()))
    """
    root = str(Path(__file__).resolve().parents[2])
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)], capture_output=True, text=True,
        timeout=120, env={**os.environ, "PYTHONPATH": root},
    )  # fmt: skip
    assert (done.stderr, done.returncode) == ("", 0)
    assert not list((own_home / "scratch").iterdir())


@pytest.mark.parametrize("kind", [SystemExit, KeyboardInterrupt])
def test_what_ends_programs_reaches_whoever_waits(kind):
    async def end() -> None:
        raise kind

    async def go_on() -> int:
        return 7

    with BackgroundLoop() as loop:
        with pytest.raises(kind):
            loop.run(end())
        assert loop.run(go_on()) == 7


def test_what_is_to_happen_soon_waits_for_nothing_and_nothing_happens_after_the_end() -> None:
    ran: list[str] = []
    with BackgroundLoop() as loop:
        with loop._guard:  # held by the thread in which garbage is collected
            loop.soon(lambda: ran.append("before"))
        assert loop.run(value(1)) == 1
        assert ran == ["before"]
    loop.soon(lambda: ran.append("after"))
    assert ran == ["before"]
