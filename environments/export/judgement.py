"""Decisions of rollouts judged by their regret, in several processes. Pure but for these."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import NamedTuple

from environments.rollouts.event_calls import events_with_calls
from environments.rollouts.processes import in_processes
from environments.rollouts.record import Rollout
from environments.tasks.credit.regret import Regret, regrets
from environments.tasks.credit.resample import WORLDS
from environments.tasks.model import Task
from environments.tasks.version import TASKS_VERSION
from world_fixtures.protocol import Event

ByTurn = Mapping[int, Sequence[Regret]]
"""The regrets of a turn's commands, in order, by the turn (1-based); a turn may have none."""


class Question(NamedTuple):
    """What is to be judged: one turn of a rollout (1-based), or all of them."""

    rollout: Rollout
    turn: int | None = None


Judge = Callable[[Sequence[Question]], list[ByTurn]]
"""Answers questions, in their order."""


class _Work(NamedTuple):
    """What a process needs to answer one question."""

    task: Task
    played: list[list[Event]]
    since: int
    turns: dict[int, int]
    """Turn by the number of an event."""


def judge(
    questions: Sequence[Question],
    worlds: int = WORLDS,
    processes: int | None = None,
    answered: Callable[[], None] = lambda: None,
) -> list[ByTurn]:
    """Return the regrets asked for, in the order of the questions.

    `worlds` are resampled before each command. `processes` work side by side, by default as many
    as there are processors, and none beside this one for a single question. `answered` is called
    after each. The rollouts have to be of the present version of the tasks. Raises UserError where
    a process was killed.
    """
    work = list(map(_work, questions))
    found: dict[int, ByTurn] = {}

    def take(place: int, answer: ByTurn) -> None:
        found[place] = answer
        answered()

    in_processes(partial(_answer, worlds=worlds), work, take, processes)
    return [found[place] for place in range(len(work))]


def can_be_judged(rollout: Rollout) -> bool:
    """Tell whether regrets tell of a rollout: it was played by the present rules, without people.

    Nothing tells the value of a state where time passes and others act.
    """
    return rollout.task.version == TASKS_VERSION and not rollout.task.spec.goes_on


def _work(question: Question) -> _Work:
    rollout, asked = question
    played: list[list[Event]] = [[] for _ in rollout.conversations]
    turns: dict[int, int] = {}
    turn = rollout.turns
    for event, stage, call in reversed(events_with_calls(rollout)):
        turn = call.turn if call else turn
        if event.actor == rollout.task.spec.agent.id and (asked is None or turn <= asked):
            played[stage].insert(0, event)
            turns[event.seq] = turn
    if asked is None:
        return _Work(rollout.task, played, 0, _charged(rollout, played, turns))
    played = played[: 1 + max((n for n, events in enumerate(played) if events), default=-1)]
    since = min((seq for seq, turn in turns.items() if turn == asked), default=None)
    if since is None:
        return _Work(rollout.task, [], 0, {})
    return _Work(rollout.task, played, since, turns)


def _charged(
    rollout: Rollout, played: Sequence[Sequence[Event]], turns: dict[int, int]
) -> dict[int, int]:
    """Charge the beginning of a stage to the turn that ended the stage before."""
    said = [sum(m["role"] == "assistant" for m in c) for c in rollout.conversations]
    ends = {events[0].seq: sum(said[:n]) for n, events in enumerate(played) if n and events}
    return turns | ends


def _answer(work: _Work, worlds: int) -> ByTurn:
    found: dict[int, list[Regret]] = {}
    for regret in regrets(work.task, work.played, worlds=worlds, since=work.since):
        found.setdefault(work.turns[regret.seq], []).append(regret)
    return found
