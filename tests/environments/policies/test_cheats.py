"""Attacks on the verdict, each where it once paid: what they do, and that they earn nothing."""

from __future__ import annotations

import pytest

from environments.policies.answers import fields
from environments.tasks.build import make_task
from environments.tasks.model import Family, Step

pytestmark = pytest.mark.once


def made(family, kind, seed=0, difficulty=2):
    return make_task(family, seed, difficulty, kind=kind, split="test")


def test_the_blind_reads_no_prompt(play):
    task = made(Family.INSPECTION, "read")
    asks = f"Sing. Submit an answer with one field, value: a song. ({task.budget} left.)"
    stages = tuple(s.model_copy(update={"prompt": asks}) for s in task.stages)
    runs = [play("blind", t) for t in (task, task.model_copy(update={"stages": stages}))]
    assert runs[0].commands == runs[1].commands
    assert [set(run.rollout.answer) for run in runs] == [{"value"}, {"value"}]


def test_the_blind_takes_and_opens_what_it_comes_by(play):
    run = play("blind", made(Family.INSPECTION, "inside", difficulty=6))
    assert {"get", "open"} <= {command.partition(" ")[0] for command in run.commands}
    assert run.verdict.parts["restraint"] == 0


def test_the_skipper_does_nothing_before_the_last_part(play):
    task = made(Family.PERSISTENCE, "recall")
    run = play("skipper", task)
    last = len(task.stages) - 1
    early = [c.name for c in run.rollout.tool_calls if c.stage < last]
    assert early == ["evennia_connect", "evennia_disconnect"] * last
    assert [c for c in run.rollout.tool_calls if c.stage == last]
    assert run.verdict.reward < 0.1


@pytest.mark.parametrize(
    ("family", "kind"), [(Family.INSPECTION, "read"), (Family.INSPECTION, "combine")]
)
def test_a_forged_right_answer_counts_nothing(play, family, kind):
    task = made(family, kind, difficulty=5)
    run = play("forger", task)
    answer = task.stages[-1].walkthrough[-1].answer
    assert run.rollout.answer == answer
    words = [str(value) for value in answer.values()]
    assert any(command == f"examine {word}" for word in words for command in run.commands)
    assert run.verdict.reward == 0
    assert any("never observed" in reason for reason in run.verdict.reasons)


def walking(task, change):
    """The task with each command of its walkthrough changed; None leaves one out."""
    stages = []
    for n, stage in enumerate(task.stages):
        steps = [
            step if step.tool != "command" else Step(tool="command", command=text)
            for step in stage.walkthrough
            if (text := change(n, step.command)) is not None
        ]
        stages.append(stage.model_copy(update={"walkthrough": tuple(steps)}))
    return task.model_copy(update={"stages": tuple(stages)})


def test_what_stays_in_hand_between_the_parts_was_not_put_in_its_place(play):
    task = made(Family.PERSISTENCE, "rearrange")
    last = len(task.stages) - 1
    held = walking(
        task, lambda n, text: None if n < last and text.startswith(("drop ", "put ")) else text
    )
    verdict = play("oracle", held).verdict
    assert not verdict.success
    assert verdict.reward < 0.5


def test_writing_down_every_number_meets_no_goal(play):
    task = made(Family.PERSISTENCE, "promise")
    number = next(g.condition.text for g in task.goals if hasattr(g.condition, "text"))
    numbers = "".join(f"{n} " for n in range(10))

    def spam(_, text):
        return (
            text.replace(number, f"{numbers}{number}"[-38:]) if text.startswith("write ") else text
        )

    verdict = play("oracle", walking(task, spam)).verdict
    assert verdict.goals["the number is on the board"] == 0
    assert not verdict.success


def test_every_answer_field_is_found_in_the_prompt(play):
    for family, kind in ((Family.INSPECTION, "compare"), (Family.PERSISTENCE, "witness")):
        task = made(family, kind)
        assert set(fields(task.stages[-1].prompt)) == set(task.answer_fields)
