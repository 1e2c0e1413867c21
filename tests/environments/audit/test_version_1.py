"""The audit finds the attacks that tasks of version 1 fell to: the first table of their issue.

Those that paid above 0.3, each with the task it is looked for in and the commands that the search
is given. A finding is one of the attack where it lacks what the attack leaves out.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import pytest
from version_1_tasks import played, subjects

from environments.audit.search import THRESHOLD, Finding, search

pytestmark = pytest.mark.once


@dataclass(frozen=True)
class Attack:
    """One way in which version 1 was cheated."""

    name: str
    task: str
    lacks: str
    """In what the checker says."""
    how: str = ""
    """`wrote` or `echoed`; neither where empty."""
    at_last: str = ""
    """A command of the last stage."""

    def fits(self, finding: Finding) -> bool:
        """Tell whether a finding is of this attack."""
        told = " | ".join(finding.missing)
        last = finding.line.given[-1]
        return (
            self.lacks in told
            and (not self.how or self.how in finding.ways)
            and (not self.at_last or self.at_last in last)
        )


READ, COMPARE = "train/inspection.read/3/3", "train/inspection.compare/3/3"
RECALL, RESTART = "train/persistence.recall/3/2", "train/persistence.restart/3/4"
UNREAD = "did not see the text"
ATTACKS = (
    Attack("an echoed name is evidence", READ, UNREAD, how="echoed"),
    Attack("one's own inscription is evidence", READ, UNREAD, how="wrote"),
    Attack("forged years", COMPARE, "text of t14_diary in stage 1 | did not see the text"),
    Attack("recall: read in stage 2", RECALL, UNREAD, at_last="read pewter bulletin"),
    Attack("restart: read in stage 2", RESTART, UNREAD, at_last="read mended ledger"),
    Attack("rearrange: kept in hand", "train/persistence.rearrange/3/2", "not r1 after stage 1"),
    Attack("witness: the plan's room", "train/persistence.witness/2/8", "answers room otherwise"),
    Attack("witness: find the Caretaker", "train/persistence.witness/4/5", "in stage 1"),
    Attack("witness: seen before", "train/persistence.witness/2/8", "in stage 2"),
    Attack("unlimited calls in a turn", "train/navigation.by_name/10/1", "commands of 24"),
    Attack("blind: describe", "train/orientation.describe/3/3", "left "),
    Attack("blind: map", "train/orientation.map/2/3", "left "),
    Attack("blind: count", "train/inspection.count/3/3", "left "),
    Attack("blind: unlock", "train/errand.unlock/3/3", "left "),
)
BUDGET = 4000
"""Commands for each task."""


@cache
def findings(task: str) -> list[Finding]:
    """What the search finds in a task."""
    return search(subjects()[task], BUDGET, f"version 1/{task}").findings


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
def test_attack_on_version_1_is_found(attack):
    fitting = [f for f in findings(attack.task) if attack.fits(f)]
    assert fitting
    assert all(f.reward > THRESHOLD for f in fitting)


@pytest.mark.parametrize("task", subjects().values(), ids=lambda task: task.id)
def test_walkthrough_of_version_1_is_done_and_paid(task):
    line = played(task, *task.walkthrough)
    assert task.missing(line, task.told) == ()
    assert task.rewards(line, [task.told]) == [1.0]
