"""Conversations with other names are the same conversations: whoever copies finds what to copy."""

from __future__ import annotations

import asyncio
import json
import random
import re

import pytest

from environments.evaluation.embedded import play_embedded
from environments.learning.renaming import common_words, renamed, spaced
from environments.rollouts.record import Rollout
from environments.tasks.build import make_task
from environments.tasks.matching import match
from environments.tasks.model import Answered, Family
from world_fixtures.simulated import SimulatedPool

WORDS = [a + b for a in ("apple", "birch", "cloud", "delta") for b in ("ford", "holt", "mere")]


@pytest.fixture(scope="module")
def played() -> Rollout:
    task = make_task(Family.INSPECTION, 4, 1, kind="inside")
    return asyncio.run(play_embedded(SimulatedPool(), "oracle", [(task, 0)]))[0]


def shown(rollout: Rollout) -> str:
    return "\n".join(str(m["content"]) for c in rollout.conversations for m in c if m["content"])


def submitted(rollout: Rollout) -> list[str]:
    call = rollout.conversations[-1][-2]["tool_calls"][0]["function"]
    return json.loads(call["arguments"])["answer"]["things"]


def test_what_is_answered_stands_in_what_was_shown_under_its_new_name(played):
    found = renamed(played, WORDS, random.Random(3))
    assert submitted(found) != submitted(played)
    assert all(thing in shown(found) for thing in submitted(found))
    assert len(set(submitted(found))) == len(set(submitted(played)))


def test_a_word_is_replaced_everywhere_or_nowhere(played):
    before = shown(played).lower()
    after = shown(renamed(played, WORDS, random.Random(3))).lower()
    for named in (*played.task.spec.rooms, *played.task.spec.things):
        for word in named.name.lower().split():
            pattern = rf"(?<![\w-]){re.escape(word)}(?![\w-])"
            count = len(re.findall(pattern, after))
            assert count in (0, len(re.findall(pattern, before)))


def test_messages_keep_their_form_and_the_same_numbers_give_the_same_names(played):
    one, other = (renamed(played, WORDS, random.Random(3)) for _ in range(2))
    assert one.model_dump_json() == other.model_dump_json()
    for message, old in zip(one.conversations[0], played.conversations[0], strict=True):
        assert {k: type(v) for k, v in message.items()} == {k: type(v) for k, v in old.items()}
        assert message["role"] == old["role"]
        for call, old_call in zip(
            message.get("tool_calls") or [], old.get("tool_calls") or [], strict=True
        ):
            assert call["function"]["name"] == old_call["function"]["name"]
            arguments, old_arguments = (
                json.loads(c["function"]["arguments"]) for c in (call, old_call)
            )
            assert arguments.keys() == old_arguments.keys()


def test_common_words_are_whole_tokens_of_letters():
    assert common_words({"Ġword": 1, "▁other": 2, "part": 3, "Ġa": 4, "ĠUpper": 5, "Ġx1y2": 6}) == [
        "other", "word",
    ]  # fmt: skip


def test_answers_begin_with_a_space_which_no_check_counts(played):
    found = spaced(played)
    assert submitted(found) == [f" {thing}" for thing in submitted(played)]
    assert spaced(found) == found
    assert found.conversations[-1][:-2] == played.conversations[-1][:-2]
    for kind in ("set", "text"):
        expected = submitted(played)[:1]
        condition = Answered(field="things", match=kind, expected=tuple(expected))
        assert match(condition, {"things": submitted(found)[:1]}, expected) == 1.0
