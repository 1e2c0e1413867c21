"""The value of positions: fewest commands to success, exact, and lost where nothing helps."""

from __future__ import annotations

import asyncio

import pytest

from environments.tasks.build import make_task
from environments.tasks.families import KINDS
from environments.tasks.model import SOLITARY, Family, Goal, Located, Stage, Step, Task, Unchanged
from environments.tasks.planner import Planner
from environments.tasks.value import Position, Value, value_of
from world_fixtures.rules import Simulation
from world_fixtures.simulated import SimulatedInstance
from world_fixtures.spec import Character, Exit, Recipe, Room, Thing, WorldSpec

pytestmark = pytest.mark.once

ALL = [(family, kind) for family in SOLITARY for kind in KINDS[family]]


def positions_on_the_way(task: Task) -> list[Position]:
    """Return every position of the walkthrough."""
    position = Position.start(task)
    found = [position]
    for n, stage in enumerate(task.stages):
        if n:
            position = position.next_stage()
            found.append(position)
        for step in stage.walkthrough:
            if step.tool == "command":
                position = position.acted(step.command)
                found.append(position)
    return found


def check_walkthrough(task: Task) -> None:
    """Check that the value falls by at most one a command, to 0."""
    before: Value | None = None
    position: Position | None = None
    for there in positions_on_the_way(task):
        value = value_of(there)
        assert value.commands is not None
        assert value.commands <= task.optimal_steps - there.commands
        if before is not None and position is not None and before.exact and value.exact:
            assert before.commands is not None
            assert value.commands >= before.commands - (there.commands - position.commands)
        before, position = value, there
    assert before == Value(0, exact=True, plan=((),))


@pytest.mark.parametrize(("family", "kind"), ALL)
def test_along_a_walkthrough_the_value_falls_by_at_most_one_a_command(
    family: Family, kind: str
) -> None:
    task = make_task(family, 3, 2, kind=kind)
    check_walkthrough(task)
    assert value_of(Position.start(task)).exact


@pytest.mark.slow
@pytest.mark.parametrize(
    ("family", "kind", "difficulty"),
    [(*ALL[n], difficulty) for n in range(len(ALL)) for difficulty in ((1, 4), (3, 5))[n % 2]],
)
def test_along_walkthroughs_of_any_difficulty_the_value_falls_by_at_most_one_a_command(
    family: Family, kind: str, difficulty: int
) -> None:
    check_walkthrough(make_task(family, 3, difficulty, kind=kind))


def test_the_plan_of_a_value_reaches_success_in_as_many_commands() -> None:
    task = make_task(Family.PERSISTENCE, 1, 4, kind="promise")
    position = Position.start(task)
    value = value_of(position)
    for n, commands in enumerate(value.plan):
        if n:
            position = position.next_stage()
        for command in commands:
            position = position.acted(command)
    assert position.succeeds
    assert position.commands == value.commands


def first_lost(position: Position, commands: list[str]) -> str | None:
    """Return the command after which a task is lost for the first time."""
    for command in commands:
        position = position.acted(command)
        value = value_of(position)
        assert value.exact
        if value.commands is None:
            return command
    return None


def test_a_wrong_key_that_breaks_is_named_at_the_command_that_broke_it() -> None:
    task = make_task(Family.NAVIGATION, 0, 1, kind="locked")
    index = Position.start(task).simulation.index
    door = next(d for d in index.doors.values() if d.fragile)
    wrong = next(t for t in index.things if t.endswith("_key") and t != door.key)
    planner = Planner(Simulation(task.spec))
    planner.fetch(wrong)
    planner.reach(door.id)
    breaking = f"unlock {door.name} with {index.name(wrong)}"
    assert first_lost(Position.start(task), [*planner.commands, "look", breaking]) == breaking


def test_a_thing_that_is_used_up_is_named_at_the_command_that_used_it() -> None:
    parts = [
        Thing(id=name, name=name, desc=name, location="hall") for name in ("coin", "rod", "lid")
    ]
    spec = WorldSpec(
        name="small", title="Small",
        rooms=(Room(id="hall", name="hall", desc=""), Room(id="attic", name="attic", desc="")),
        exits=(Exit(source="hall", direction="up", target="attic"),
               Exit(source="attic", direction="down", target="hall")),
        things=(*parts, Thing(id="toy", name="toy", desc="toy", location=None)),
        recipes=(Recipe(parts=("coin", "rod"), makes="toy"),),
        characters=(Character(id="you", name="You", location="hall"),),
    )  # fmt: skip
    goal = Goal(name="up", condition=Located(entity="coin", place="attic"))
    stage = Stage(prompt="Put it.", goals=(goal,), unchanged=Unchanged(free=("coin",)),
                  walkthrough=(Step(tool="submit"),))  # fmt: skip
    task = Task(id="t", family=Family.ERRAND, kind="deliver", difficulty=1, seed=0, spec=spec,
                stages=(stage,))  # fmt: skip
    assert value_of(Position.start(task)) == Value(3, True, (("get coin", "up", "drop coin"),))
    way = ["get rod", "combine coin with rod", "up"]
    assert first_lost(Position.start(task), way) == "combine coin with rod"


def test_leaving_a_stage_without_its_evidence_loses_the_task() -> None:
    task = make_task(Family.ORIENTATION, 0, 2, kind="return")
    assert value_of(Position.start(task).next_stage()).commands is not None
    task = make_task(Family.PERSISTENCE, 0, 2, kind="recall")
    assert value_of(Position.start(task).next_stage()) == Value(None, exact=True)


def test_events_of_a_record_lead_to_the_same_position_as_the_rules() -> None:
    task = make_task(Family.PERSISTENCE, 2, 2, kind="rearrange")
    world, agent = SimulatedInstance("i", task.spec), task.spec.agent.id
    played, position = [], Position.start(task)
    for n, stage in enumerate(task.stages):
        world.simulation.arrange(stage.before)
        position = position.next_stage() if n else position
        events = [asyncio.run(world.open()).event]
        for step in stage.walkthrough[:-1]:
            events.append(world.carry_out("s", agent, step.command))
            position = position.acted(step.command)
        played.append(events)
    read = Position.of(task, played)
    assert read.simulation.state == position.simulation.state == world.simulation.state
    assert (read.stage, read.commands, read.revealed) == (1, task.optimal_steps, position.revealed)
    assert read.succeeds


def test_what_an_earlier_stage_left_out_of_place_uses_up_what_may_be() -> None:
    task = make_task(Family.PERSISTENCE, 0, 2, kind="recall")
    things = Position.start(task).simulation.index.things
    free = {e for stage in task.stages for e in stage.unchanged.free}
    taken = [t.id for t in things.values() if t.portable and not t.heavy and t.id not in free]
    planner = Planner(Simulation(task.spec))
    for thing in taken[:2]:
        planner.fetch(thing)
    position = Position.start(task.model_copy(update={"budget": 200}))
    for command in planner.commands:
        position = position.acted(command)
    for thing in taken[:2]:
        assert thing in position.out_of_place()
    assert value_of(position).commands is not None
    for evidence in task.stages[0].evidence:
        planner.read(evidence.entity)
    for command in planner.commands[position.commands :]:
        position = position.acted(command)
    assert not position.lacks()
    assert value_of(position.next_stage()) == Value(None, exact=True)


def test_a_budget_that_is_too_small_is_lost() -> None:
    task = make_task(Family.NAVIGATION, 0, 2, kind="by_name")
    fewest = value_of(Position.start(task)).commands
    assert fewest is not None
    short = task.model_copy(update={"budget": fewest - 1})
    assert value_of(Position.start(short)) == Value(None, exact=True)
    enough = task.model_copy(update={"budget": fewest})
    assert value_of(Position.start(enough)).commands == fewest
