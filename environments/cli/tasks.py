"""`evennia-world tasks show|list|verify`."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

from environments.episode import Episode
from environments.tasks.build import KINDS, make_task
from environments.tasks.model import Family, Task, Verdict
from environments.tasks.suites import SUITES, load_suite
from world_fixtures.common import UserError, canonical_json
from world_fixtures.servers import ServerPool

CONCURRENCY = 32


def run(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="evennia-world tasks", description="Look at tasks.")
    actions = parser.add_subparsers(dest="action", required=True)
    show = actions.add_parser("show", help="print a task as an agent sees it")
    show.add_argument("--seed", type=int, default=0)
    show.add_argument("--family", default="errand", help=", ".join(Family))
    show.add_argument("--difficulty", type=int, default=1, help="1 to 10")
    show.add_argument("--kind", help="sub-kind of the family")
    show.add_argument("--spec", action="store_true", help="also print the world, as canonical JSON")
    actions.add_parser("list", help="name the families, their kinds, and the suites")
    verify = actions.add_parser("verify", help="play the walkthroughs in real instances")
    verify.add_argument("--suite", default="standard", help=", ".join(SUITES))
    verify.add_argument("--count", type=int, help="only so many tasks, evenly chosen")
    verify.add_argument("--json", type=Path, metavar="FILE", help="write the figures there")
    options = parser.parse_args(argv[1:])
    if options.action == "list":
        for family, kinds in KINDS.items():
            print(f"{family.value:<12} {', '.join(kinds)}")
        print(f"{'suites':<12} {', '.join(SUITES)}")
        return 0
    return _show(options) if options.action == "show" else _verify(options)


def _show(options: argparse.Namespace) -> int:
    if options.family not in list(Family):
        raise UserError(f"unknown family {options.family!r}: choose from {', '.join(Family)}")
    family = Family(options.family)
    task = make_task(family, options.seed, options.difficulty, kind=options.kind)
    for number, stage in enumerate(task.stages, start=1):
        print(f"[{task.id}, part {number} of {len(task.stages)}]\n{stage.prompt}\n")
    if options.spec:
        print(canonical_json(task.spec.model_dump(mode="json")))
    return 0


def _verify(options: argparse.Namespace) -> int:
    started = time.perf_counter()
    tasks: Sequence[Task] = load_suite(options.suite).tasks
    generation = (time.perf_counter() - started) / len(tasks) * 1000
    if options.count and options.count < len(tasks):
        tasks = [tasks[n * len(tasks) // options.count] for n in range(options.count)]
    verdicts = asyncio.run(_play_all(tasks))
    lengths: defaultdict[int, list[int]] = defaultdict(list)
    for task in tasks:
        lengths[task.difficulty].append(task.optimal_steps)
    failed = [(t, v) for t, v in zip(tasks, verdicts, strict=True) if v.reward < 1 or not v.success]
    figures: dict[str, Any] = {
        "suite": options.suite,
        "n": len(tasks),
        "solved": len(tasks) - len(failed),
        "mean_generation_ms": generation,
        "walkthrough_length_by_difficulty": {d: fmean(n) for d, n in sorted(lengths.items())},
    }
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n")
    for task, verdict in failed:
        print(f"not solved: {task.id}: {verdict.reward:.3f} {'; '.join(verdict.reasons)}")
    print(f"{figures['solved']} of {len(tasks)} solved; {generation:.1f} ms to make a task")
    return 1 if failed else 0


async def _play_all(tasks: Sequence[Task]) -> list[Verdict]:
    """Verdicts on the walkthroughs, in the order of the tasks."""
    done = 0
    places = asyncio.Semaphore(CONCURRENCY)

    async def one(number: int, task: Task) -> Verdict:
        nonlocal done
        async with places:
            verdict = await walk(f"verify-{number}", task, pool)
        done += 1
        if done % 50 == 0:
            print(f"{done}/{len(tasks)} played", file=sys.stderr)
        return verdict

    async with ServerPool() as pool, asyncio.TaskGroup() as group:
        running = [group.create_task(one(n, t)) for n, t in enumerate(tasks)]
    return [r.result() for r in running]


async def walk(task_id: str, task: Task, pool: ServerPool) -> Verdict:
    """Play a task's walkthrough in a real instance and judge it."""
    world = await Episode.begin(pool, task, id=task_id)
    try:
        for number, stage in enumerate(task.stages):
            if number:
                await world.next_stage()
            await world.connect()
            for step in stage.walkthrough:
                if step.tool == "command":
                    await world.command(step.command)
                elif step.tool == "disconnect":
                    await world.disconnect()
                else:
                    world.submit(step.answer)
        return await world.finish()
    finally:
        world.close()
