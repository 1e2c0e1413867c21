"""Step-level pairs: one state and one history, two next messages, and what came of each.

They are made of branches (`evennia-world branch`): rollouts that go on from one turn of a rollout.
A next message is worth the mean reward of the branches that begin with it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from environments.export.judgement import Judge, Question, can_be_judged, judge
from environments.export.preference import MARGIN, Pair, reward
from environments.rollouts.event_calls import events_with_calls
from environments.rollouts.messages import Message
from environments.rollouts.record import Rollout, ToolCallRecord
from environments.tasks.credit.regret import Regret
from world_fixtures.common import digest
from world_fixtures.protocol import Event

LEAST_BRANCHES = 2
"""Rollouts that go on with a next message, without which its worth is that of a single one."""


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
class Option:
    """One next message of a state, and the rollouts that go on with it."""

    decision: Decision
    """Of the first of them."""
    rollouts: tuple[Rollout, ...]
    branch_of: str
    """Id of the rollout that the branches go on from."""

    @property
    def worth(self) -> float:
        """Return the mean reward of the rollouts."""
        return fmean(map(reward, self.rollouts))


@dataclass(frozen=True)
class StepPair(Pair):
    """Two next messages in the same state, after the same messages."""

    state_hash: str
    branch_of: str
    """Id of the rollout that the branches go on from."""
    turn: int
    """Of the next message, 1-based over the whole rollout."""
    chosen_worth: float
    rejected_worth: float
    chosen_branches: int
    """Rollouts that the worth is a mean of."""
    rejected_branches: int
    chosen_blame: float | None
    """Commands that the message is to be blamed for by `regrets`; None where it has no command."""
    rejected_blame: float | None


@dataclass(frozen=True)
class StepPairs:
    """Pairs, and what was left out of them."""

    pairs: list[StepPair]
    states: int
    """States from which scored branches go on."""
    few: int
    """Next messages that were left out because too few rollouts go on with them."""
    luck: int
    """Next messages that were left out because their order is luck."""
    no_pair: int
    """States whose next messages are the same, or lie less than the margin apart without those."""


def step_pairs(
    rollouts: Sequence[Rollout],
    margin: float = MARGIN,
    judged: Judge = judge,
    least: int = LEAST_BRANCHES,
) -> StepPairs:
    """Return for each state the pair of next messages whose worths lie widest apart.

    The worths differ by at least `margin`. Next messages with which fewer than `least` rollouts go
    on are left out before, as the extremes would be chosen of them by chance, and those in which
    a command is luck by `regrets`, which are judged only where the state has a pair otherwise.
    """
    begun = forks(rollouts)
    states = [[option for option in options if len(option.rollouts) >= least] for options in begun]
    few = sum(map(len, begun)) - sum(map(len, states))
    wide = [options for options in states if _spread(options) >= margin]
    questions = [
        Question(option.rollouts[0], option.decision.turn) for options in wide for option in options
    ]
    answers = iter(judged(questions))
    pairs = []
    luck = 0
    for options in wide:
        found = [next(answers).get(option.decision.turn, ()) for option in options]
        by_luck = [any(r.luck for r in regrets) for regrets in found]
        luck += sum(by_luck)
        kept = [n for n in range(len(options)) if not by_luck[n]]
        if _spread([options[n] for n in kept]) >= margin:
            better = max(kept, key=lambda n: (options[n].worth, len(options[n].rollouts)))
            worse = min(kept, key=lambda n: (options[n].worth, -len(options[n].rollouts)))
            pairs.append(_pair(options[better], options[worse], found[better], found[worse]))
    return StepPairs(pairs, len(states), few, luck, len(states) - len(pairs))


def forks(rollouts: Sequence[Rollout]) -> list[list[Option]]:
    """Return the next messages of each state from which scored branches go on.

    To one state belong the branches of one model from one turn of a rollout, and that rollout where
    it is among `rollouts` and of the same model, as far as they have the same messages before.
    """
    scored = [r for r in rollouts if r.verdict is not None and can_be_judged(r)]
    turns: dict[tuple[Any, ...], set[int]] = {}
    for rollout in scored:
        if rollout.branch_of is not None and rollout.branch_turn is not None:
            turns.setdefault(_name(rollout, rollout.branch_of), set()).add(rollout.branch_turn)
    states: dict[tuple[Any, ...], dict[str, list[tuple[Decision, Rollout]]]] = {}
    for rollout in scored:
        own = _name(rollout, rollout.id)
        begun = [(own, turn) for turn in sorted(turns.get(own, ()))]
        if rollout.branch_of is not None and rollout.branch_turn is not None:
            begun.append((_name(rollout, rollout.branch_of), rollout.branch_turn))
        for name, turn in begun:
            decision = next((d for d in decisions(rollout) if d.turn == turn + 1), None)
            if decision is not None:
                earlier = rollout.conversations[: decision.stage]
                key = (name, turn, digest([*earlier, decision.before]))
                options = states.setdefault(key, {})
                options.setdefault(decision.action, []).append((decision, rollout))
    return [
        [Option(found[0][0], tuple(r for _, r in found), name[0]) for found in options.values()]
        for (name, *_), options in states.items()
    ]


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


def _name(rollout: Rollout, of: str) -> tuple[Any, ...]:
    """Return what a rollout is known by to its branches: its id, task and model."""
    return (of, rollout.task.id, rollout.task.spec.hash, rollout.model, rollout.provider)


def _precedes(entry: tuple[Event, int, ToolCallRecord | None], stage: int, turn: int) -> bool:
    """Tell whether an event came before a turn; what others do comes before its stage begins."""
    _, its_stage, call = entry
    return its_stage <= stage if call is None else call.turn < turn


def _spread(options: Sequence[Option]) -> float:
    """Return how far apart the worths lie, below 0 where there are no two."""
    worths = [option.worth for option in options]
    return max(worths) - min(worths) if len(worths) > 1 else -1.0


def _pair(
    better: Option, worse: Option, of_better: Sequence[Regret], of_worse: Sequence[Regret]
) -> StepPair:
    one, other = better.decision, worse.decision
    return StepPair(
        one.before, [one.message], [other.message], better.rollouts[0], worse.rollouts[0],
        one.stage, one.state, better.branch_of, one.turn, better.worth, worse.worth,
        len(better.rollouts), len(worse.rollouts), _blame(of_better), _blame(of_worse),
    )  # fmt: skip


def _blame(regrets: Sequence[Regret]) -> float | None:
    return round(sum(r.blame for r in regrets), 4) if regrets else None
