"""Forks at random events of rollouts: compared with what was recorded, with a replay, and parents.

    python -m benchmarks.fork_check --rollouts 500 --forks 10000 --json figures.json

Plays rollouts of every kind on real world servers by policies that do well, search and err. Of
each it makes forks at random events and compares the state hash with the recorded one. Then it
carries out in the fork what was recorded next, and commands of the same rollout drawn at random,
and compares texts and hashes with the record and with a replay by the rules in memory. At the end
nothing may have changed in the instance that the rollout was played in.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from benchmarks.figures import found_by
from environments.evaluation.embedded import play_policy
from environments.runner import Conditions
from environments.tasks.build import KINDS, make_task
from environments.tasks.model import Family, Task
from environments.tools.registry import tools_of
from world_fixtures.facts import Arranged
from world_fixtures.protocol import ARRANGE, CONNECT, Event, apart, group_end
from world_fixtures.rules import Simulation
from world_fixtures.rules.passing import rearranged
from world_fixtures.servers import PooledInstance, ServerPool
from world_fixtures.spec import WorldSpec

POLICIES = ("oracle", "explorer", "scripted", "noisy")
LATER = 6
"""Recorded events that are repeated in each fork, and commands that are drawn after them."""
AT_ONCE = 12
"""Rollouts under way, each with all of its forks."""


@dataclass
class Found:
    """What a run has compared, and what was wrong."""

    rollouts: int = 0
    forks: int = 0
    commands: int = 0
    """Carried out in forks and compared."""
    events: int = 0
    """Of the rollouts."""
    kinds: Counter[str] = field(default_factory=Counter)
    """Forks by kind of task."""
    wrong: list[str] = field(default_factory=list)


class Keeping:
    """A pool for one rollout that keeps its instance when the rollout gives it back."""

    def __init__(self, pool: ServerPool) -> None:
        self._pool = pool
        self.instance: PooledInstance | None = None

    async def acquire(
        self, spec: WorldSpec, *, restarts: bool = False, events: Sequence[Event] = ()
    ) -> PooledInstance:
        """Acquire from the pool."""
        self.instance = await self._pool.acquire(spec, restarts=restarts, events=events)
        return self.instance

    def release(self, instance: PooledInstance) -> None:
        """Keep the instance for its forks."""


async def check(
    pool: ServerPool,
    rollouts: int,
    forks: int,
    *,
    seed: int = 0,
    kinds: Sequence[str] = (),
    later: int = LATER,
) -> Found:
    """Play rollouts over kinds (default: all), policies and difficulties 1 to 10; fork each.

    `later` recorded events are repeated in each fork, and as many commands are drawn.
    """
    rng = random.Random(f"forks {seed}")
    wanted = [(f, k) for f in Family for k in KINDS[f] if not kinds or k in kinds]
    found = Found()
    slots = asyncio.Semaphore(AT_ONCE)

    async def one(n: int, count: int, draws: random.Random) -> None:
        async with slots:
            family, kind = wanted[n % len(wanted)]
            policy = POLICIES[(n % len(wanted) + n // len(wanted)) % len(POLICIES)]
            task = make_task(family, seed + n, 1 + n % 10, kind=kind)
            await _check_rollout(pool, task, policy, count, draws, found, later)
            found.kinds[kind] += count

    shares = [forks // rollouts + (n < forks % rollouts) for n in range(rollouts)]
    async with asyncio.TaskGroup() as group:
        for n, count in enumerate(shares):
            group.create_task(one(n, count, random.Random(rng.random())))
    return found


async def _check_rollout(
    pool: ServerPool, task: Task, policy: str, forks: int, rng: random.Random, found: Found,
    later: int,
) -> None:  # fmt: skip
    keeping = Keeping(pool)
    rollout = await play_policy(policy, task, 0, keeping, tools_of(["evennia"]), Conditions())
    parent = keeping.instance
    assert parent is not None, rollout.failure
    try:
        log = await parent.events()
        before = await parent.state()
        name = f"{task.id} by {policy}"
        if any(event != log[event.seq - 1] for event in rollout.events):
            found.wrong.append(f"{name}: the events of the rollout are not those of its instance")
        places = [rng.randint(0, len(log)) for _ in range(forks)]
        draws = [random.Random(rng.random()) for _ in places]
        checks = (
            _check_fork(pool, parent, log, later, *p) for p in zip(places, draws, strict=True)
        )
        for place, (problem, commands) in zip(places, await asyncio.gather(*checks), strict=True):
            found.forks += 1
            found.commands += commands
            if problem:
                found.wrong.append(f"{name}, fork at {place} of {len(log)}: {problem}")
        if await parent.events() != log or await parent.state() != before:
            found.wrong.append(f"{name}: the parent was changed by its forks")
        found.rollouts += 1
        found.events += len(log)
    finally:
        pool.release(parent)


async def _check_fork(
    pool: ServerPool,
    parent: PooledInstance,
    log: list[Event],
    later: int,
    at: int,
    rng: random.Random,
) -> tuple[str, int]:
    """Make one fork and play on in it: what is wrong, and how many commands were compared."""
    fork = await parent.fork(at)
    at = group_end(at, (event.cause for event in log[at:]))
    model = Simulation(parent.spec)
    for event in log[:at]:
        model.arrange(Arranged(c.entity, c.field, c.after) for c in event.changes)
    commands = 0
    try:
        if fork.hash != model.state.hash or (at and fork.hash != log[at - 1].state_hash):
            return "the state hash is not the recorded one", 0
        if (await fork.state()).hash != fork.hash or await fork.events() != log[:at]:
            return "the state or the events are not those of the parent", 0
        for event in log[at : at + later]:
            if event.cause is not None:  # it follows from what is repeated
                continue
            again = await _repeat(fork, event)
            _replay(model, event)
            commands += 1
            end = group_end(event.seq, (other.cause for other in log[event.seq :]))
            if again is None or not _alike(apart(again), log[event.seq - 1 : end]):
                return f"event {event.seq} ({event.raw!r}) went another way", commands
            if apart(again)[-1].state_hash != model.state.hash:
                return f"event {event.seq} ({event.raw!r}) left another state", commands
        typed = sorted({(e.actor, e.raw) for e in log if e.raw and e.cause is None})
        for actor, raw in rng.sample(typed, min(later, len(typed))):
            session = fork.sessions_open.get(actor) or await fork.open(actor)
            fork.sessions_open[actor] = session
            event, outcome = await session.command(raw), model.act(raw, actor)
            commands += 1
            if (event.text, apart(event)[-1].state_hash) != (outcome.text, model.state.hash):
                return f"{raw!r} went another way than in a replay", commands
    finally:
        pool.release(fork)
    return "", commands


async def _repeat(fork: PooledInstance, event: Event) -> Event | None:
    """Make a recorded event happen in a fork; None where its character is not logged in."""
    if event.verb == ARRANGE:
        return await fork.arrange(rearranged(event.changes))
    if event.verb == CONNECT and not event.raw:
        session = fork.sessions_open[event.actor] = await fork.open(event.actor)
        return session.event
    present = fork.sessions_open.get(event.actor)
    return await present.command(event.raw) if present else None


def _replay(model: Simulation, event: Event) -> None:
    """Make a recorded event happen in memory."""
    if event.verb == ARRANGE:
        model.arrange(rearranged(event.changes))
    elif event.raw:
        model.act(event.raw, event.actor)


def _alike(events: Sequence[Event], recorded: Sequence[Event]) -> bool:
    """Tell whether events are those that were recorded, one by one."""
    return [*map(_essence, events)] == [*map(_essence, recorded)]


def _essence(event: Event) -> dict[str, Any]:
    """Return what of an event does not depend on instance and time."""
    return event.model_dump(exclude={"ts", "ms", "instance", "session", "after"})


async def measure(
    quick: bool, say: Callable[[str], None], rollouts: int = 0, forks: int = 0, seed: int = 0
) -> dict[str, Any]:
    """Check forks of rollouts of all kinds; `failures` says what was wrong."""
    rollouts = rollouts or (23 if quick else 500)
    forks = forks or (92 if quick else 10_000)
    say(f"{forks:,} forks at random events of {rollouts} rollouts")
    started = time.perf_counter()
    async with ServerPool() as pool:
        found = await check(pool, rollouts, forks, seed=seed)
    for problem in found.wrong:
        say(problem)
    return {
        "rollouts": found.rollouts, "events": found.events, "forks": found.forks,
        "commands": found.commands, "seconds": time.perf_counter() - started,
        "kinds": dict(found.kinds), "failures": found.wrong,
    }  # fmt: skip


def main() -> None:
    """Run the check from the command line; exit code 1 where something was wrong."""
    figures = found_by(
        __doc__,
        lambda args: measure(False, print, args.rollouts, args.forks, args.seed),
        rollouts=500, forks=10_000, seed=0,
    )  # fmt: skip
    raise SystemExit(bool(figures["failures"]))


if __name__ == "__main__":
    main()
