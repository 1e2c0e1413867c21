"""The kinds about time: what is done at its hour counts, and what is early or late does not."""

from __future__ import annotations

import random
from functools import cache
from statistics import fmean

import pytest

from environments.policies.registry import BYSTANDERS
from environments.tasks.build import make_task
from environments.tasks.families.common import BuildContext
from environments.tasks.families.time import KINDS
from environments.tasks.model import Ability, Family, Located, Stage, Task
from environments.tasks.planner import Planner
from environments.tasks.verdict import Played, Verdict, judge
from tests.environments.tasks.kinds import rewards
from world_fixtures.rules import Simulation
from world_fixtures.simulated import SimulatedInstance
from world_fixtures.validation import problems

MADE = ((1, "train"), (5, "validation"), (10, "test"))
BY_NAME = {kind.name: kind for kind in KINDS}
each_kind = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)


@cache
def made(kind: str, level: int, split: str = "train", seed: int = 0) -> Task:
    return make_task(Family.TIME, seed, level, kind=kind, split=split)


@cache
def tasks_of(kind: str) -> tuple[Task, ...]:
    return tuple(made(kind, level, split) for level, split in MADE)


def context_of(task: Task, key: object = "") -> BuildContext:
    rng = random.Random(f"{task.id}/{key}")
    return BuildContext(task.spec, rng, task.difficulty, task.split)


def steps(stage: Stage) -> list[str]:
    return [s.command for s in stage.walkthrough if s.tool == "command"]


def answer_of(stage: Stage) -> dict:
    return stage.walkthrough[-1].answer


def play(task: Task, commands: list[str], answer: dict | None = None) -> Verdict:
    """Return the verdict on these commands; the answer is the right one where None."""
    agent, world = task.spec.agent.id, SimulatedInstance("i", task.spec)
    events = [world.connected("s", agent)]
    events += [world.carry_out("s", agent, command) for command in commands]
    given = answer_of(task.stages[0]) if answer is None else answer
    return judge(task, [Played(events, world.simulation.state)], given)


@each_kind
def test_the_oracle_earns_everything(kind):
    assert rewards("oracle", tasks_of(kind.name)) == [1.0] * len(MADE)


@each_kind
def test_the_same_world_and_question_give_the_same_task(kind):
    for task in tasks_of(kind.name):
        assert problems(task.spec) == []
        draft = kind.plan(context_of(task), task.question)
        assert (draft.spec, draft.stages) == (task.spec, task.stages)


@each_kind
def test_a_searcher_without_the_map_succeeds_within_the_budget(kind):
    for task in tasks_of(kind.name):
        draft = kind.plan(context_of(task).searching(task.id), task.question)
        verdict = play(task, steps(draft.stages[0]), answer_of(draft.stages[0]))
        assert verdict.success, (task.id, verdict.reasons)
        assert draft.commands <= task.budget


@each_kind
def test_another_question_is_asked_of_the_same_people(kind):
    task = made(kind.name, 5, "validation")
    for n in range(8):
        context = context_of(task, n)
        if (other := kind.choose(context)) is not None and other != task.question:
            assert kind.plan(context, other).spec == task.spec
            return
    pytest.fail("no other question in eight draws")


@pytest.mark.parametrize(
    ("kind", "ability"),
    [(k.name, a) for k in KINDS for a in (Ability.TIME, Ability.PROMPT)],
)  # fmt: skip
def test_without_a_needed_ability_next_to_nothing_is_earned(kind, ability):
    assert fmean(rewards(f"oracle-{ability}", tasks_of(kind))) < 0.1


@each_kind
@pytest.mark.parametrize("policy", BYSTANDERS)
def test_staying_following_and_waiting_earn_next_to_nothing(kind, policy):
    assert fmean(rewards(policy, tasks_of(kind.name)[:2])) < 0.02


@pytest.mark.parametrize("kind", ["appointment", "follow"])
def test_the_right_answer_counts_only_for_who_was_there(kind):
    for task in tasks_of(kind):
        assert play(task, ["look"]).reward == 0.0


def test_nobody_is_received_without_the_number():
    for task in tasks_of("appointment"):
        given = [c for c in steps(task.stages[0]) if not c.startswith("tell")]
        assert play(task, given).reward == 0.0


def test_a_walk_that_is_left_before_its_end_earns_nothing():
    for task in tasks_of("follow"):
        given = steps(task.stages[0])
        last = max(n for n, c in enumerate(given) if c.startswith("follow"))
        walked = given[: last // 2]
        assert play(task, walked).reward == 0.0


def test_a_gate_is_shut_at_other_hours():
    task = made("hours", 5, "validation")
    simulation = Simulation(task.spec)
    for table in task.spec.living.timetables:
        here = Planner(simulation.copy())
        here.wait((table.shuts - here.tick) % here.day)
        assert here.sim.get(table.door, "locked")
        here.wait((table.opens - here.tick) % here.day)
        assert here.sim.get(table.door, "open")


def test_who_is_shut_in_waits_until_the_gate_opens_again():
    task = made("hours", 5, "validation")
    table = task.spec.living.timetables[0]
    way = next(e for e in task.spec.exits if e.door == table.door and e.target.startswith("q_"))
    planner = Planner(Simulation(task.spec))
    planner.go_to(way.source)
    planner.open(table.door)
    planner.do(way.direction)
    planner.wait_for_hour(table.shuts)
    planner.go_to(way.source)
    assert planner.tick % planner.day == (table.opens + 1) % planner.day


def test_what_was_made_spoils_where_it_lies():
    for task in tasks_of("process"):
        keeps = task.spec.living.turning[0].after
        late = play(task, [*steps(task.stages[0]), f"wait {keeps}"])
        assert (late.success, late.reward < 0.1) == (False, True)


def test_bringing_everything_to_the_machine_is_not_the_recipe():
    task = made("process", 1)
    process = next(p for p in task.spec.living.processes if p.makes == task.question["asked"][0][0])
    actor = context_of(task).actor(task.spec)
    for thing in task.spec.things:
        if thing.portable and thing.id.startswith("q_") and thing.location:
            actor.put(thing.id, process.machine)
    actor.do(f"start {actor.name(process.machine)}")
    actor.wait(process.ticks)
    actor.put(process.makes, task.question["asked"][0][1])
    verdict = play(task, actor.commands)
    assert (verdict.goals.popitem()[1], verdict.success, verdict.reward < 0.1) == (1.0, False, True)


def test_times_kept_in_the_order_of_the_prompt_are_missed():
    for task in tasks_of("deadlines"):
        actor = context_of(task).actor(task.spec)
        for thing, room in task.question["carried"]:
            actor.put(thing, room)
        for n in task.question["told"]:
            room, begins, _ = task.question["times"][n]
            actor.go_to(room)
            actor.wait_until(begins)
        verdict = play(task, actor.commands)
        assert (verdict.success, verdict.reward < 0.1) == (False, True)


def test_what_is_put_in_its_place_late_is_not_in_time():
    for task in tasks_of("deadlines"):
        actor = context_of(task).actor(task.spec)
        for room, begins, _ in task.question["times"]:
            actor.go_to(room)
            actor.wait_until(begins)
        for thing, room in task.question["carried"]:
            actor.put(thing, room)
        verdict = play(task, actor.commands)
        late = {g.name for g in task.goals if isinstance(g.condition, Located)}
        assert late
        assert {verdict.goals[name] for name in late} == {0.0}
        assert not verdict.success
