"""The kinds that need memory: what was learned, done or promised in an earlier session."""

from __future__ import annotations

import asyncio
import random
from statistics import fmean

import pytest

from environments.evaluation.embedded import play_embedded
from environments.tasks.families.common import BuildContext, Kind
from environments.tasks.families.persistence import KINDS
from environments.tasks.model import Answered, Stage, Task
from environments.tasks.verdict import Played, judge
from tests.environments.tasks.kinds import task_of
from world_fixtures.generator.words import SPLITS, split_of_number
from world_fixtures.simulated import SimulatedInstance, SimulatedPool

pytestmark = pytest.mark.once

LEVELS = (1, 4, 7, 10)
BY_NAME = {kind.name: kind for kind in KINDS}
each_kind = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)


def made(kind: str, level: int, seed: int = 0, split: str = "train") -> Task:
    return task_of(f"persistence.{kind}", level, split, seed)


def tasks_of(kind: Kind, seeds: int = 2) -> list[Task]:
    return [made(kind.name, level, seed) for level in LEVELS for seed in range(seeds)]


def verdicts(policy: str, tasks: list[Task]):
    played = asyncio.run(play_embedded(SimulatedPool(), policy, [(t, 0) for t in tasks]))
    return [rollout.verdict for rollout in played]


def context_of(task: Task, key: object = "") -> BuildContext:
    rng = random.Random(f"{task.id}/{key}")
    return BuildContext(task.spec, rng, task.difficulty, task.split)


def play(task: Task, commands: list[list[str]], answer: dict | None = None):
    """The verdict on these commands, a list a stage."""
    agent, instance = task.spec.agent.id, SimulatedInstance("i", task.spec)
    played = []
    for stage, given in zip(task.stages, commands, strict=True):
        instance.simulation.arrange(stage.before)
        events = [instance.connected("s", agent)]
        events += [instance.carry_out("s", agent, command) for command in given]
        played.append(Played(events, instance.simulation.state))
    return judge(task, played, answer if answer is not None else answer_of(task.stages))


def steps(stages: tuple[Stage, ...]) -> list[list[str]]:
    return [[s.command for s in stage.walkthrough if s.tool == "command"] for stage in stages]


def answer_of(stages: tuple[Stage, ...]) -> dict:
    return stages[-1].walkthrough[-1].answer


@each_kind
@pytest.mark.parametrize("split", SPLITS)
def test_the_oracle_earns_everything(kind, split):
    tasks = [made(kind.name, level, split=split) for level in LEVELS]
    assert [(v.reward, v.success) for v in verdicts("oracle", tasks)] == [(1.0, True)] * 4


@each_kind
def test_a_searcher_without_the_map_succeeds_within_the_budget(kind):
    for task in tasks_of(kind, seeds=1):
        draft = kind.plan(context_of(task).searching(task.id), task.question)
        verdict = play(task, steps(draft.stages), answer_of(draft.stages))
        assert verdict.success, (task.id, verdict.reasons)
        assert draft.commands <= task.budget


@each_kind
def test_the_same_world_and_question_give_the_same_task(kind):
    for task in tasks_of(kind, seeds=1):
        draft = kind.plan(context_of(task), task.question)
        assert (draft.spec, draft.stages) == (task.spec, task.stages)
        assert Task.model_validate_json(task.model_dump_json()) == task


@each_kind
def test_another_past_agrees_with_the_last_prompt_and_earns_next_to_nothing(kind):
    tasks = tasks_of(kind)
    for task in tasks:
        context = context_of(task)
        other = kind.plan(context, kind.forgotten(context, task.question))
        assert other.stages[-1].prompt == task.stages[-1].prompt
    assert fmean(v.reward for v in verdicts("oracle-memory", tasks)) < 0.1


@each_kind
@pytest.mark.parametrize("policy", ["skipper", "blind"])
def test_skipping_the_first_sessions_or_the_prompt_earns_next_to_nothing(kind, policy):
    assert fmean(v.reward for v in verdicts(policy, tasks_of(kind, seeds=1))) < 0.1


@each_kind
def test_what_is_asked_is_told_in_no_later_prompt(kind):
    for task in tasks_of(kind):
        last = task.stages[-1].prompt
        for goal in task.goals:
            if isinstance(goal.condition, Answered) and goal.condition.match != "route":
                assert not any(value in last for value in goal.condition.expected)
        for room in task.spec.rooms:
            assert room.name not in last


@each_kind
def test_stages_are_as_many_as_the_kind_says(kind):
    counts = {len(task.stages) for task in tasks_of(kind)}
    assert kind.stages[0] <= min(counts) <= max(counts) <= kind.stages[1]
    assert (min(counts) < max(counts)) == (kind.stages[0] < kind.stages[1])


@pytest.mark.parametrize("kind", ["recall", "restart"])
def test_numbers_are_those_of_the_split(kind):
    for split in SPLITS:
        task = made(kind, 4, split=split)
        for value in answer_of(task.stages).values():
            assert split_of_number(value) == split


@pytest.mark.parametrize("kind", ["recall", "restart"])
def test_the_right_number_counts_only_where_its_board_was_read(kind):
    task = made(kind, 4)
    given = steps(task.stages)
    unread = [[c for c in commands if not c.startswith("read")] for commands in given[:-1]]
    assert play(task, given).success
    assert play(task, [*unread, given[-1]]).reward == 0.0


def test_a_number_that_was_superseded_is_wrong():
    task = made("restart", 4)
    board = task.question["asked"][0]
    first = task.question["boards"][board][1]
    assert not play(task, steps(task.stages), {"value": int(first)}).success


def test_what_the_boards_state_later_is_wrong():
    task = made("recall", 4)
    label, board = task.question["label"], task.question["asked"][0]
    later = task.question["later"][board][label]
    assert not play(task, steps(task.stages), {"value": int(later)}).success


def test_a_thing_kept_in_hand_between_the_sessions_is_not_put_back():
    for level in LEVELS:
        task = made("rearrange", level)
        first, last = steps(task.stages)
        verdict = play(task, [[c for c in first if not c.startswith("drop")], last])
        assert (verdict.success, verdict.reward < 0.1) == (False, True)


def test_what_was_moved_is_where_the_state_says_and_not_the_plan():
    task = made("witness", 4)
    thing, _ = task.question["moved"][0]
    names = {t.id: t.name.lower() for t in task.spec.things}
    first, last = steps(task.stages)
    rooms = {r.id: r.name for r in task.spec.rooms}
    context = context_of(task)
    actor = context.actor(task.spec)
    for command in first:
        actor.do(command)
    target = next(
        r for r in rooms if rooms[r] not in answer_of(task.stages).values() and r != actor.room
    )
    actor.put(thing, target)
    verdict = play(task, [actor.commands, last])
    assert verdict.goals["names the rooms they were in"] == 0.0, names[thing]
    answer = answer_of(task.stages)
    field = "first_from" if answer["first"].lower() == names[thing] else "second_from"
    assert play(task, [actor.commands, last], answer | {field: rooms[target]}).success


def test_a_promise_kept_too_early_is_undone():
    for level in LEVELS:
        task = made("promise", level)
        given = steps(task.stages)
        actor = context_of(task).actor(task.spec)
        for thing, room in task.question["carry"]:
            actor.put(thing, room)
        actor.write(task.question["number"], "q_tally")
        early = [actor.commands, *([] for _ in given[1:])]
        assert play(task, early, {}).reward < 0.1


def test_a_way_is_drawn_from_many_and_told_nowhere_later():
    for level in LEVELS:
        task = made("route", level)
        state = SimulatedInstance("i", task.spec)
        assert state.simulation.get("q_waybill", "location") == task.question["from"]
        state.simulation.arrange(task.stages[-1].before)
        assert state.simulation.get("q_waybill", "location") is None
        others = {
            tuple(BY_NAME["route"].forgotten(context_of(task, n), task.question)["way"])
            for n in range(40)
        }
        assert len(others) > 15


@pytest.mark.parametrize("kind", ["recall", "promise", "route"])
def test_there_is_less_to_write_on_than_there_is_to_learn(kind):
    for task in tasks_of(BY_NAME[kind]):
        things = {t.id: t for t in task.spec.things}
        prompt = task.stages[0].prompt
        if kind == "recall":
            boards = [t for t in things.values() if t.id.startswith("q_board")]
            learned = sum(len(line) for board in boards for line in board.inscriptions)
        elif kind == "promise":
            learned = prompt.index("Do none")
        else:
            learned = len(things["q_waybill"].text or "")
        pad = things["q_pad"]
        assert pad.lines * pad.width < learned, task.id


@pytest.mark.parametrize("kind", ["recall", "restart"])
def test_one_plain_note_a_line_fits_for_all_that_may_be_asked(kind):
    for task in tasks_of(BY_NAME[kind]):
        pad = next(t for t in task.spec.things if t.id == "q_pad")
        boards = task.question["boards"]
        shown = sum(map(len, task.question.get("sessions", ())))
        assert pad.lines > len(boards) + shown
        assert pad.width >= len("turquoise board: 12345")
        assert f"room for {pad.lines} lines" in task.stages[0].prompt


def test_a_promise_kept_in_part_earns_little():
    for level in LEVELS:
        task = made("promise", level)
        given = steps(task.stages)
        last = [c for c in given[-1] if not c.startswith("write")]
        verdict = play(task, [*given[:-1], last], {})
        assert 0 < verdict.reward < 0.25, (task.id, verdict.parts)
