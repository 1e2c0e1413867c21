"""Rollouts in a real game: the tutorial world of Evennia, prepared once for these tests."""

from __future__ import annotations

import os
import random
import signal
import string
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from environments.episode import SyncEpisode, SyncPool
from environments.tasks.suites import load_suite
from world_fixtures.common import WorldLost
from world_fixtures.foreign.snapshot import snapshot_of
from world_fixtures.foreign.source import read_source
from world_fixtures.home import alive
from world_fixtures.servers import PooledInstance
from world_fixtures.spec import WorldSpec

pytestmark = pytest.mark.slow

WAY = ("begin", "read sign", "climb tree", "northern path", "enter", "get weapon", "who",
       "leave", "back", "bridge", "east", "east", "wait 60", "quit", "look")  # fmt: skip


@pytest.fixture(scope="module")
def spec() -> WorldSpec:
    return snapshot_of(read_source({"game": "tutorial_world"}, Path())).spec()


@pytest.fixture(scope="module")
def pool() -> Iterator[SyncPool]:
    with SyncPool(1) as pool:
        yield pool


@pytest.fixture
def acquire(pool: SyncPool, spec: WorldSpec) -> Iterator[Callable[..., PooledInstance]]:
    held: list[PooledInstance] = []

    def acquire(seed: int = 0) -> PooledInstance:
        assert spec.game is not None
        played = spec.model_copy(update={"game": spec.game.model_copy(update={"seed": seed})})
        held.append(pool.loop.run(pool.pool.acquire(played)))
        return held[-1]

    yield acquire

    async def release() -> None:
        for instance in held:
            pool.pool.release(instance)

    pool.loop.run(release())


def played(pool: SyncPool, instance: PooledInstance, lines: tuple[str, ...] = WAY) -> list[Any]:
    async def play() -> list[Any]:
        session = await instance.open()
        events = [session.event, *[await session.command(line) for line in lines]]
        return [(e.text, e.state_hash, e.changes) for e in events]

    return pool.loop.run(play())


def test_the_same_commands_give_the_same_text_and_state(
    pool: SyncPool, acquire: Callable[..., PooledInstance]
) -> None:
    first, second, other = acquire(), acquire(), acquire(seed=5)
    shown = played(pool, first)
    assert shown == played(pool, second)
    assert [text for text, *_ in shown] != [text for text, *_ in played(pool, other)]
    assert "The guardian will not bleed" in " ".join(text for text, *_ in shown)
    assert pool.loop.run(first.state()).hash == shown[-1][1] != first.start_hash


def test_the_changes_of_the_events_give_the_state(
    pool: SyncPool, acquire: Callable[..., PooledInstance]
) -> None:
    instance = acquire()
    shown = played(pool, instance)
    state = pool.loop.run(instance.state())
    told = [(c.entity, c.field, c.after) for _, _, changes in shown for c in changes]
    begun = snapshot_of(read_source({"game": "tutorial_world"}, Path())).spec().game
    assert begun is not None
    again = state.model_copy(update={"entities": begun.initial}).arranged(told)  # type: ignore[arg-type]
    assert again.hash == state.hash == pool.loop.run(instance.changed_state()).hash


def test_a_fork_goes_on_by_itself_and_going_back_undoes(
    pool: SyncPool, acquire: Callable[..., PooledInstance]
) -> None:
    instance = acquire()
    shown = played(pool, instance, WAY[:6])

    async def fork() -> tuple[str, str, str]:
        early = await instance.fork(at=3)
        late = await instance.fork()
        try:
            session = late.sessions_open[instance.spec.agent.id]
            moved = await session.command("leave")
            return early.hash, late.hash, moved.room
        finally:
            pool.pool.release(early)
            pool.pool.release(late)

    assert pool.loop.run(fork()) == (shown[2][1], shown[-1][1], "the_evennia_inn")
    assert pool.loop.run(instance.state()).hash == shown[-1][1]
    pool.loop.run(instance.go_back(3))
    assert pool.loop.run(instance.state()).hash == shown[2][1]


def test_what_is_typed_reaches_nothing_outside(
    pool: SyncPool, acquire: Callable[..., PooledInstance]
) -> None:
    instance, other = acquire(), acquire()
    start = pool.loop.run(other.state()).hash
    rng = random.Random(7)
    words = ["look", "get", "say", "@py", "@create", "@set", "@dig", "@tel", "@reload", "page",
             "channel", "nick", "setdesc", "password", "option", "quell", "perm", "sethome", "me",
             "here", "#1", "builder", "player", "= import os; os.system('x')", "/etc/passwd",
             "$py(1)", "|r", "{}", "*" * 50, "sign", "tree"]  # fmt: skip
    lines = [" ".join(rng.choices(words, k=rng.randint(1, 4))) for _ in range(120)]
    lines += ["".join(rng.choices(string.printable, k=40)) for _ in range(40)]
    lines += ["\x00\x1b[31m", "x" * 5000, "look \u202e", "ö" * 300]
    played(pool, instance, tuple(lines))
    state = pool.loop.run(instance.state())
    assert state.get("account_player", "permissions") == ["player"]
    assert state.get(instance.spec.agent.id, "permissions") == ["player"]
    noticed = pool.loop.run(instance.server.request("noticed", instance=instance.id))
    assert noticed == {"refused": [], "clock": [], "threads": []}
    assert pool.loop.run(other.state()).hash == start


def test_a_killed_process_voids_its_rollout_alone(
    pool: SyncPool, acquire: Callable[..., PooledInstance]
) -> None:
    killed, other = acquire(), acquire()
    children = Path(f"/proc/{killed.server.pid}/task/{killed.server.pid}/children").read_text()
    pids = [int(pid) for pid in children.split()]
    assert len(pids) == 2
    os.kill(pids[0], signal.SIGKILL)
    for _ in range(2):  # what is asked before its end is noticed, and after
        with pytest.raises(WorldLost, match="process of this rollout has ended"):
            pool.loop.run(killed.open())
    assert len(played(pool, other, ("look",))) == 2
    pool.loop.run(other.reset())
    assert not alive(pids[0])
    assert not alive(pids[1])


def test_a_shipped_task_is_played_through_the_tools(pool: SyncPool) -> None:
    task = load_suite("foreign").tasks[0]
    episode = SyncEpisode.begin(pool, task)
    try:
        episode.call("evennia_connect", {})
        for step in task.stages[0].walkthrough[:-1]:
            episode.call("evennia_command", {"command": step.command})
        episode.call("evennia_submit", {"answer": task.stages[0].walkthrough[-1].answer})
        assert episode.finish().reward == 1
    finally:
        episode.close()
    idle = SyncEpisode.begin(pool, task)
    idle.call("evennia_submit", {"answer": task.stages[0].walkthrough[-1].answer})
    assert idle.finish().reward == 0  # the answer alone, without having been shown it
    idle.close()
