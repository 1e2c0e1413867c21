"""What every host plays when it is measured, and how its verdicts are written down."""

from __future__ import annotations

import argparse
import json
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from environments.hosting.source import TaskChoice, TaskSource, task_named
from environments.policies.policy import CONNECT, Call, command
from environments.tasks.model import Task

POLICIES = ("oracle", "noisy:0.3")
COMMANDS = ("look", "inventory")
DIFFICULTY = 5
STEPS = 16
"""Of each session; all budgets at DIFFICULTY allow them."""
TELLS = ("reward", "success", "parts", "reasons")
"""What hosts tell of a verdict."""
Verdicts = dict[str, dict[str, Any]]
"""By policy and task, as JSON."""


def arguments(doc: str) -> argparse.Namespace:
    """Read the command line of a program that measures one host."""
    parser = argparse.ArgumentParser(description=doc.partition("\n")[0])
    parser.add_argument("--sessions", type=int, default=64, help="at once")
    parser.add_argument("--steps", type=int, default=STEPS, help="of each session")
    parser.add_argument("--tasks", nargs="*", default=[], help="ids whose verdicts are told")
    return parser.parse_args()


def tell(figures: dict[str, Any]) -> None:
    """Print what was found, for the program that asked."""
    print(json.dumps(figures))


def timed_calls(steps: int) -> list[Call]:
    """Return the calls of a session of which the processor time is measured."""
    looks = [command(COMMANDS[n % len(COMMANDS)]) for n in range(1, steps)]
    return [CONNECT, *looks]


def timed_tasks(sessions: int) -> list[Task]:
    """Return the task of each of these sessions."""
    with TaskSource(TaskChoice.of(difficulty=DIFFICULTY), ahead=0) as source:
        return [source.task(n) for n in range(sessions)]


async def verdicts(
    ids: Iterable[str], play: Callable[[Task, str], Awaitable[dict[str, Any]]]
) -> Verdicts:
    """Have every policy play every task by `play`, which returns the verdict as JSON."""
    found: Verdicts = {}
    for task in map(task_named, ids):
        for policy in POLICIES:
            told = await play(task, policy)
            found[f"{policy} {task.id}"] = {field: told[field] for field in TELLS}
    return found
