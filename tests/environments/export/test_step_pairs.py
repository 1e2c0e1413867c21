"""Step pairs: the same state, another action, another outcome."""

from __future__ import annotations

import json

import pytest

from environments.export.step_pairs import decisions, step_pairs
from environments.export.tables import step_rows
from environments.rollouts.record import Rollout, StopReason, ToolCallRecord
from environments.tasks.build import make_task
from environments.tasks.model import Family, Verdict
from world_fixtures.protocol import CONNECT, Event

TASK = make_task(Family.INSPECTION, 1, 1)


def test_each_pair_is_of_one_state_and_two_actions(rollouts):
    pairs = step_pairs(rollouts)
    assert pairs
    for pair in pairs:
        assert pair.better.task == pair.worse.task
        assert pair.better.verdict.reward - pair.worse.verdict.reward >= 0.1
        whole = pair.better.conversations[pair.stage]
        assert [*pair.prompt, *pair.chosen] == whole[: len(pair.prompt) + 1]
        (chosen,), (rejected,) = pair.chosen, pair.rejected
        assert chosen["role"] == rejected["role"] == "assistant"
        assert rejected in pair.worse.conversations[pair.stage]
        for rollout, turn in ((pair.better, pair.chosen_turn), (pair.worse, pair.rejected_turn)):
            earlier = {c.event for c in rollout.tool_calls if c.turn < turn} - {None}
            if earlier and pair.stage == 0:
                assert rollout.events[max(earlier) - 1].state_hash == pair.state_hash
        did = [
            [(c.name, c.arguments) for c in rollout.tool_calls if c.turn == turn]
            for rollout, turn in ((pair.better, pair.chosen_turn), (pair.worse, pair.rejected_turn))
        ]
        assert did[0] != did[1]


def test_no_two_pairs_contradict(rollouts):
    pairs = step_pairs(rollouts)
    ends = [
        (p.better.task.id, p.stage, p.state_hash,
         frozenset(json.dumps([m.get("content"), [c["function"] for c in m.get("tool_calls", ())]])
                   for m in (*p.chosen, *p.rejected)))
        for p in pairs
    ]  # fmt: skip
    assert len(set(ends)) == len(ends)


def test_a_state_before_a_stage_is_the_one_that_others_left(rollouts):
    rollout = next(r for r in rollouts if len(r.conversations) > 1)
    first = next(d for d in decisions(rollout) if d.stage == 1)
    others = [e for e in rollout.events if e.actor != rollout.task.spec.agent.id]
    first_call = min(c.event for c in rollout.tool_calls if c.stage == 1 and c.event)
    before = rollout.events[first_call - 2]
    assert first.state == before.state_hash
    assert (before in others) == bool(rollout.task.stages[1].before)
    assert [d.turn for d in decisions(rollout)] == list(range(1, rollout.turns + 1))


@pytest.mark.parametrize("margin", [0.1, 0.5])
def test_rows_say_where_and_how_well(rollouts, margin):
    for row in step_rows(step_pairs(rollouts, margin)):
        assert row["chosen_reward"] - row["rejected_reward"] >= margin
        assert set(row["chosen_parts"]) == set(row["rejected_parts"])
        assert len(row["state_hash"]) == 32
        assert row["prompt"][-1]["role"] in ("user", "tool")


def rollout(reward: float, *moves: tuple[str, str]) -> Rollout:
    """One that typed `command` and left the world in `state`, for each move."""
    calls, events, messages = [], [], [{"role": "user", "content": "Go."}]
    for turn, (command, state) in enumerate(moves, 1):
        arguments = {"command": command}
        function = {"name": "evennia_command", "arguments": json.dumps(arguments)}
        call = {"id": f"c{turn}", "type": "function", "function": function}
        messages += [
            {"role": "assistant", "content": "", "tool_calls": [call]},
            {"role": "tool", "tool_call_id": f"c{turn}", "content": state},
        ]
        calls.append(ToolCallRecord(id=f"c{turn}", stage=0, turn=turn, name="evennia_command",
                                    arguments=arguments, result=state, event=turn))  # fmt: skip
        events.append(Event(seq=turn, ts=0, instance="w", session="s", actor=TASK.spec.agent.id,
                            room="r", raw=command, verb=CONNECT, args={}, objects=(), text=state,
                            kind="ok", changes=(), state_hash=state, ms=0))  # fmt: skip
    return Rollout(
        id=f"r{reward}-{len(moves)}", task=TASK, model="m", conversations=[messages],
        tool_calls=calls, events=events, turns=len(moves), started=0, seconds=0,
        verdict=Verdict(reward=reward, success=reward == 1, parts={}, goals={}),
        stop=StopReason.FINISHED,
    )  # fmt: skip


def test_the_first_decision_that_differs_in_a_state_counts():
    good = rollout(1.0, ("connect", "A"), ("look", "A"), ("north", "B"), ("take", "C"))
    bad = rollout(0.0, ("connect", "A"), ("look", "A"), ("south", "D"), ("north", "B"))
    (pair,) = step_pairs([bad, good])
    assert (pair.state_hash, pair.chosen_turn, pair.rejected_turn) == ("A", 3, 3)
    assert len(pair.prompt) == 5


def test_of_two_actions_in_one_state_the_widest_pair_stays():
    best = rollout(1.0, ("connect", "A"), ("north", "B"))
    fair = rollout(0.6, ("connect", "A"), ("south", "C"))
    poor = rollout(0.2, ("connect", "A"), ("north", "B"))
    (pair,) = step_pairs([poor, fair, best])
    assert (pair.better, pair.worse) == (fair, poor) or (pair.better, pair.worse) == (best, fair)
    last = rollout(0.0, ("connect", "A"), ("south", "C"))
    (pair,) = step_pairs([poor, fair, best, last])
    assert (pair.better, pair.worse) == (best, last)
