"""The oracle without one ability: what it does instead, and that it is the same each time."""

from __future__ import annotations

from functools import cache

import pytest

from environments.policies import ablated
from environments.policies.registry import ABLATED
from environments.tasks.build import KINDS, make_task
from environments.tasks.model import Ability, Family
from world_fixtures.rules.grammar import DIRECTIONS

pytestmark = pytest.mark.once


@cache
def made(family, kind, seed=0, difficulty=4):
    return make_task(family, seed, difficulty, kind=kind, split="test")


def walkthrough(task):
    return [s.command for st in task.stages for s in st.walkthrough if s.tool == "command"]


NEEDED = {
    Ability.PROMPT: made(Family.NAVIGATION, "by_name"),
    Ability.READING: made(Family.INSPECTION, "read"),
    Ability.MEMORY: made(Family.PERSISTENCE, "recall"),
    Ability.MAP: made(Family.NAVIGATION, "by_name", 1),
    Ability.RESTRAINT: made(Family.ERRAND, "deliver"),
}


@pytest.mark.parametrize("ability", NEEDED)
def test_a_task_that_needs_the_ability_pays_next_to_nothing(play, ability):
    task = NEEDED[ability]
    assert ability in task.abilities
    assert play("oracle", task).verdict.reward == 1.0
    assert play(f"oracle-{ability}", task).verdict.reward < 0.1


@pytest.mark.parametrize("ability", NEEDED)
def test_the_same_request_has_the_same_answer(play, ability):
    first = play(f"oracle-{ability}", NEEDED[ability]).calls
    ablated._drawn.clear()
    assert play(f"oracle-{ability}", NEEDED[ability]).calls == first


def test_without_the_prompt_another_goal_of_the_same_world_is_played(play):
    task = NEEDED[Ability.PROMPT]
    run = play("oracle-prompt", task)
    assert run.commands != walkthrough(task)
    assert all(event.kind == "ok" for event in run.rollout.events)
    assert set(run.rollout.answer) == set(task.answer_fields)


def test_without_reading_what_other_texts_would_tell_is_done(play):
    task = NEEDED[Ability.READING]
    run = play("oracle-reading", task)
    right = task.stages[-1].walkthrough[-1].answer
    assert set(run.rollout.answer) == set(right)
    assert (run.rollout.answer, run.commands) != (right, walkthrough(task))


def test_without_memory_all_parts_but_the_last_are_played_to_the_letter(play):
    task = NEEDED[Ability.MEMORY]
    run = play("oracle-memory", task)
    early = [c.arguments["command"] for c in run.rollout.tool_calls
             if c.stage == 0 and c.name == "evennia_command"]  # fmt: skip
    assert early == [s.command for s in task.stages[0].walkthrough if s.tool == "command"]
    assert run.rollout.answer != task.stages[-1].walkthrough[-1].answer


def test_without_the_map_each_move_is_a_way_that_is_there(play):
    task = NEEDED[Ability.MAP]
    run = play("oracle-map", task)
    moves = [event for event in run.rollout.events if event.raw in DIRECTIONS]
    assert len(moves) == sum(c in DIRECTIONS for c in walkthrough(task))
    assert all(event.kind == "ok" for event in moves)


def test_without_restraint_more_is_taken_than_the_task_needs(play):
    task = NEEDED[Ability.RESTRAINT]
    run = play("oracle-restraint", task)
    taken = [c for c in run.commands if c.startswith("get ")]
    assert len(taken) > len([c for c in walkthrough(task) if c.startswith("get ")])
    assert run.verdict.parts["restraint"] == 0


def test_each_ability_but_inference_has_its_policy():
    named = {a for kinds in KINDS.values() for kind in kinds.values() for a in kind.abilities}
    assert {f"oracle-{a}" for a in named - {Ability.INFERENCE}} == set(ABLATED)


def test_a_task_without_another_question_has_no_ablation(monkeypatch, play):
    task = NEEDED[Ability.PROMPT]
    assert ablated.ablation_exists(task, Ability.PROMPT)
    assert ablated.ablation_exists(task, Ability.MAP)
    ablated._drawn.clear()
    monkeypatch.setitem(ablated._DRAWS, Ability.PROMPT, lambda *_: ())
    assert not ablated.ablation_exists(task, Ability.PROMPT)
    assert play("oracle-prompt", task).verdict.reward == 0.0
    ablated._drawn.clear()
