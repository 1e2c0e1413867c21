"""Step pairs: one state and one history, another next message, another mean reward."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from environments.export.judgement import ByTurn, Question, judge
from environments.export.step_pairs import decisions, step_pairs
from environments.export.tables import step_rows
from environments.rollouts.checkpoint import checkpoint
from environments.rollouts.record import Rollout, StopReason, ToolCallRecord
from environments.tasks.build import make_task
from environments.tasks.credit.regret import Regret
from environments.tasks.model import Family, Verdict
from environments.tasks.value import Value
from tests.environments.branches import policy_plays
from world_fixtures.protocol import CONNECT, Event
from world_fixtures.simulated import SimulatedPool

TASK = make_task(Family.INSPECTION, 1, 1)
PLAIN = Regret(1, 0, "x", Value(1, True, ()), Value(1, True, ()), 0, 0, 0, 0, False, 20)


def judged(*by_luck: str) -> Any:
    """A judge to whom the commands `by_luck` are luck, and that keeps what it was asked."""

    def answer(questions: Sequence[Question]) -> list[ByTurn]:
        answer.asked += questions  # type: ignore[attr-defined]
        return [{q.turn or 0: [replace(PLAIN, luck=_command(q) in by_luck)]} for q in questions]

    answer.asked = []  # type: ignore[attr-defined]
    return answer


def _command(question: Question) -> str:
    (call,) = [c for c in question.rollout.tool_calls if c.turn == question.turn]
    return str(call.arguments["command"])


def rollout(
    reward: float, *moves: tuple[str, str], of: str | None = "r", turn: int = 1, **fields: Any
) -> Rollout:
    """One that typed `command` and left the world in `state`, for each move: a branch of `of`."""
    calls, events, messages = [], [], [{"role": "user", "content": "Go."}]
    for number, (command, state) in enumerate(moves, 1):
        arguments = {"command": command}
        function = {"name": "evennia_command", "arguments": json.dumps(arguments)}
        call = {"id": f"c{number}", "type": "function", "function": function}
        messages += [
            {"role": "assistant", "content": "", "tool_calls": [call]},
            {"role": "tool", "tool_call_id": f"c{number}", "content": state},
        ]
        calls.append(ToolCallRecord(id=f"c{number}", stage=0, turn=number, name="evennia_command",
                                    arguments=arguments, result=state, event=number))  # fmt: skip
        events.append(Event(seq=number, ts=0, instance="w", session="s", actor=TASK.spec.agent.id,
                            room="r", raw=command, verb=CONNECT, args={}, objects=(), text=state,
                            kind="ok", changes=(), state_hash=state, ms=0))  # fmt: skip
    made = Rollout(
        id="r" if of is None else f"{moves[-1]}-{reward}", task=TASK, model="m",
        conversations=[messages], tool_calls=calls, events=events, turns=len(moves), started=0,
        seconds=0, verdict=Verdict(reward=reward, success=reward == 1, parts={}, goals={}),
        stop=StopReason.FINISHED, branch_of=of, branch_turn=None if of is None else turn,
    )  # fmt: skip
    return made.model_copy(update=fields)


START = ("connect", "A")


def test_a_message_is_worth_the_mean_of_the_branches_that_begin_with_it():
    found = step_pairs(
        [
            rollout(1.0, START, ("north", "B")),
            rollout(0.0, START, ("north", "B"), ("look", "B")),
            rollout(0.2, START, ("south", "C")),
        ],
        least=1,
        judged=judged(),
    )
    (row,) = step_rows(found.pairs)
    assert (row["chosen_reward"], row["chosen_branches"]) == (0.5, 2)
    assert (row["rejected_reward"], row["rejected_branches"]) == (0.2, 1)
    assert (row["chosen_blame"], row["rejected_blame"]) == (0, 0)
    assert (row["state_hash"], row["branch_of"], row["turn"]) == ("A", "r", 2)
    assert len(row["prompt"]) == 3
    assert [json.loads(row[side][0]["tool_calls"][0]["function"]["arguments"])["command"]
            for side in ("chosen", "rejected")] == ["north", "south"]  # fmt: skip


def test_both_messages_of_a_pair_have_several_branches():
    lucky = rollout(1.0, START, ("once", "B"))
    branches = [
        rollout(r, START, (c, c), ("x", f"{n}"))
        for n, (r, c) in enumerate([(0.8, "a"), (0.6, "a"), (0.1, "b"), (0.3, "b")])
    ]
    found = step_pairs([lucky, *branches], judged=judged())
    assert [(p.chosen_worth, p.rejected_worth) for p in found.pairs] == [(0.7, 0.2)]
    assert (found.states, found.few, found.no_pair) == (1, 1, 0)
    found = step_pairs([lucky, *branches[2:]], judged=judged())
    assert (found.pairs, found.states, found.few, found.no_pair) == ([], 1, 1, 1)


def test_of_a_state_the_widest_pair_stays_and_a_narrow_one_goes():
    branches = [rollout(r, START, (c, c)) for r, c in ((0.4, "a"), (0.9, "b"), (0.1, "c"))]
    found = step_pairs(branches, least=1, judged=judged())
    (pair,) = found.pairs
    assert (pair.chosen_worth, pair.rejected_worth) == (0.9, 0.1)
    found = step_pairs(branches, margin=0.81, least=1, judged=judged())
    assert (found.pairs, found.states, found.no_pair) == ([], 1, 1)


def test_of_equal_worths_the_better_known_one_is_taken():
    names = ("a", "b", "b", "c", "d", "d")
    branches = [
        rollout(float(c in "ab"), START, (c, c), ("x", f"{n}")) for n, c in enumerate(names)
    ]
    (pair,) = step_pairs(branches, least=1, judged=judged()).pairs
    assert (pair.chosen_branches, pair.rejected_branches) == (2, 2)


def test_the_original_counts_where_it_is_there():
    branch, original = rollout(1.0, START, ("a", "a")), rollout(0.0, START, ("b", "b"), of=None)
    (pair,) = step_pairs([branch, original], least=1, judged=judged()).pairs
    assert (pair.better, pair.worse) == (branch, original)
    assert not step_pairs([branch], least=1, judged=judged()).pairs
    other = original.model_copy(update={"model": "better"})
    assert not step_pairs([branch, other], least=1, judged=judged()).pairs


@pytest.mark.parametrize(
    "other",
    [
        rollout(0.0, ("connect", "A2"), ("b", "b")),
        rollout(0.0, START, ("b", "b"), of="another"),
        rollout(0.0, START, ("b", "b"), of=None, id="stranger"),
        rollout(0.0, START, ("b", "b"), ("c", "c"), turn=2),
        rollout(0.0, START, ("b", "b"), verdict=None),
        rollout(0.0, START, ("b", "b"), task=TASK.model_copy(update={"version": 1})),
    ],
    ids=["other history", "other rollout", "no branch", "other turn", "unscored", "old version"],
)
def test_no_pair_without_one_state_and_one_history(other):
    found = step_pairs([rollout(1.0, START, ("a", "a")), other], least=1, judged=judged())
    assert not found.pairs


def test_luck_is_left_out_and_counted():
    branches = [rollout(r, START, (c, c)) for r, c in ((0.4, "a"), (0.9, "b"), (0.1, "c"))]
    found = step_pairs(branches, least=1, judged=judged("b"))
    assert (found.luck, found.no_pair) == (1, 0)
    assert [(p.chosen_worth, p.rejected_worth) for p in found.pairs] == [(0.4, 0.1)]
    found = step_pairs(branches, least=1, judged=judged("b", "c"))
    assert (found.pairs, found.luck, found.no_pair) == ([], 2, 1)


def test_only_what_may_become_a_pair_is_judged():
    asked = judged()
    a = rollout(0.5, START, ("a", "a"))
    step_pairs([a, rollout(0.55, START, ("b", "b"))], least=1, judged=asked)
    step_pairs([a, rollout(1.0, START, ("a", "a"))], least=1, judged=asked)
    step_pairs([a, rollout(1.0, START, ("b", "b"))], judged=asked)
    assert asked.asked == []


def test_a_state_before_a_stage_is_the_one_that_others_left(rollouts):
    rollout = next(r for r in rollouts if len(r.conversations) > 1)
    first = next(d for d in decisions(rollout) if d.stage == 1)
    others = [e for e in rollout.events if e.actor != rollout.task.spec.agent.id]
    first_call = min(c.event for c in rollout.tool_calls if c.stage == 1 and c.event)
    before = rollout.events[first_call - 2]
    assert first.state == before.state_hash
    assert (before in others) == bool(rollout.task.stages[1].before)
    assert [d.turn for d in decisions(rollout)] == list(range(1, rollout.turns + 1))


@pytest.fixture(scope="module")
def played() -> list[Rollout]:
    """A short rollout and four branches from its second turn, played in memory."""

    async def play() -> list[Rollout]:
        pool, task = SimulatedPool(), make_task(Family.INSPECTION, 4, 1, kind="read")
        whole = await policy_plays(pool, "oracle", task)
        start = checkpoint(whole, 2)
        return [whole] + [
            await policy_plays(pool, "noisy:0.6", task, start=start, attempt=n) for n in range(1, 5)
        ]

    return asyncio.run(play())


def test_one_turn_is_judged_as_in_the_whole_rollout(played):
    whole = played[0]
    (every,) = judge([Question(whole)], worlds=2, processes=1)
    commands = {
        c.turn: c.arguments["command"] for c in whole.tool_calls if "command" in c.arguments
    }
    assert {turn: r.command for turn, (r,) in every.items()} == commands
    last = max(commands)
    (alone,) = judge([Question(whole, last)], worlds=2, processes=1)
    (one,), (other,) = alone[last], every[last]
    assert list(alone) == [last]
    assert (one.seq, one.command, one.before, one.after, one.regret) == (
        other.seq, other.command, other.before, other.after, other.regret
    )  # fmt: skip
    assert judge([Question(whole, 1)], worlds=2) == [{}]


def test_branches_that_were_played_are_of_one_state(played):
    found = step_pairs(played, judged=lambda questions: [{} for _ in questions])
    assert found.states == 1
    named = [r.model_copy(update={"model": "noisy"}) for r in played]
    for pair in step_pairs(named, least=1, judged=lambda questions: [{} for _ in questions]).pairs:
        assert pair.turn == 3
        for side, one in ((pair.better, pair.chosen), (pair.worse, pair.rejected)):
            assert [*pair.prompt, *one] == side.conversations[0][: len(pair.prompt) + 1]
