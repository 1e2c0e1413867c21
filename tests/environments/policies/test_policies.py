"""What each embedded policy does, in the simulation."""

from __future__ import annotations

import asyncio
import json
import random
import subprocess
import sys
from functools import cache
from statistics import fmean

import pytest

from environments.evaluation.embedded import play_embedded
from environments.policies import View, get_policy, list_policies
from environments.policies.following import CLOCKWISE
from environments.policies.observations import room_view
from environments.policies.registry import BASELINES, CHEATS
from environments.policies.searching import is_mistake
from environments.rollouts.record import StopReason
from environments.tasks.build import make_task
from environments.tasks.model import Family, Goal, Located, Step
from environments.tasks.suites import SUITES
from world_fixtures.common import UserError
from world_fixtures.simulated import SimulatedPool
from world_fixtures.spec import OPPOSITE

pytestmark = pytest.mark.once
WITHOUT_KNOWLEDGE = sorted({*BASELINES, *CHEATS} - {"oracle", "forger"})


def test_the_oracle_follows_the_walkthrough_through_every_stage(play, tasks):
    for task in tasks:
        run = play("oracle", task)
        assert run.commands == [
            s.command for st in task.stages for s in st.walkthrough if s.tool == "command"
        ]
        assert run.rollout.answer == task.stages[-1].walkthrough[-1].answer
        assert [t for t, _ in run.calls].count("evennia_connect") == len(task.stages)
        assert run.verdict.reward == 1.0


def test_the_oracle_connects_again_after_a_disconnect_within_a_stage(play, tasks):
    walkthrough = (
        Step(tool="command", command="get lamp"),
        Step(tool="disconnect"),
        Step(tool="command", command="inventory"),
        Step(tool="submit"),
    )
    stage = tasks[0].stages[0].model_copy(update={"walkthrough": walkthrough})
    task = tasks[0].model_copy(update={"stages": (stage,)})
    run = play("oracle", task)
    assert [t for t, _ in run.calls].count("evennia_connect") == 2
    assert run.rollout.events[-1].text == "You carry: Oil Lamp"


def test_the_mean_reward_falls_with_noise(play, tasks):
    def mean_reward(noise):
        runs = [play(f"noisy:{noise}", task, attempt) for task in tasks for attempt in range(10)]
        return sum(run.verdict.reward for run in runs) / len(runs)

    means = [mean_reward(noise) for noise in (0, 0.1, 0.3, 0.6, 1)]
    assert means[0] == 1.0
    assert means == sorted(means, reverse=True)
    assert means[2] < 0.9
    assert means[4] < 0.5


def test_attempts_of_the_default_noisy_policy_differ(play, tasks):
    verdicts = [play("noisy", tasks[1], attempt).verdict for attempt in range(16)]
    assert {v.success for v in verdicts} == {True, False}
    assert len({v.reward for v in verdicts}) > 3


def test_a_wrong_answer_of_the_noisy_policy_keeps_the_fields(play, tasks):
    answer = play("noisy:1", tasks[0]).rollout.answer
    assert answer is not None
    assert set(answer) == {"year"} or answer == {}
    assert answer.get("year") != "1742"


def test_the_explorer_finds_its_way_through_dark_locks_and_hidden_exits(play, tasks):
    run = play("explorer", tasks[1])
    assert {e.room for e in run.rollout.events} == {"hall", "cellar", "study", "nook"}
    assert run.state.location("blade") == "cellar"
    assert run.rollout.answer == {}


def test_a_door_that_falls_shut_is_not_taken_for_a_room():
    shut = "The oak door falls shut behind you.\nCellar\nA vault.\nExits: up"
    assert room_view(shut) == room_view("Cellar\nA vault.\nExits: up")


def test_the_explorer_reads_the_answer_and_writes_what_it_is_told(play, tasks):
    assert play("explorer", tasks[0]).rollout.answer == {"year": "1742"}
    assert play("explorer", tasks[2]).state.get("wall", "inscriptions") == ["heron"]


def test_the_explorer_tries_nothing_twice_in_the_same_place(play, tasks):
    run = play("explorer", tasks[1])
    tries = [(e.room, e.raw) for e in run.rollout.events if e.kind != "ok"]
    assert len(tries) == len(set(tries))


@pytest.mark.parametrize("name", WITHOUT_KNOWLEDGE)
def test_policies_without_knowledge_do_not_depend_on_what_the_task_hides(play, tasks, name):
    goal = Goal(name="other", condition=Located(entity="anvil", place="nook"))
    for task in tasks:
        other = {"goals": (goal,), "evidence": (), "walkthrough": (Step(tool="submit"),)}
        stages = tuple(s.model_copy(update=other) for s in task.stages)
        blank = task.model_copy(update={"shortest_path": 99, "stages": stages})
        assert play(name, blank).calls == play(name, task).calls


@pytest.fixture(
    scope="module", params=["basics", pytest.param("fifth of standard", marks=pytest.mark.slow)]
)
def mean(request):
    """Mean reward on a suite by policy."""
    if request.param == "fifth of standard":
        suite = [
            make_task(family, 1000 * difficulty, difficulty, split="test")
            for family in Family
            for difficulty in range(1, 11)
        ]
    else:
        suite = SUITES[request.param].tasks

    @cache
    def of(name):
        rollouts = asyncio.run(play_embedded(SimulatedPool(), name, [(t, 0) for t in suite]))
        return fmean(r.verdict.reward for r in rollouts)

    return of


def test_the_baselines_stand_in_their_order(mean):
    assert mean("oracle") == 1.0
    chance = mean("random")
    assert chance < 0.02
    assert chance < mean("explorer") < 1
    noises = [mean(f"noisy:{noise}") for noise in (0.1, 0.3, 0.6, 0.9)]
    assert noises == sorted(noises, reverse=True)
    assert 1 > noises[0] > noises[-1] > chance


@pytest.mark.parametrize("name", sorted(CHEATS))
def test_no_cheat_pays(mean, name):
    assert mean(name) < 0.10


@pytest.mark.parametrize("name", sorted({*CHEATS, "random"} - {"forger", "skipper"}))
def test_cheating_and_chance_solve_nothing(play, tasks, name):
    for task in tasks:
        for attempt in range(3):
            assert not play(name, task, attempt).verdict.success


@pytest.mark.parametrize("name", ["repeats_prompt", "writes_goal", "answers_everything"])
def test_cheats_hand_something_in_for_every_field(play, tasks, name):
    assert set(play(name, tasks[0]).rollout.answer) == {"year"}


def test_only_the_looper_never_ends(play, tasks):
    for name in CHEATS:
        stop = play(name, tasks[0]).rollout.stop
        assert (stop is StopReason.MAX_TURNS) is (name == "loops_look")


def test_moves_are_the_same_in_another_process(play, tasks):
    code = """
import json, sys
from environments.policies import View, get_policy
from environments.tasks.model import Task
task = Task.model_validate_json(sys.stdin.readline())
for name, seed, messages in json.loads(sys.stdin.readline()):
    print(get_policy(name).act(View(task, 0, messages, seed)))
"""
    task = tasks[1]
    asked = []
    for name in ("random", "noisy", "explorer", "oracle"):
        messages = play(name, task, 1).rollout.conversations[0]
        turns = [n for n, message in enumerate(messages) if message["role"] == "assistant"][:3]
        asked += [(name, f"{name}/{n}", messages[:n]) for n in turns]
    output = subprocess.run(
        [sys.executable, "-c", code], input=f"{task.model_dump_json()}\n{json.dumps(asked)}",
        capture_output=True, text=True, env={"PYTHONHASHSEED": "7"},
    )  # fmt: skip
    assert not output.returncode, output.stderr
    here = [
        str(get_policy(name).act(View(task, 0, messages, seed))) for name, seed, messages in asked
    ]
    assert output.stdout.splitlines() == here


def test_chance_leaves_the_global_generator_alone(play, tasks):
    random.seed(5)
    state = random.getstate()
    play("random", tasks[0])
    play("noisy", tasks[0])
    assert random.getstate() == state


def test_an_unknown_policy_is_named_with_the_known_ones():
    with pytest.raises(UserError, match=r"unknown policy 'orakel'.*oracle.*noisy"):
        get_policy("orakel")


@pytest.mark.parametrize("name", ["noisy:much", "noisy:1.5", "noisy:-1", "noisy:nan", "noisy:"])
def test_a_noise_that_is_no_share_is_refused(name):
    with pytest.raises(UserError, match="from 0 to 1"):
        get_policy(name)


def test_policies_without_parameter_take_none():
    with pytest.raises(UserError, match="oracle:1"):
        get_policy("oracle:1")


def test_every_listed_policy_acts(play, tasks):
    for name in list_policies():
        assert play(name, tasks[0]).rollout.conversations[0]


@pytest.mark.parametrize("kind", ["inspection.inside", "persistence.restart"])
def test_the_searcher_does_what_was_asked_without_the_map(play, kind):
    family, _, name = kind.partition(".")
    task = make_task(Family(family), 7, 2, kind=name)
    runs = [play("searcher", task, attempt) for attempt in range(6)]
    assert all(run.verdict.success for run in runs)
    assert len({tuple(run.commands) for run in runs}) > 1
    assert max(len(run.commands) for run in runs) > task.optimal_steps
    assert play("searcher", task, 3).commands == runs[3].commands


def test_the_searcher_refuses_what_no_kind_has_made(tasks):
    task = tasks[0].model_copy(update={"question": {}})
    view = View(task, 0, [], "searcher/task/0/0")
    with pytest.raises(UserError, match="written by hand"):
        get_policy("searcher").act(view)


def test_the_follower_finds_what_is_asked_for_by_keeping_to_one_wall(play):
    tasks = SUITES["learn"].tasks[::4]
    runs = [play("follower", task) for task in tasks]
    assert fmean(run.verdict.reward for run in runs) > 0.6
    for run in runs:
        views = [room for text in texts(run) if (room := room_view(text)) is not None]
        if any(way.door for room in views for way in room.ways):
            continue  # a door may be locked
        came, ways = "", set()
        for event in run.rollout.events:
            if event.raw in CLOCKWISE:
                first = CLOCKWISE.index(OPPOSITE[came]) + 1 if came else 0
                around = [CLOCKWISE[(first + n) % 4] for n in range(4)]
                assert event.raw == next(way for way in around if way in ways)
                came = event.raw
            if (room := room_view(event.text)) is not None:
                ways = {way.direction for way in room.ways}


def test_the_follower_answers_in_the_order_in_which_things_were_shown(play):
    tasks = [task for task in SUITES["learn"].tasks if task.kind == "inside"]
    for run in [play("follower", task) for task in tasks[:30]]:
        if run.verdict.success:
            shown = [text.partition(" In it: ")[2] for text in texts(run) if " In it: " in text]
            assert ", ".join(run.rollout.answer["things"]) == shown[-1]


def test_the_follower_errs_as_often_as_it_is_told_and_goes_on(play):
    tasks = SUITES["learn"].tasks[:12]
    errs = [sum(map(is_mistake, texts(play("follower:0.3", task)))) for task in tasks]
    assert sum(errs) > 10
    assert not any(is_mistake(text) for task in tasks for text in texts(play("follower", task)))
    assert any(play("follower:0.3", task).verdict.success for task in tasks)


def texts(run) -> list[str]:
    return [event.text for event in run.rollout.events]


def test_the_follower_refuses_tasks_of_other_kinds(tasks):
    with pytest.raises(UserError, match="choose another policy"):
        get_policy("follower").act(View(tasks[1], 0, [], "follower/task/0/0"))
