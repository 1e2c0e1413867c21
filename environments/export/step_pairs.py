"""Step-level pairs: the same world, two next actions, and what came of each."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from environments.export.preference import MARGIN, Pair, contrasts, reward
from environments.rollouts.event_calls import events_with_calls
from environments.rollouts.messages import Message
from environments.rollouts.record import Rollout, ToolCallRecord
from world_fixtures.protocol import Event


@dataclass(frozen=True)
class Decision:
    """One message of the agent, and the world it was made in."""

    stage: int
    turn: int
    """1-based over the whole rollout."""
    state: str
    """Hash of the world's state before it."""
    action: str
    """The calls without their ids, or what was said where nothing was called."""
    before: list[Message]
    """The conversation up to here."""
    message: Message


@dataclass(frozen=True)
class StepPair(Pair):
    """Two next messages in the same state; the prompt is the chosen one's conversation."""

    state_hash: str
    chosen_turn: int
    rejected_turn: int


def step_pairs(rollouts: Sequence[Rollout], margin: float = MARGIN) -> list[StepPair]:
    """Return pairs of different decisions in the same state, from rollouts `margin` apart.

    A state in which a rollout decided several times (looking changes nothing) gives one pair:
    the first decisions that differ. Of two actions in one state only the pair with the widest
    difference of rewards stays, so no two pairs contradict each other.
    """
    known = {id(rollout): _by_place(rollout) for rollout in rollouts}
    widest: dict[tuple[str, DecisionPoint, frozenset[str]], StepPair] = {}
    for better, worse in contrasts(rollouts, margin):
        there = known[id(worse)]
        for place, ours in known[id(better)].items():
            for one, other in zip(ours, there.get(place, ()), strict=False):
                if one.action != other.action:
                    key = (better.task.id, place, frozenset((one.action, other.action)))
                    pair = StepPair(
                        one.before, [one.message], [other.message], better, worse, one.stage,
                        one.state, one.turn, other.turn,
                    )  # fmt: skip
                    if key not in widest or _width(pair) > _width(widest[key]):
                        widest[key] = pair
                    break
    return list(widest.values())


DecisionPoint = tuple[int, str]
"""Stage and state: where a decision is made."""


def decisions(rollout: Rollout) -> Iterator[Decision]:
    """Yield every message of the agent, in order."""
    calls: dict[int, list[tuple[str, object]]] = {}
    for call in rollout.tool_calls:
        calls.setdefault(call.turn, []).append((call.name, call.arguments))
    events = events_with_calls(rollout)
    passed, state, turn = 0, rollout.task.spec.hash, 0
    for stage, messages in enumerate(rollout.conversations):
        for place, message in enumerate(messages):
            if message["role"] != "assistant":
                continue
            turn += 1
            while passed < len(events) and _precedes(events[passed], stage, turn):
                state = events[passed][0].state_hash
                passed += 1
            action = json.dumps(calls.get(turn) or (message.get("content") or ""), sort_keys=True)
            yield Decision(stage, turn, state, action, messages[:place], message)


def _precedes(entry: tuple[Event, int, ToolCallRecord | None], stage: int, turn: int) -> bool:
    """Tell whether an event came before a turn; what others do comes before its stage begins."""
    _, its_stage, call = entry
    return its_stage <= stage if call is None else call.turn < turn


def _by_place(rollout: Rollout) -> dict[DecisionPoint, list[Decision]]:
    places: dict[DecisionPoint, list[Decision]] = {}
    for decision in decisions(rollout):
        places.setdefault((decision.stage, decision.state), []).append(decision)
    return places


def _width(pair: Pair) -> float:
    return reward(pair.better) - reward(pair.worse)
