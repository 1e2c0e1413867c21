"""The golden trace: `python -m environments.telemetry.golden DIR` records it anew.

Its clock is normalised: recorded anew, it is the same, but for the versions in its meta file.
"""

from __future__ import annotations

import asyncio
import sys
from importlib.metadata import version
from pathlib import Path

from environments.rollouts.files import write_file
from environments.rollouts.normalised import normalised_events
from environments.tasks.build import make_task
from environments.tasks.model import Family
from environments.tasks.version import TASKS_VERSION
from environments.telemetry.layout import EVENTS, meta_path
from environments.telemetry.trace import TraceEvent, TraceMeta
from environments.telemetry.writer import line_of
from world_fixtures.library import load_world
from world_fixtures.servers import ServerPool

SESSION = "golden-trace"
WORLD = "timmy_home"
COMMANDS = ("look", "north", "examine fountain", "read fountain")
"""After connecting, on WORLD."""


async def record(directory: Path, pool: ServerPool) -> Path:
    """Play COMMANDS on WORLD and write the trace and its meta file into `directory`.

    Returns the path of the events.
    """
    lines, meta = await _play(pool)
    return _write(directory, lines, meta)


async def _play(pool: ServerPool) -> tuple[list[TraceEvent], TraceMeta]:
    task = make_task(Family.INSPECTION, 0, 1, world=load_world(WORLD))
    instance = await pool.acquire(task.spec)
    try:
        session = await instance.open()
        events = [session.event, *[await session.command(command) for command in COMMANDS]]
        await session.close()
    finally:
        pool.release(instance)
    events = normalised_events(events)
    lines = [
        TraceEvent.of(
            event, session_id=SESSION, task_id=task.id, stage=0, turn=turn,
            tool_call_id=f"call_{turn}_0",
        )
        for turn, event in enumerate(events, 1)
    ]  # fmt: skip
    meta = TraceMeta(
        session_id=SESSION, account=task.spec.agent.id, world_sessions=(events[0].session,),
        model="golden", task=task, spec_hash=task.spec.hash, seed=task.seed,
        versions={"evennia": version("evennia"), "tasks": str(TASKS_VERSION)},
        started=events[0].ts, events=len(events),
    )  # fmt: skip
    return lines, meta


def _write(directory: Path, lines: list[TraceEvent], meta: TraceMeta) -> Path:
    path = directory / (SESSION + EVENTS)
    directory.mkdir(parents=True, exist_ok=True)
    write_file(path, b"".join(map(line_of, lines)))
    write_file(meta_path(path), line_of(meta))
    return path


async def _main(directory: Path) -> None:
    async with ServerPool(1) as pool:
        print(await record(directory, pool))


if __name__ == "__main__":
    asyncio.run(_main(Path(sys.argv[1])))
