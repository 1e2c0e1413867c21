"""Tasks: what is asked, what counts as done, and one way to do it. Pure, without a server.

task = make_task(Family.ERRAND, seed=7, difficulty=3)
verdict = judge(task, played, answer)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from environments.lazy import lazily
from environments.tasks.model import (
    Ability,
    Answered,
    Condition,
    Did,
    Evidence,
    Family,
    Goal,
    Holds,
    Inscribed,
    Known,
    Located,
    Search,
    Stage,
    Step,
    Task,
    Unchanged,
    Verdict,
    Visited,
)
from environments.tasks.verdict import Played, Weights, commands_of, is_wasted, judge

if TYPE_CHECKING:
    from environments.tasks.build import KINDS, make_task
    from environments.tasks.curriculum import Curriculum
    from environments.tasks.suites import SUITES, Suite, load_suite
else:
    # These load networkx and the world generator, which only making tasks needs.
    __getattr__ = lazily(
        __name__, build="KINDS make_task", curriculum="Curriculum", suites="SUITES Suite load_suite"
    )

__all__ = [
    "KINDS",
    "SUITES",
    "Ability",
    "Answered",
    "Condition",
    "Curriculum",
    "Did",
    "Evidence",
    "Family",
    "Goal",
    "Holds",
    "Inscribed",
    "Known",
    "Located",
    "Played",
    "Search",
    "Stage",
    "Step",
    "Suite",
    "Task",
    "Unchanged",
    "Verdict",
    "Visited",
    "Weights",
    "commands_of",
    "is_wasted",
    "judge",
    "load_suite",
    "make_task",
]
