"""Step rewards: which messages get which label, and that the text loses nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import datasets
import pytest

from environments.cli import main
from environments.export.judgement import ByTurn, Question
from environments.export.plain_text import plain_prompt
from environments.export.step_rewards import SEPARATOR, StepRewards, step_rewards
from environments.rollouts.checkpoint import checkpoint
from environments.rollouts.files import sample_line
from environments.rollouts.record import Rollout
from environments.tasks.build import make_task
from environments.tasks.credit.regret import Regret
from environments.tasks.model import Family
from environments.tasks.value import Value
from tests.environments.branches import policy_plays
from world_fixtures.simulated import SimulatedPool

OPEN, LOST = Value(3, True, ()), Value(None, True, ())
GOOD = Regret(1, 0, "x", OPEN, OPEN, 0, 0, 0, 0, False, 20)
BAD = replace(GOOD, regret=2, mistake=2)
LUCK = replace(BAD, mistake=0, search=2, luck=True)


@pytest.fixture(scope="module")
def played() -> Rollout:
    """A rollout of one stage that connects, types some commands and submits."""
    task = make_task(Family.INSPECTION, 4, 1, kind="read")
    return asyncio.run(policy_plays(SimulatedPool(), "oracle", task))


def rewards(rollouts: Sequence[Rollout], *found: Sequence[Regret], blame: float = 0.5) -> Any:
    """Label rollouts whose commands, from the second turn on, have these regrets."""

    def judged(questions: Sequence[Question]) -> list[ByTurn]:
        return [dict(enumerate(found, 2)) for _ in questions]

    return step_rewards(rollouts, blame, judged)


def labels(made: StepRewards) -> dict[int, bool]:
    return {
        t: label for row in made.rows for t, label in zip(row["turns"], row["labels"], strict=True)
    }


def test_blame_makes_a_step_bad(played):
    made = rewards([played], [GOOD], [BAD], [replace(GOOD, search=0.4)])
    assert labels(made) == {2: True, 3: False, 4: True}
    assert (made.good, made.bad) == (2, 1)
    assert labels(rewards([played], [BAD], blame=2)) == {2: True}
    assert labels(rewards([played], [GOOD, BAD])) == {2: False}


@pytest.mark.parametrize(
    ("found", "why"),
    [
        (LUCK, "luck"),
        (replace(BAD, before=LOST, after=LOST), "success was lost before"),
        (replace(BAD, before=Value(1000, True, ())), "success was lost before"),
        (replace(BAD, after=Value(4, False, ())), "the value is only a bound"),
    ],
)
def test_some_steps_have_no_label(played, found, why):
    made = rewards([played], [GOOD], [found], [GOOD])
    assert labels(made) == {2: True, 4: True}
    assert made.left_out[why] == 1
    assert made.left_out["no command in the world"] == played.turns - 3


def test_the_step_that_loses_is_bad_and_a_bad_one_among_luck_too(played):
    assert labels(rewards([played], [replace(BAD, after=LOST, worlds=0)])) == {2: False}
    assert labels(rewards([played], [LUCK, BAD])) == {2: False}


def test_the_text_loses_nothing_and_a_decision_does_not_show_its_result(played):
    made = rewards([played], [GOOD], [LUCK], [BAD])
    (row,) = made.rows
    messages = played.conversations[0]
    places = [n for n, m in enumerate(messages) if m["role"] == "assistant"]
    text = row["prompt"] + "".join(c + SEPARATOR for c in row["completions"])
    assert text == plain_prompt(messages[: places[3] + 1]).removesuffix("[assistant]\n")
    assert len(row["completions"]) == len(row["labels"]) == 2
    for completion, turn in zip(row["completions"], row["turns"], strict=True):
        assert completion.rpartition("[assistant]\n")[2] == "\n".join(
            f"> {c['function']['name']} {c['function']['arguments']}"
            for c in messages[places[turn - 1]]["tool_calls"]
        )


def test_what_branches_share_is_labelled_once(played):
    async def branch() -> Rollout:
        start = checkpoint(played, 3)
        return await policy_plays(SimulatedPool(), "oracle", played.task, start=start)

    found = [[GOOD], [GOOD], [BAD]]
    one = rewards([played], *found)
    both = rewards([played, asyncio.run(branch())], *found)
    assert both.rows[: len(one.rows)] == one.rows
    assert both.left_out["labelled in another rollout with the same beginning"] >= 2


def test_a_rollout_of_other_rules_is_left_out(played):
    old = played.model_copy(update={"task": played.task.model_copy(update={"version": 1})})
    made = rewards([old], [GOOD])
    assert (made.rows, made.rollouts) == ([], 0)


def test_the_command_writes_rows_that_load_and_a_card(played, tmp_path, capsys):
    (tmp_path / "samples.jsonl").write_bytes(sample_line(played))
    out = tmp_path / "out"
    command = ["export", "prm_steps", str(tmp_path), "--out", str(out), "--worlds", "1"]
    assert main(command) == 0
    (row,) = datasets.load_dataset(
        "json",
        data_files=str(out / "prm_steps.jsonl"),
        split="train",
        cache_dir=str(tmp_path / "c"),
    )
    assert len(row["completions"]) == len(row["labels"]) == len(row["blame"]) > 0
    assert {type(label) for label in row["labels"]} == {bool}
    assert {type(text) for text in (row["prompt"], *row["completions"])} == {str}
    card = (out / "README.md").read_text()
    good = sum(row["labels"])
    assert f"labels: {good} true, {len(row['labels']) - good} false" in card
    assert "messages without a label:" in card
    assert f"labels: {good} true" in capsys.readouterr().out
