"""`evennia-world tasks show|list|verify`."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections import defaultdict
from collections.abc import Sequence
from itertools import zip_longest
from statistics import fmean
from typing import Annotated, Any

import typer

from environments.cli.chosen import Source, TaskId, chosen_tasks
from environments.cli.verb import JsonFile, new_verb
from environments.cli.walk import Walk, walk
from environments.modes import descriptors
from environments.rollouts.files import write_file
from environments.tasks.build import KINDS
from environments.tasks.model import Family, Task
from environments.tasks.suites import SUITES, all_in_games, load_suite
from environments.tasks.version import TASKS_VERSION
from world_fixtures.common import UserError, canonical_json, printable
from world_fixtures.servers import ServerPool

CONCURRENCY = 32
REPLAYS = 2
"""Times that a walkthrough in a game is played again, to see that the same comes of it."""


app = new_verb(help="Look at tasks.")


@app.command("list")
def list_kinds(file: JsonFile = None) -> int:
    """Name the kinds by family with the abilities that each needs, and the suites."""
    kinds = [(family, kind) for family, found in KINDS.items() for kind in found.values()]
    if file:
        rows = [
            {
                "kind": kind.name,
                "family": family.value,
                "abilities": sorted(kind.abilities),
                "stages": kind.stages[1],
                "difficulties": list(range(1, 11)),
            }
            for family, kind in kinds
        ]
        text = json.dumps({"kinds": rows}, indent=2) + "\n"
        write_file(file, text, elsewhere="choose another --json")
    for family, kind in kinds:
        least, most = kind.stages
        parts = (
            "" if most == 1 else f", {least} to {most} parts" if least < most else f", {most} parts"
        )
        print(f"{family.value:<12} {kind.name:<16} {', '.join(sorted(kind.abilities))}{parts}")
    print(f"{'suites':<12} {', '.join(SUITES)}")
    return 0


@app.command()
def show(
    source: Source = None,
    task: TaskId = None,
    seed: int = 0,
    family: Annotated[str | None, typer.Option(help=", ".join(Family))] = None,
    difficulty: Annotated[int, typer.Option(help="1 to 10")] = 1,
    kind: Annotated[str | None, typer.Option(help="sub-kind of the family")] = None,
    spec: Annotated[
        bool, typer.Option("--spec", help="also print the world, as canonical JSON")
    ] = False,
) -> int:
    """Print tasks as an agent sees them: one that is made, or those of a suite or file."""
    for shown in chosen_tasks(source, task, family, kind, difficulty, seed):
        parts = len(shown.stages)
        for number, stage in enumerate(shown.stages, start=1):
            print(printable(f"[{shown.id}, part {number} of {parts}]\n{stage.prompt}\n"))
        if spec:
            print(canonical_json(shown.spec.model_dump(mode="json")))
    return 0


@app.command()
def verify(
    source: Annotated[
        str | None, typer.Argument(metavar="FILE", help="a suite or a task made by hand")
    ] = None,
    suite: Annotated[str | None, typer.Option(help=", ".join(SUITES))] = None,
    count: Annotated[
        int | None, typer.Option(min=1, help="only so many tasks, evenly chosen")
    ] = None,
    file: JsonFile = None,
) -> int:
    """Play the walkthroughs in real instances; exit with 1 where one does not solve its task.

    Those in a game that somebody else wrote are played twice more, and must come out the same.
    """
    if source is not None and suite is not None:
        raise UserError("both a file and --suite are given: leave one of them out")
    started = time.perf_counter()
    name = source or suite or "standard"
    tasks: Sequence[Task] = load_suite(name).tasks
    generation = (time.perf_counter() - started) / len(tasks) * 1000
    if count and count < len(tasks):
        tasks = [tasks[n * len(tasks) // count] for n in range(count)]
    descriptors.ensure(descriptors.for_servers(os.cpu_count() or 1))
    walks, different = asyncio.run(_played(tasks))
    lengths: defaultdict[int, list[int]] = defaultdict(list)
    for task in tasks:
        lengths[task.difficulty].append(task.optimal_steps)
    failed = [(t, w) for t, w in zip(tasks, walks, strict=True) if not w.solved]
    figures: dict[str, Any] = {
        "suite": name,
        "n": len(tasks),
        "solved": len(tasks) - len(failed),
        "replay_differences": len(different),
        "version": TASKS_VERSION,
        "mean_generation_ms": generation,
        "walkthrough_length_by_difficulty": {d: fmean(n) for d, n in sorted(lengths.items())},
    }
    if file:
        write_file(file, json.dumps(figures, indent=2) + "\n", elsewhere="choose another --json")
    for task, walked in failed:
        print(printable(f"not solved: {task.id}, reward {walked.verdict.reward:.3f}"))
        for line in (*walked.stumbles, *walked.verdict.reasons):
            print(printable(f"  {line}"))
    for told in different:
        print(printable(told))
    in_games = sum(task.spec.game is not None for task in tasks)
    said = [f"{figures['solved']} of {len(tasks)} solved"]
    if in_games:
        said.append(f"{in_games} played {1 + REPLAYS} times, {len(different)} differences")
    if in_games < len(tasks):  # a game is prepared with the first task in it
        said.append(f"{generation:.1f} ms to make a task")
    print("; ".join(said))
    return 1 if failed or different else 0


async def _played(tasks: Sequence[Task]) -> tuple[list[Walk], list[str]]:
    """Play the walkthroughs; returns them in the order of the tasks, and what came out otherwise.

    Only those in games that somebody else wrote are played again: a line for each event that is
    not the same.
    """
    different: list[str] = []
    async with ServerPool(at_once=not all_in_games(tasks)) as pool:
        walks = await _play_all(tasks, pool)
        games = [(t, w) for t, w in zip(tasks, walks, strict=True) if t.spec.game is not None]
        for _ in range(REPLAYS if games else 0):
            again = await _play_all([task for task, _ in games], pool)
            for (task, first), second in zip(games, again, strict=True):
                events = enumerate(zip_longest(first.shown, second.shown), start=1)
                different += [
                    f"not the same again: {task.id}, event {number}"
                    for number, (one, other) in events
                    if one != other
                ]
    return walks, different


async def _play_all(tasks: Sequence[Task], pool: ServerPool) -> list[Walk]:
    """Play the walkthroughs; in the order of the tasks."""
    done = 0
    places = asyncio.Semaphore(CONCURRENCY)

    async def one(number: int, task: Task) -> Walk:
        nonlocal done
        async with places:
            walked = await walk(f"verify-{number}", task, pool)
        done += 1
        if done % 50 == 0:
            print(f"{done}/{len(tasks)} played", file=sys.stderr)
        return walked

    async with asyncio.TaskGroup() as group:
        running = [group.create_task(one(n, t)) for n, t in enumerate(tasks)]
    return [r.result() for r in running]
