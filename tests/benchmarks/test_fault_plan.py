"""What `bench faults` draws from a seed."""

from __future__ import annotations

from itertools import chain

import pytest

from benchmarks.faults import plan
from benchmarks.faults.book import make_book

pytestmark = pytest.mark.once


def test_a_case_follows_from_its_seed_and_number():
    assert plan.case(7, 12) == plan.case(7, 12)
    assert len({plan.case(seed, 12).lives for seed in range(10)}) == 10


def test_a_quick_run_has_every_mode_and_every_fault_of_the_endpoint():
    cases = [plan.case(3, number) for number in range(plan.QUICK)]
    assert {case.mode for case in cases} == {"evaluate", "process", "serve"}
    lives = list(chain.from_iterable(case.lives for case in cases))
    kinds = {kind for life in lives for _, kind in life.faults}
    assert set(plan.ENDPOINT) <= kinds
    assert "server_killed" in kinds
    assert plan.HUNG not in kinds  # takes longer than a quick run
    assert any(life.ending == "killed" for life in lives)
    assert any(life.rivals for life in lives)
    assert any(life.disk_kb for life in lives)


def test_each_prompt_of_a_book_belongs_to_one_conversation():
    book = make_book(7, 0)
    assert book is make_book(7, 0)
    prompts = [stage.prompt for task in book.tasks for stage in task.stages]
    assert len(set(prompts)) == len(prompts) == len(book.stages)
    assert {stage.task for stage in book.stages.values()} == {task.id for task in book.tasks}
