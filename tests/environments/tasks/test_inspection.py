"""The kinds of inspection: what is asked is well-posed, and only reading and looking answers it."""

from __future__ import annotations

import re

import pytest

from environments.tasks.build import KINDS, make_task
from environments.tasks.model import Family
from tests.environments.tasks.kind_checks import tasks_of, verdict_on
from world_fixtures.generator.relations import shown

pytestmark = pytest.mark.once

KIND_NAMES = tuple(KINDS[Family.INSPECTION])


@pytest.mark.parametrize("kind", KIND_NAMES)
def test_the_right_answer_without_looking_and_a_wrong_one_after_it_earn_nothing(kind):
    for task in tasks_of(Family.INSPECTION, kind):
        right = task.stages[0].walkthrough[-1].answer
        unseen = task.stages[0].model_copy(update={"walkthrough": ()})
        assert verdict_on(task, [unseen], right).reward < 0.1, task.id
        wrong = dict.fromkeys(right, "7")
        assert verdict_on(task, task.stages, wrong).reward < 0.1, task.id


def test_read_and_trace_lead_through_more_texts_as_the_difficulty_rises():
    def texts(kind, level):
        task = make_task(Family.INSPECTION, 3, level, kind)
        return len(task.stages[0].evidence)

    assert [texts("read", level) for level in (1, 3, 4, 8)] == [1, 1, 2, 3]
    assert [texts("trace", level) for level in (1, 4, 8)] == [2, 3, 4]


@pytest.mark.parametrize("kind", ["read", "trace"])
def test_each_step_of_a_trail_is_told_in_a_text_of_its_own(kind):
    for task in tasks_of(Family.INSPECTION, kind):
        told = [
            {t.id for t in task.spec.things if (e.entity, e.fact, e.value) in t.tells}
            for e in task.stages[0].evidence
        ]
        for n, sources in enumerate(told):
            assert sources, task.id
            assert all(sources.isdisjoint(others) for others in told[:n]), task.id


def test_the_prompt_of_a_trail_names_its_start_and_nothing_that_is_to_be_found():
    for task in tasks_of(Family.INSPECTION, "trace"):
        prompt = task.stages[0].prompt
        assert shown(task.question["start"], task.spec) in prompt
        found = [shown(e.value, task.spec) for e in task.stages[0].evidence]
        back = {e.entity for e in task.stages[0].evidence}
        for name in {*found, *(shown(e, task.spec) for e in back)}:
            assert name in (shown(task.question["start"], task.spec),) or name not in prompt


def test_combine_and_count_are_what_the_told_numbers_come_to():
    for kind, field in (("combine", None), ("count", "total")):
        for task in tasks_of(Family.INSPECTION, kind):
            stage = task.stages[0]
            ((name, result),) = stage.walkthrough[-1].answer.items()
            numbers = {
                (e.entity, e.fact): e.value for e in stage.evidence
                if isinstance(e.value, int) and (field is None or e.fact.startswith("amount"))
            }  # fmt: skip
            if kind == "count":
                assert result == sum(numbers.values())
            else:
                asked = [
                    value for (_, fact), value in numbers.items()
                    if fact in {n[2] for n in task.question["numbers"]}
                ]  # fmt: skip
                assert result in (sum(asked), max(asked) - min(asked)), (name, asked)


def test_count_leaves_out_documents_and_takes_several():
    for task in tasks_of(Family.INSPECTION, "count"):
        year, late = task.question["year"], task.question["late"]
        begun = {e.entity: e.value for e in task.stages[0].evidence if e.fact == "begun"}
        amounts = {e.entity for e in task.stages[0].evidence if e.fact.startswith("amount")}
        meets = {d for d, y in begun.items() if (y > year) is late}
        assert amounts <= meets < set(begun)
        assert amounts == meets or task.question["not_by"] in task.stages[0].prompt
        assert year not in begun.values()


def test_compare_asks_for_a_number_that_occurs_once():
    for task in tasks_of(Family.INSPECTION, "compare"):
        values = {e.entity: e.value for e in task.stages[0].evidence}
        assert len(set(values.values())) == len(values) == len(task.question["entities"])
        winner = sorted(values.values())[task.question["place"]]
        assert winner in task.stages[0].walkthrough[-1].answer.values()


def test_inside_wants_the_container_closed_again():
    for task in tasks_of(Family.INSPECTION, "inside"):
        stage = task.stages[0]
        box = next(e.entity for e in stage.evidence)
        name = re.escape(task.spec.entities[box].name.lower())
        left_open = [s for s in stage.walkthrough if not re.match(f"close {name}$", s.command)]
        verdict = verdict_on(task, [stage.model_copy(update={"walkthrough": tuple(left_open)})])
        assert not verdict.success, task.id
        assert verdict.reward < 1
