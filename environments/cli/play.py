"""`evennia-world play`: a task in the terminal, for a person, against a real instance."""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Annotated, Any

import typer

from environments.cli.chosen import Source, TaskId, chosen_tasks
from environments.cli.verb import new_verb
from environments.episode import Episode
from environments.modes import descriptors
from environments.tasks.model import Family, Task, Verdict
from environments.tools.evennia import BudgetSpent
from world_fixtures.common import printable
from world_fixtures.servers import ServerPool

HELP = """\
Type what you would do: look, north, read letter, get key, ... ('help' lists it all).
  :disconnect   leave the world (ends this part, if more follow)
  :submit       answer the task's questions and see the verdict
  :task         show the task again
  :quit         give up"""
PEOPLE = "Others live here, and time passes: ask NAME about TOPIC, follow NAME, wait 5, time, ..."


app = new_verb()


@app.command()
def play(
    source: Source = None,
    task: TaskId = None,
    seed: int = 0,
    difficulty: Annotated[int, typer.Option(help="1 to 10")] = 1,
    family: Annotated[str | None, typer.Option(help=", ".join(Family))] = None,
    kind: Annotated[str | None, typer.Option(help="sub-kind of the family")] = None,
) -> int:
    """Play a task yourself: one that is made, or the first of a suite, a file or a world."""
    chosen = chosen_tasks(source, task, family, kind, difficulty, seed)[0]
    descriptors.ensure(descriptors.for_servers(1))
    verdict = asyncio.run(_play(chosen))
    if verdict is None:
        return 1
    _show(verdict)
    return 0 if verdict.success else 1


async def _play(task: Task) -> Verdict | None:
    async with ServerPool(1) as pool:
        world = await Episode.begin(pool, task, id="play")
        try:
            while True:
                _say(f"\n{'=' * 72}\n{world.prompt}\n{'=' * 72}\n{_help(task)}\n")
                _say(await world.connect())
                if not await _stage(world):
                    return None
                if world.done:
                    return await world.finish()
                await world.next_stage()
        finally:
            world.close()


async def _stage(world: Episode) -> bool:
    """Play one stage; False when the player gave up."""
    while not world.stage_over:
        line = await _ask("> ")
        if line is None or line == ":quit":
            return False
        if line == ":task":
            _say(world.prompt)
        elif line == ":disconnect":
            _say(await world.disconnect())
            if world.last_stage:
                _say(await world.connect())
        elif line == ":submit":
            _say(world.submit(await _answer(world.task)))
        elif line.startswith(":"):  # no command of the world: it would count as one
            _say(_help(world.task))
        else:
            try:
                _say((await world.command(line)).text)
            except BudgetSpent as spent:
                _say(str(spent))
    return True


def _help(task: Task) -> str:
    return HELP if task.spec.living is None else f"{HELP}\n{PEOPLE}"


async def _answer(task: Task) -> dict[str, Any]:
    answer: dict[str, Any] = {}
    for field in task.answer_fields:
        line = await _ask(f"{field}: ") or ""
        try:
            answer[field] = json.loads(line)
        except ValueError:
            answer[field] = [part.strip() for part in line.split(",")] if "," in line else line
    return answer


def _say(text: str) -> None:
    """Print text of the world, which an author or a player wrote."""
    print(printable(text))


async def _ask(prompt: str) -> str | None:
    """Read a line from the terminal in a thread; None at its end."""
    print(prompt, end="", flush=True)
    line = await asyncio.to_thread(sys.stdin.readline)
    return line.strip() if line else None


def _show(verdict: Verdict) -> None:
    print(f"\nreward {verdict.reward:.2f}   {'solved' if verdict.success else 'not solved'}")
    for part, value in verdict.parts.items():
        print(f"  {part:<12} {value:.2f}")
    for reason in verdict.reasons:
        _say(f"  - {reason}")
