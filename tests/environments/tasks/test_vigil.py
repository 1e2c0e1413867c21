"""Kinds about an absence: what people did meanwhile, who it was, what to put right."""

from __future__ import annotations

from functools import cache

import pytest

from environments.tasks.build import make_task
from environments.tasks.model import Family, Stage, Task
from environments.tasks.planner import Planner
from tests.environments.tasks.kind_checks import check_kind, tasks_of, verdict_on
from tests.environments.tasks.kinds import rewards
from world_fixtures.living import CLOCK, PASSES
from world_fixtures.simulated import SimulatedInstance

NAMES = ("changed", "culprit", "restore")
each_kind = pytest.mark.parametrize("name", NAMES)


@cache
def task_of(name: str, level: int = 5, seed: int = 0) -> Task:
    return make_task(Family.VIGIL, seed, level, name)


def replaced(task: Task, number: int, *commands: str) -> list[Stage]:
    """Return the stages with other commands in one of them; it ends as before."""
    stages = list(task.stages)
    last = stages[number].walkthrough[-1]
    steps = [last.model_copy(update={"tool": "command", "command": c}) for c in commands]
    stages[number] = stages[number].model_copy(update={"walkthrough": (*steps, last)})
    return stages


@each_kind
def test_the_same_seed_gives_the_same_bytes(name: str) -> None:
    assert task_of(name).model_dump_json() == make_task(Family.VIGIL, 0, 5, name).model_dump_json()


@pytest.mark.slow
@each_kind
def test_every_task_is_sound_and_can_be_done_in_its_budget(name: str) -> None:
    check_kind(Family.VIGIL, name)


@each_kind
def test_the_oracle_is_paid_in_full(name: str) -> None:
    assert rewards("oracle", (task_of(name),)) == [1.0]


@each_kind
def test_people_move_the_things_during_the_absence_and_not_before(name: str) -> None:
    """Also where the agent stays for long in the first session."""
    task = task_of(name)
    world, agent = SimulatedInstance("i", task.spec), task.spec.agent.id
    start = world.simulation.arrange(task.stages[0].before) and world.simulation.state
    for _ in range(4):
        world.carry_out("s", agent, "wait 50")
    things = [deed[1] for deed in task.question["deeds"]]
    assert [world.simulation.get(t, "location") for t in things] == [
        start.location(t) for t in things
    ]
    world.simulation.arrange(task.stages[1].before)
    rooms = [deed[2] for deed in task.question["deeds"]]
    assert [world.simulation.get(t, "location") for t in things] == rooms
    assert any(c.entity == CLOCK and c.field == PASSES for c in task.stages[1].before)


@pytest.mark.parametrize("name", ["changed", "culprit"])
def test_nobody_is_paid_who_only_comes_at_the_end(name: str) -> None:
    """The first session is left out: what had to be seen in it was not."""
    task = task_of(name)
    stages = replaced(task, 0)
    assert verdict_on(task, stages).reward < 0.1


@each_kind
@pytest.mark.parametrize("policy", ["skipper", "waits_for_the_end", "asks_everybody", "forger"])
def test_cheats_are_refused(name: str, policy: str) -> None:
    assert rewards(policy, (task_of(name),))[0] < 0.1


@each_kind
def test_memory_is_needed(name: str) -> None:
    assert rewards("oracle-memory", (task_of(name),))[0] < 0.1


@pytest.mark.parametrize("name", ["culprit", "restore"])
def test_people_are_needed(name: str) -> None:
    assert rewards("oracle-people", (task_of(name),))[0] < 0.1


def test_who_has_taken_something_tells_nothing_true_of_it() -> None:
    task = task_of("culprit", 8)
    world, agent = SimulatedInstance("i", task.spec), task.spec.agent.id
    for stage in task.stages:
        world.simulation.arrange(stage.before)
    people = [p["person"]["id"] for p in task.question["people"]]
    for n, (culprit, thing, _) in enumerate(task.question["deeds"]):
        told = []
        for person in (culprit, task.question["witnesses"][n]):
            name = task.spec.entities[people[person]].name
            thing_name = task.spec.entities[thing].name
            room = world.simulation.get(people[person], "location")
            world.simulation.arrange([(agent, "location", room)])
            event = world.carry_out("s", agent, f"ask {name} about {thing_name}")
            told.append({f.value for f in event.reveals if f.field == "taken_by"})
        assert told[1] == {people[culprit]}
        assert people[culprit] not in told[0]


def test_nobody_tells_in_the_first_session_what_will_happen() -> None:
    task = task_of("culprit")
    world, agent = SimulatedInstance("i", task.spec), task.spec.agent.id
    world.simulation.arrange(task.stages[0].before)
    for person in task.spec.living.people:
        room = world.simulation.get(person.id, "location")
        world.simulation.arrange([(agent, "location", room)])
        for _, thing, _ in task.question["deeds"]:
            who, what = task.spec.entities[person.id].name, task.spec.entities[thing].name
            event = world.carry_out("s", agent, f"ask {who} about {what}")
            assert "I know nothing of that." in event.text


def test_what_was_moved_with_leave_has_to_stay() -> None:
    task = task_of("restore", 3)
    _, thing, room = task.question["deeds"][0]
    home = task.spec.entities[thing]
    *steps, end = task.stages[-1].walkthrough
    world, agent = SimulatedInstance("i", task.spec), task.spec.agent.id
    for stage in task.stages:
        world.simulation.arrange(stage.before)
        for step in stage.walkthrough:
            world.carry_out("s", agent, step.command or "look")
    planner = Planner(world.simulation)
    planner.put(thing, home.location)
    more = [end.model_copy(update={"tool": "command", "command": c}) for c in planner.commands]
    last = task.stages[-1].model_copy(update={"walkthrough": (*steps, *more, end)})
    assert home.location != room
    verdict = verdict_on(task, [*task.stages[:-1], last])
    assert not verdict.success
    assert verdict.reward < 0.1


def test_an_answer_counts_only_with_what_was_heard() -> None:
    task = task_of("culprit")
    asked = [s for s in task.stages[1].walkthrough if s.command.startswith("ask")]
    assert len(asked) == 2
    stage = task.stages[1]
    silent = stage.model_copy(
        update={"walkthrough": tuple(s for s in stage.walkthrough if s not in asked)}
    )
    assert not verdict_on(task, [task.stages[0], silent]).success


@pytest.mark.slow
def test_every_kind_is_made_in_every_split_and_level() -> None:
    for name in NAMES:
        assert len(tasks_of(Family.VIGIL, name)) == 12


def test_the_order_of_people_does_not_tell_who_has_taken_something() -> None:
    """Those who have, and those who saw it, come first and last alike."""
    firsts, lasts = set(), set()
    for seed in range(6):
        task = task_of("culprit", 5, seed)
        takers = {deed[0] for deed in task.question["deeds"]}
        firsts.add(0 in takers)
        lasts.add(len(task.question["people"]) - 1 in takers)
    assert firsts == lasts == {True, False}


def test_who_asks_everybody_about_a_heap_of_words_learns_nothing() -> None:
    task = task_of("culprit")
    heap = " ".join(t.name for t in task.spec.things if t.portable)
    asked = [s.command for s in task.stages[1].walkthrough if s.command.startswith("ask ")]
    assert asked
    commands = [
        f"{s.command.partition(' about ')[0]} about {heap}" if s.command in asked else s.command
        for s in task.stages[1].walkthrough
        if s.tool == "command"
    ]
    assert verdict_on(task, replaced(task, 1, *commands)).reward < 0.1
