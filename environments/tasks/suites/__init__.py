"""Fixed sets of tasks to measure by: those that ship, and those that a file describes."""

from environments.tasks.suites.load import all_in_games, load_suite
from environments.tasks.suites.named import SUITES
from environments.tasks.suites.part import filtered, part_of
from environments.tasks.suites.suite import Suite, content_hash

__all__ = [
    "SUITES", "Suite", "all_in_games", "content_hash", "filtered", "load_suite", "part_of",
]  # fmt: skip
