"""`evennia-world play`: a task for a person, against a real instance, in the terminal or a page."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from environments.cli.chosen import Source, chosen_tasks
from environments.cli.families import family_named
from environments.cli.verb import new_verb
from environments.episode import Episode
from environments.hosting.choice import chosen, only
from environments.hosting.tool_names import renamed
from environments.modes import descriptors
from environments.tasks.model import Family, Task, Verdict
from environments.tasks.suites import Suite
from environments.tasks.suites.part import part_of
from environments.tasks.suites.source import is_world
from environments.tools.evennia import BudgetSpent
from world_fixtures.common import UserError, printable
from world_fixtures.servers import ServerPool

HELP = """\
Type what you would do: look, north, read letter, get key, ... ('help' lists it all).
  :disconnect   leave the world (ends this part, if more follow)
  :submit       answer the task's questions and see the verdict
  :task         show the task again
  :quit         give up"""
TYPED = {"evennia_disconnect": ":disconnect", "evennia_submit": ":submit"}
"""What is typed here in the place of a tool."""
PEOPLE = "Others live here, and time passes: ask NAME about TOPIC, follow NAME, wait 5, time, ..."
GAME = "This is a game with commands of its own: 'help' lists them. 'wait 30' lets time pass."


app = new_verb()


@app.command()
def play(
    source: Source = None,
    task: Annotated[
        list[str] | None,
        typer.Option(metavar="ID", help="one task of the source; with --web any number of them"),
    ] = None,
    seed: int = 0,
    difficulty: Annotated[int, typer.Option(help="1 to 10")] = 1,
    family: Annotated[str | None, typer.Option(help=", ".join(Family))] = None,
    kind: Annotated[str | None, typer.Option(help="sub-kind of the family")] = None,
    web: Annotated[bool, typer.Option("--web", help="at a page in your browser")] = False,
    suite: Annotated[str | None, typer.Option(help="the same as SOURCE")] = None,
    limit: Annotated[
        int | None,
        typer.Option(min=1, help="with --web: that many tasks of the suite, as in `evaluate`"),
    ] = None,
    name: Annotated[
        str, typer.Option(help="with --web: yours; the run is one of the model human/NAME")
    ] = "anonymous",
    save: Annotated[
        Path | None, typer.Option(metavar="DIR", help="with --web: directory of the run")
    ] = None,
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="with --web: of the page; 0: a free one")
    ] = 0,
) -> int:
    """Play a task yourself: one that is made, or one of a suite, a file or a world."""
    descriptors.ensure(descriptors.for_servers(2))  # of which one is for tasks that restart it
    if not web and (save or limit or port):
        raise UserError("--save, --limit and --port are of play --web: add --web")
    if suite is not None and source is not None:
        raise UserError("give a SOURCE or --suite, not both")
    found, tasks = _wanted(source or suite, task or [], family, kind, difficulty, seed)
    if web:
        from environments.cli.play_web import play_web  # the report: a second

        if limit is not None:
            found = part_of(found, limit=limit)
            wanted = {t.id for t in tasks}
            tasks = tuple(t for t in found.tasks if t.id in wanted)
        return play_web(found, tasks, name, save, port)
    verdict = asyncio.run(_play(tasks[0]))
    if verdict is None:
        return 1
    _show(verdict)
    return 0 if verdict.success else 1


def _wanted(
    source: str | None,
    ids: Sequence[str],
    family: str | None,
    kind: str | None,
    difficulty: int,
    seed: int,
) -> tuple[Suite, tuple[Task, ...]]:
    """Return the tasks that are meant, with the suite that they are of."""
    if source is None and ids:
        return chosen(None, ids)
    if source is None or is_world(source):
        made = chosen_tasks(source, None, family, kind, difficulty, seed)
        return only(made), made
    if family is not None:
        family_named(family)
    return chosen(source, ids)


async def _play(task: Task) -> Verdict | None:
    async with ServerPool(1, at_once=task.spec.game is None) as pool:
        world = await Episode.begin(pool, task, id="play")
        try:
            while True:
                _say(f"\n{'=' * 72}\n{renamed(world.prompt, TYPED)}\n{'=' * 72}\n{_help(task)}\n")
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
            _say(renamed(world.prompt, TYPED))
        elif line == ":disconnect":
            _say(await world.disconnect())
            if world.last_stage:
                _say(await world.connect())
        elif line == ":submit":
            answer = await _answer(world.task) if world.last_stage else {}
            _say(renamed(world.submit(answer), TYPED))
        elif line.startswith(":"):  # no command of the world: it would count as one
            _say(_help(world.task))
        else:
            try:
                _say((await world.command(line)).text)
            except BudgetSpent as spent:
                _say(renamed(str(spent), TYPED))
    return True


def _help(task: Task) -> str:
    if task.spec.game is not None:
        return f"{HELP}\n{GAME}"
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
