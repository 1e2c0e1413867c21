"""Replay beside recording: the same rollouts, first with a model that thinks, then without."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from itertools import cycle, islice
from pathlib import Path
from typing import Any

from environments.evaluation.embedded import play_embedded
from environments.rollouts.record import Rollout
from environments.tasks.build import make_task
from environments.tasks.model import Family, Task
from environments.telemetry.pairing import Pairing, pair_rollout
from environments.telemetry.recording import record_rollout
from environments.telemetry.replay import replay_all, servers_for
from world_fixtures.servers import ServerPool

LATENCY = 0.05
"""Seconds a model call takes."""
AT_ONCE = 8
"""Rollouts played, and traces replayed, at the same time."""
ROLLOUTS = 200
DIFFICULTIES = range(1, 11)

Progress = Callable[[str], None]


async def measure(quick: bool, say: Progress) -> dict[str, Any]:
    """All figures of `evennia-world bench replay`, as one JSON-able dict."""
    items = [(task, 0) for task in mixed_tasks(20 if quick else ROLLOUTS)]
    say(f"recording {len(items)} rollouts, {LATENCY * 1000:.0f} ms a model call")
    async with ServerPool() as pool:
        started = time.perf_counter()
        rollouts = await play_embedded(pool, "noisy", items, latency=LATENCY, at_once=AT_ONCE)
        record_s = time.perf_counter() - started
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch)
        traces = [record_rollout(rollout, root) for rollout in rollouts]
        pairing = _paired(rollouts, root)
        say("replaying them in fresh world servers")
        async with ServerPool(servers_for(len(traces))) as fresh:
            started = time.perf_counter()
            replayed = await replay_all(traces, fresh, at_once=AT_ONCE)
            replay_s = time.perf_counter() - started
    for found in replayed:
        if found.difference is not None:
            say(str(found.difference))
    return {
        "quick": quick,
        "rollouts": len(rollouts),
        "failed": sum(rollout.verdict is None for rollout in rollouts),
        "at_once": AT_ONCE,
        "model_ms": LATENCY * 1000,
        "model_calls": sum(rollout.turns for rollout in rollouts),
        "events": sum(found.events for found in replayed),
        "record_s": record_s,
        "replay_s": replay_s,
        "times_faster": record_s / replay_s,
        "differences": sum(found.difference is not None for found in replayed),
        "paired": pairing.matched,
        "unpaired": len(pairing.unmatched),
    }


def mixed_tasks(count: int) -> list[Task]:
    """Tasks of all families and difficulties, each in a generated world of its own."""
    families = islice(cycle(Family), count)
    return [
        make_task(family, seed, DIFFICULTIES[seed // len(Family) % len(DIFFICULTIES)])
        for seed, family in enumerate(families)
    ]


def _paired(rollouts: list[Rollout], root: Path) -> Pairing:
    total = Pairing()
    for rollout in rollouts:
        total.add(pair_rollout(rollout, root))
    return total
