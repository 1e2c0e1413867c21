"""Suites by name or by file."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from environments.tasks.model import Task
from environments.tasks.suites.file import read_suite
from environments.tasks.suites.named import SUITES
from environments.tasks.suites.suite import Suite
from world_fixtures.common import UserError
from world_fixtures.nearest import did_you_mean


def load_suite(name: str) -> Suite:
    """Return a suite by its name or the path of its file, its content verified.

    Raises UserError where there is no such suite, its file is wrong or its content changed.
    """
    check_suite(name)
    return SUITES[name].verify() if name in SUITES else read_suite(Path(name))


def all_in_games(tasks: Iterable[Task]) -> bool:
    """Tell whether all tasks are in games that somebody else wrote: no other world is played."""
    return all(task.spec.game is not None for task in tasks)


def in_games_alone(name: str) -> bool:
    """Tell the same of a suite; none of those that ship is made for that.

    Raises UserError as `load_suite` does.
    """
    if name in SUITES:
        return name == "foreign"
    return all_in_games(load_suite(name).tasks)


def check_suite(name: str) -> None:
    """Raise UserError where no suite has this name or file; what is in it is not looked at."""
    if name not in SUITES and not Path(name).is_file():
        raise UserError(
            f"unknown suite {name!r}{did_you_mean(name, SUITES)}: choose from"
            f" {', '.join(SUITES)}, or give the path of a YAML file"
        )
