"""What stands in the world when a later conversation begins, with notes kept, wiped or swapped."""

from __future__ import annotations

import pytest

from environments.tasks import make_task
from environments.tasks.model import Family, Task
from environments.tasks.other_notes import Notes, with_notes
from world_fixtures.rules import Simulation


@pytest.fixture(scope="module")
def route() -> Task:
    return make_task(Family.PERSISTENCE, 3, 3, kind="route")


def written(task: Task, upto: int) -> dict[str, list[str]]:
    """The agent's lines when stage `upto` begins, after the walkthrough of those before."""
    simulation = Simulation(task.spec)
    for stage in task.stages[:upto]:
        simulation.arrange(stage.before)
        for step in stage.walkthrough:
            if step.tool == "command":
                simulation.act(step.command)
    simulation.arrange(task.stages[upto].before)
    agent = task.spec.agent.id
    return {
        thing.id: [
            line
            for line, hand in zip(
                simulation.get(thing.id, "inscriptions"), simulation.get(thing.id, "hands"),
                strict=True,
            )
            if hand == agent
        ]
        for thing in task.spec.things
        if thing.writable
    }  # fmt: skip


def test_kept_is_the_task_itself(route) -> None:
    assert with_notes(route, Notes.KEPT) is route


def test_wiped_leaves_nothing_in_the_agents_hand(route) -> None:
    assert any(written(route, 1).values())
    assert not any(written(with_notes(route, Notes.WIPED), 1).values())


def test_swapped_has_the_notes_of_the_next_seed_where_the_agent_writes(route) -> None:
    own = written(route, 1)
    other = written(make_task(Family.PERSISTENCE, 4, 3, kind="route"), 1)
    swapped = written(with_notes(route, Notes.SWAPPED), 1)
    assert own.keys() == swapped.keys()
    assert [lines for lines in swapped.values() if lines] == [x for x in other.values() if x]
    assert swapped != own


def test_all_else_of_the_task_stays(route) -> None:
    wiped = with_notes(route, Notes.WIPED)
    own = route.stages[1].before
    assert wiped.stages[0] == route.stages[0]
    assert wiped.stages[1].before[-len(own) :] == own
    same = {"stages": route.stages}
    assert wiped.model_copy(update=same) == route


def test_what_others_have_written_between_stages_stays_when_notes_are_wiped() -> None:
    task = make_task(Family.PERSISTENCE, 0, 2, kind="recall")
    states = []
    for notes in (Notes.KEPT, Notes.WIPED):
        simulation = Simulation(task.spec)
        for stage in with_notes(task, notes).stages:
            simulation.arrange(stage.before)
        states.append(simulation.state)
    assert states[0] == states[1]


def test_a_task_of_one_conversation_has_no_notes_to_wipe() -> None:
    task = make_task(Family.NAVIGATION, 0, 1)
    assert with_notes(task, Notes.WIPED) is task
