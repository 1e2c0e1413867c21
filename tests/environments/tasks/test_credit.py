"""Credit: worlds that agree with what was observed, regrets in their parts, and the potential."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from functools import cache
from itertools import accumulate

import pytest

from environments.tasks.build import KINDS, make_task
from environments.tasks.credit.observed import agrees
from environments.tasks.credit.potential import potential, shaping
from environments.tasks.credit.regret import Regret, regrets
from environments.tasks.credit.resample import resampled
from environments.tasks.credit.searching import Search
from environments.tasks.families.descriptions import Rooms, rooms_meant
from environments.tasks.model import SOLITARY, Family, Task
from environments.tasks.planner import Planner
from environments.tasks.value import Position, value_of
from environments.tasks.verdict import Played, judge
from world_fixtures.facts import Fact
from world_fixtures.generator.relations import redrawn, tellings
from world_fixtures.protocol import Event
from world_fixtures.rules import Simulation
from world_fixtures.simulated import SimulatedInstance

pytestmark = pytest.mark.once

ALL = [f"{family}.{name}" for family in SOLITARY for name in KINDS[family]]


@cache
def made(kind: str, seed: int = 3, difficulty: int = 2) -> Task:
    family, name = kind.split(".")
    return make_task(Family(family), seed, difficulty, name)


def walkthrough(task: Task) -> list[list[str]]:
    return [[s.command for s in stage.walkthrough if s.tool == "command"] for stage in task.stages]


def play(task: Task, commands: Sequence[Sequence[str]]) -> tuple[list[list[Event]], list[Played]]:
    """Play the commands of each stage; return the events, and what there is to judge."""
    return asyncio.run(_play(task, commands))


async def _play(
    task: Task, commands: Sequence[Sequence[str]]
) -> tuple[list[list[Event]], list[Played]]:
    instance = SimulatedInstance("i", task.spec)
    events, played = [], []
    for stage, given in zip(task.stages, commands, strict=False):
        await instance.arrange(stage.before)
        session = await instance.open()
        events.append([session.event])
        events[-1] += [await session.command(command) for command in given]
        await session.close()
        played.append(Played(events[-1], await instance.state()))
    return events, played


def half(task: Task) -> list[list[str]]:
    """The first half of the walkthrough's commands."""
    left = task.optimal_steps // 2
    given = []
    for commands in walkthrough(task):
        given.append(commands[:left])
        left -= len(commands)
        if left < 0:
            break
    return given


def texts(events: Sequence[Sequence[Event]]) -> list[str]:
    return [event.text for stage in events for event in stage]


@pytest.mark.parametrize("kind", ALL)
def test_a_resampled_world_shows_the_same_and_the_task_can_be_done_in_it(kind):
    task = made(kind)
    given = half(task)
    events, _ = play(task, given)
    worlds = resampled(task, events, "k", 3)
    assert worlds
    for other in worlds:
        assert texts(play(other, given)[0]) == texts(events)
        assert [s.prompt for s in other.stages] == [s.prompt for s in task.stages]
        assert other.spec != task.spec
        answer = other.stages[-1].walkthrough[-1].answer
        assert judge(other, play(other, walkthrough(other))[1], answer).success


def test_worlds_are_distinct_and_follow_from_the_key():
    task = made("navigation.by_name", 1)
    events, _ = play(task, half(task))
    worlds = resampled(task, events, "k", 5)
    assert len({w.spec.hash for w in worlds}) == 5
    assert [w.spec.hash for w in resampled(task, events, "k", 5)] == [w.spec.hash for w in worlds]
    assert [w.spec.hash for w in resampled(task, events, "l", 5)] != [w.spec.hash for w in worlds]


@pytest.mark.parametrize("kind", ["orientation.describe", "errand.deliver"])
def test_there_are_as_many_worlds_as_asked_for_while_there_is_much_to_see(kind):
    task = made(kind, 5)
    assert len(resampled(task, play(task, half(task))[0], "k", 8)) == 8


def test_what_was_not_seen_is_elsewhere_in_some_world():
    task = made("navigation.by_name")
    events, _ = play(task, [[]])
    ends = {
        tuple((e.id, e.target) for e in w.spec.exits if e.source == task.spec.agent.location)
        for w in resampled(task, events, "k", 10)
    }
    assert len(ends) > 1


def test_a_task_that_no_kind_made_has_no_other_worlds():
    task = made("navigation.by_name").model_copy(update={"question": {}})
    assert resampled(task, play(task, [[]])[0], "k") == ()


def test_a_world_that_shows_something_else_does_not_agree():
    task = made("navigation.by_name")
    events, _ = play(task, walkthrough(task))
    other = next(iter(resampled(task, play(task, [[]])[0], "k", 1)))
    assert agrees(task, events)
    assert not agrees(other, events)


def test_what_texts_told_is_not_drawn_anew():
    spec = made("inspection.read").spec
    told = [fact for fact, _ in tellings(spec)]
    known = told[: len(told) // 2]
    for seed in range(5):
        new = {fact for fact, _ in tellings(redrawn(spec, random.Random(seed), "", known))}
        assert new.issuperset(known)
        assert new != set(told)


@pytest.mark.parametrize("seed", range(4))
def test_the_clauses_of_a_task_mean_the_room_that_they_describe(seed):
    task = made("navigation.by_description", seed, 4)
    for found in task.question["rooms"]:
        assert rooms_meant(Rooms(task.spec), found["clauses"]) == {found["room"]}


@pytest.mark.parametrize("kind", ALL)
def test_a_search_from_here_ends_where_the_walkthrough_does(kind):
    task = made(kind)
    search = Search(task)
    start, end = play(task, [[]])[0], play(task, walkthrough(task))[0]
    assert search.expected(end, "k") == 0
    assert task.optimal_steps / 2 <= search.expected(start, "k") <= task.budget


def test_a_search_goes_straight_where_the_way_is_known():
    task = made("orientation.describe", difficulty=1)
    there = walkthrough(task)[0]
    back = next(n for n in range(len(there)) if _left(task, there[:n]) == len(there) - n)
    assert back < len(there) - 1
    assert _left(task, []) > len(there)


def _left(task: Task, commands: Sequence[str]) -> float:
    return Search(task).expected(play(task, [commands])[0], "k")


def parts(found: Sequence[Regret]) -> list[float]:
    return [r.mistake + r.search + r.unknown for r in found]


def test_regrets_sum_to_the_commands_beyond_the_optimum():
    task = made("inspection.read", 4, 1)
    there, *rest = walkthrough(task)[0]
    back = {"north": "south", "south": "north", "east": "west", "west": "east"}[there]
    given = [there, back, there, *rest]
    found = regrets(task, play(task, [given])[0], worlds=2)
    assert [r.command for r in found] == given
    assert sum(r.regret for r in found) == 2
    assert parts(found) == pytest.approx([r.regret for r in found])
    assert all(r.exact and min(r.mistake, r.search) >= 0 for r in found)


def test_regrets_of_a_rollout_that_stopped_early_add_what_was_left():
    task = made("errand.deliver", 1, 1)
    events, _ = play(task, [walkthrough(task)[0][:2]])
    found = regrets(task, events, worlds=1)
    start, end = (value_of(Position.of(task, e)).commands for e in ([[]], events))
    assert sum(r.regret for r in found) == 2 + end - start


def test_following_the_walkthrough_is_no_mistake():
    task = made("navigation.by_directions", 1, 1)
    found = regrets(task, play(task, walkthrough(task))[0], worlds=1)
    assert sum(r.regret for r in found) > 0
    assert sum(r.mistake for r in found) == 0


def test_an_honest_step_in_the_wrong_direction_is_no_mistake():
    task = made("inspection.read", 4, 1)
    assert walkthrough(task)[0][0] == "east"
    (found,) = regrets(task, play(task, [["north"]])[0], worlds=10)
    assert (found.regret, found.mistake, found.luck) == (2, 0, True)
    assert found.search < 1 < found.unknown


def test_a_step_that_shows_nothing_new_is_a_mistake():
    task = made("navigation.by_name", difficulty=1)
    events, _ = play(task, [["look"]])
    (found,) = regrets(task, events, worlds=5)
    assert (found.regret, found.mistake, found.search, found.luck) == (1, 1, 0, False)
    assert (found.told, found.blame) == (True, 1)


def test_going_to_and_fro_costs_what_a_searcher_would_not_spend():
    task = made("inspection.read", 4, 1)
    way = walkthrough(task)[0][0]
    back = {"north": "south", "south": "north", "east": "west", "west": "east"}[way]
    events, _ = play(task, [[way, back, way]])
    there = regrets(task, events, worlds=3)[1:]
    assert sum(r.regret for r in there) == 2
    assert sum(r.mistake + r.search for r in there) >= 2


def test_reading_what_has_to_be_known_is_no_mistake():
    task = made("navigation.locked", difficulty=1)
    commands = walkthrough(task)[0]
    first = next(n for n, c in enumerate(commands) if c.startswith("read"))
    found = regrets(task, play(task, [commands[: first + 1]])[0], worlds=1)
    assert found[first].command.startswith("read")
    assert found[first].mistake == 0


def test_a_note_for_a_later_stage_is_no_mistake():
    task = made("orientation.return", difficulty=1)
    found = regrets(task, play(task, walkthrough(task)[:1])[0], worlds=4)
    assert found[0].command.startswith("write")
    assert (found[0].regret, found[0].blame) == (1, 0)


def test_leaving_a_stage_too_early_is_the_mistake_that_lost_it():
    task = next(
        t for t in (made("persistence.restart"), made("persistence.recall"))
        if not Position.start(t).next_stage().succeeds and Position.start(t).next_stage().missed
    )  # fmt: skip
    found = regrets(task, play(task, [[], []])[0], worlds=2)
    assert [(r.command, r.lost) for r in found] == [("", True)]
    assert found[0].mistake == found[0].regret > 0


def test_the_command_that_makes_success_impossible_is_named():
    task = made("navigation.locked", difficulty=1)
    goals = {g.name for g in task.goals}
    door = next(d for d in task.spec.doors if f"unlocks the {d.name}" in goals)
    actor = Planner(Simulation(task.spec))
    keys = [t.id for t in task.spec.things if t.name.endswith("key")]
    other = next(k for k in keys if k != door.key)
    actor.fetch(other)
    actor.reach(door.id)
    wrong = f"unlock {door.name} with {actor.name(other)}"
    events, _ = play(task, [[*actor.commands, wrong, "look"]])
    found = regrets(task, events, worlds=0)
    lost = [r for r in found if r.lost]
    assert [r.command for r in lost] == [wrong]
    assert lost[0].mistake == lost[0].regret
    assert found[-1].regret == 0
    optimum = value_of(Position.start(task)).commands
    assert sum(r.regret for r in found) == task.budget + 1 - optimum


def test_a_budget_spent_in_vain_costs_what_was_left():
    task = made("inspection.read", difficulty=1)
    events, _ = play(task, [["look"] * task.budget])
    found = regrets(task, events, worlds=0)
    optimum = value_of(Position.start(task)).commands
    assert sum(r.regret for r in found) == task.budget + 1 - optimum
    assert not any(r.lost or r.told for r in found)


@pytest.mark.parametrize("kind", ["navigation.by_name", "errand.deliver", "orientation.return"])
def test_the_potential_adds_what_does_not_depend_on_the_play(kind):
    task = made(kind)
    rng = random.Random(kind)
    position = Position.start(task)
    positions = [position]
    for _ in range(12):
        position = position.acted(rng.choice(("north", "south", "east", "west", "look")))
        positions.append(position)
    start = potential(task, positions[0])
    assert 0 < start < 1
    for turns in (1, 5, 12):
        assert sum(shaping(task, positions[: turns + 1])) == pytest.approx(-start)


def test_the_potential_rises_towards_success_and_is_0_where_it_is_lost():
    task = made("navigation.by_name")
    commands = walkthrough(task)[0]
    way = accumulate(commands, Position.acted, initial=Position.start(task))
    found = [potential(task, position) for position in way]
    assert found == sorted(found)
    assert found[-1] == 1
    wasted = Position.start(task)
    for _ in range(task.budget):
        wasted = wasted.acted("look")
    assert potential(task, wasted) == 0


def test_shaping_discounts_what_comes_later():
    task = made("navigation.by_name")
    start = Position.start(task)
    positions = [start, start.acted("look"), start]
    now, later = (potential(task, p) for p in positions[:2])
    assert shaping(task, positions, 0.5) == pytest.approx([0.5 * later - now, -later])


def test_facts_compare_whatever_they_came_as():
    task = made("navigation.by_name")
    events, _ = play(task, half(task))
    stored = [[Event.model_validate_json(e.model_dump_json()) for e in s] for s in events]
    assert agrees(task, stored)
    assert isinstance(stored[0][0].reveals[0], tuple)
    assert not isinstance(stored[0][0].reveals[0], Fact)
