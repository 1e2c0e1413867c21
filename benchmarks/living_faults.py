"""Rollouts with people and time, killed, restarted, forked and replayed: nothing may differ.

    python -m benchmarks.living_faults --rollouts 300 --json figures.json

Plays tasks of all kinds in which others act and time passes on real world servers. At random
events the server is killed or restarted, and the world is forked or goes back and on again, within
what followed from a command, too. Then a turn of each rollout is drawn and played on from, in the
same way. What was recorded must be what the same policy records in memory and undisturbed, verdict
included; and every trace must replay.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.figures import Figures, found_by
from benchmarks.shaken import WEIGHTS, Shaken, essence
from environments.evaluation.embedded import play_embedded
from environments.rollouts.checkpoint import Checkpoint, checkpoint, last_turn
from environments.rollouts.record import Rollout
from environments.tasks.build import KINDS, make_task
from environments.tasks.model import SOLITARY, Task
from environments.telemetry.recording import record_rollout
from environments.telemetry.replay import replay_all
from world_fixtures.servers import ServerPool
from world_fixtures.simulated import SimulatedPool

POLICIES = ("noisy:0.3", "random", "oracle")
AT_ONCE = 16
"""Rollouts under way: a server that is killed takes the worlds of them all with it."""


@dataclass
class Found:
    """What a run has compared, and what was wrong."""

    rollouts: int = 0
    branches: int = 0
    """Rollouts that went on from a turn of another one."""
    events: int = 0
    followed: int = 0
    """Events by people and by time, of those."""
    replayed: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    troubles: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    seconds: float = 0.0


def tasks(count: int, seed: int = 0) -> list[Task]:
    """Return tasks of all kinds with people or time, over the difficulties."""
    kinds = [(f, kind) for f in KINDS if f not in SOLITARY for kind in KINDS[f]]
    return [
        make_task(family, seed + n, 1 + (n // len(kinds) + n) % 10, kind)
        for n in range(count)
        for family, kind in [kinds[n % len(kinds)]]
    ]


async def check(
    pool: ServerPool, made: Sequence[Task], *, seed: int = 0, weights: Sequence[int] = WEIGHTS
) -> Found:
    """Play each task once, and go on once from one of its turns; every trace is replayed.

    `weights` are those of killing, restarting, forking and going back.
    """
    found = Found()
    started = time.perf_counter()
    slots = asyncio.Semaphore(AT_ONCE)
    traces: list[Path] = []

    async def one(n: int, task: Task, root: Path) -> None:
        async with slots:
            policy = POLICIES[n % len(POLICIES)]
            rng = random.Random(f"living faults {seed} {n}")
            rollout = await _play(Shaken(pool, rng, weights), policy, task, found)
            # all rollouts have one id: each is recorded by itself
            traces.append(record_rollout(rollout, root / f"{n}"))
            found.rollouts += 1
            if rollout.verdict is None:
                return
            start = checkpoint(rollout, rng.randint(0, last_turn(rollout)))
            branch = await _play(Shaken(pool, rng, weights), policy, task, found, start)
            traces.append(record_rollout(branch, root / f"{n}-branch"))
            found.branches += 1

    with tempfile.TemporaryDirectory() as root:
        async with asyncio.TaskGroup() as group:
            for n, task in enumerate(made):
                group.create_task(one(n, task, Path(root)))
        for replayed in await replay_all(traces, pool, at_once=AT_ONCE):
            found.replayed += 1
            if replayed.difference is not None:
                found.wrong.append(str(replayed.difference))
    found.seconds = time.perf_counter() - started
    return found


async def _play(
    shaken: Shaken, policy: str, task: Task, found: Found, start: Checkpoint | None = None
) -> Rollout:
    """Play a rollout through all troubles and compare it with the same one in memory."""
    (rollout,) = await play_embedded(shaken, policy, [(task, 0)], start=start)
    (calm,) = await play_embedded(SimulatedPool(), policy, [(task, 0)])
    name = f"{task.id} by {policy}" + (f" from turn {start.turn}" if start else "")
    if shaken.instance is not None:
        await shaken.instance.end()
        found.troubles += shaken.instance.troubles
        found.wrong += [f"{name}: {problem}" for problem in shaken.instance.wrong]
    if rollout.verdict is None:
        found.wrong.append(f"{name}: {rollout.failure}")
    elif rollout.verdict != calm.verdict:
        found.wrong.append(f"{name}: the verdict is not that of the rollout in memory")
    for got, expected in zip(essence(rollout.events), essence(calm.events), strict=False):
        if got | {"state_hash": ""} != expected | {"state_hash": ""}:
            found.wrong.append(f"{name}: event {got['seq']} ({got['raw']!r}) went another way")
            break
    if len(rollout.events) != len(calm.events):
        problem = f"{len(rollout.events)} events, and {len(calm.events)} in memory"
        found.wrong.append(f"{name}: {problem}")
    found.kinds[f"{task.family}.{task.kind}"] += 1
    found.events += len(rollout.events)
    found.followed += sum(event.cause is not None for event in rollout.events)
    return rollout


async def _main(args: argparse.Namespace) -> Figures:
    async with ServerPool(args.servers) as pool:
        found = await check(pool, tasks(args.rollouts, args.seed), seed=args.seed)
    return vars(found) | {"differences": len(found.wrong)}


def main() -> None:
    """Run the check from the command line; exit code 1 where something differed."""
    found = found_by(__doc__, _main, rollouts=300, servers=1, seed=0)
    raise SystemExit(bool(found["wrong"]))


if __name__ == "__main__":
    main()
