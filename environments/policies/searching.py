"""The searcher: plays a task as who knows the rules and what is asked, and of the map what it saw.

What it does follows from what it was shown, so a model can learn it by imitation. The oracle
cannot be imitated like that: it walks straight to what it has never seen.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from functools import lru_cache

from environments.policies.noisy import share_of
from environments.policies.observations import room_view
from environments.policies.oracle import follow, script
from environments.policies.policy import Call, Move, View, command
from environments.tasks.build import kind_named
from environments.tasks.families.common import BuildContext
from environments.tasks.model import Stage, Task
from world_fixtures.common import UserError

DIRECTIONS = ("north", "east", "south", "west")


class _Run:
    """One search in one task, found again by which task object it is."""

    def __init__(self, task: Task, key: str) -> None:
        self.task, self.key = task, key

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Run) and (self.task is other.task and self.key == other.key)

    def __hash__(self) -> int:
        return hash((id(self.task), self.key))


def searcher(parameter: str | None) -> Callable[[View], Move]:
    """Return the searcher; `parameter` is its chance of a mistake at each step, none where None.

    A mistake is a command that comes to nothing: a way that is not there, or to read or open where
    it is not yet what the search is for. The search then goes on. Raises UserError for what is no
    number from 0 to 1.
    """
    noise = 0.0 if parameter is None else share_of(parameter, "searcher")

    def act(view: View) -> Move:
        attempt = view.seed.rpartition("/")[0]  # without the stage: one search goes through all
        calls = script(_searched(_Run(view.task, attempt))[view.stage])
        if not noise:
            return follow(calls, view)
        at = sum(not is_mistake(e.result) for e in view.exchanges)
        if 0 < at < len(calls) and view.rng.random() < noise:
            return Move(calls=(_mistake(calls[at:], view),))
        return Move(calls=calls[at : at + 1])

    return act


def is_mistake(result: str) -> bool:
    """Whether this is the result of a command that comes to nothing, as the searcher errs."""
    return result.startswith(("You cannot go ", "There is no '"))


def _mistake(left: Sequence[Call], view: View) -> Call:
    """Return a command that comes to nothing, before the calls that are left."""
    views = (room_view(e.result) for e in reversed(view.exchanges))
    here = next((room for room in views if room is not None), None)
    ways = {way.direction for way in here.ways} if here else set(DIRECTIONS)
    there = {thing.name for thing in here.things} if here else set()
    found = [command(way) for way in DIRECTIONS if way not in ways]
    for name, arguments in left:
        verb, _, thing = str(arguments.get("command", "")).partition(" ")
        if name == "evennia_command" and verb in ("read", "open") and thing not in there:
            found.append(command(f"{verb} {thing}"))
            break
    return view.rng.choice(found) if found else command("up")


@lru_cache(maxsize=64)
def _searched(run: _Run) -> tuple[Stage, ...]:
    """Return the stages of a task with what a searcher does in them.

    Raises UserError where the task was not made by a kind: what it asks for is then in no form
    that could be searched for.
    """
    task = run.task
    if not task.question:
        raise UserError(
            f"{task.id} was written by hand, and the searcher plays tasks that are made by a kind:"
            " choose another policy"
        )
    context = BuildContext(task.spec, random.Random(run.key), task.difficulty, task.split)
    return kind_named(task.family, task.kind).plan(context.searching(run.key), task.question).stages
