"""Kinds about where one is: what pays, what does not, and what the prompts mean."""

from __future__ import annotations

import random
from functools import cache
from itertools import pairwise

import pytest

from environments.tasks.build import kind_named, make_task
from environments.tasks.families.common import BuildContext
from environments.tasks.families.places import distances, open_ways, rooms_on, shortest_routes
from environments.tasks.families.wandering import Walker
from environments.tasks.model import Family, Task
from tests.environments.tasks.kinds import answered, mean, rewards, tasks_of

pytestmark = pytest.mark.once

KINDS = ("orientation.describe", "orientation.return", "orientation.map")


def context_of(task: Task) -> BuildContext:
    return BuildContext(task.spec, random.Random(0), task.difficulty, task.split)


@pytest.mark.parametrize("kind", KINDS)
def test_the_oracle_is_paid_in_full_at_every_difficulty_of_every_split(kind):
    assert set(rewards("oracle", tasks_of(kind))) == {1.0}


@pytest.mark.parametrize("kind", KINDS)
def test_a_searcher_needs_no_more_than_the_budget(kind):
    for task in tasks_of(kind):
        assert task.search.mean + task.search.spread < task.budget


@pytest.mark.parametrize("kind", KINDS)
def test_a_question_and_the_world_of_its_task_give_the_same_task(kind):
    for task in tasks_of(kind):
        draft = kind_named(task.family, task.kind).plan(context_of(task), task.question)
        assert (draft.stages, draft.spec) == (task.stages, task.spec)


@pytest.mark.parametrize(
    ("kind", "policy"),
    [
        ("orientation.describe", "oracle-prompt"),
        ("orientation.describe", "oracle-map"),
        ("orientation.return", "oracle-memory"),
        ("orientation.return", "oracle-map"),
        ("orientation.return", "skipper"),
        ("orientation.map", "oracle-prompt"),
        ("orientation.map", "oracle-map"),
        *((kind, cheat) for kind in KINDS for cheat in ("blind", "forger", "random")),
    ],
)
def test_without_an_ability_there_is_next_to_nothing(kind, policy):
    assert mean(policy, tasks_of(kind)) < 0.1


@pytest.mark.parametrize("kind", ["orientation.describe", "orientation.map"])
def test_a_wrong_answer_earns_nothing(kind):
    wrong = {"things": ["a door"], "exits": [], "route": ["up"], "rooms": ["Attic"], "edges": []}
    tasks = tuple(answered(t, {f: wrong[f] for f in t.answer_fields}) for t in tasks_of(kind))
    assert set(rewards("oracle", tasks)) == {0.0}


def test_half_of_a_description_earns_nothing():
    tasks = []
    for task in tasks_of("orientation.describe"):
        right = task.stages[-1].walkthrough[-1].answer
        tasks.append(answered(task, {**right, "exits": [*right["exits"], "up"]}))
    assert set(rewards("oracle", tuple(tasks))) == {0.0}


def test_only_things_that_are_seen_in_the_room_count():
    for task in tasks_of("orientation.describe"):
        names = {t.name: t for t in task.spec.things}
        for name in task.stages[0].walkthrough[-1].answer["things"]:
            place = names[name].location
            holder = task.spec.entities[place]
            assert place == task.question["room"] or getattr(holder, "surface", False)


def test_a_described_room_told_by_reference_has_to_be_read_of():
    told = [t for t in tasks_of("orientation.describe", each=2) if t.question["phrase"]]
    assert told
    for task in told:
        steps = [s for s in task.stages[0].walkthrough if not s.command.startswith("read ")]
        stage = task.stages[0].model_copy(update={"walkthrough": tuple(steps)})
        unread = task.model_copy(update={"stages": (stage,)})
        assert rewards("oracle", (unread,)) == [0.0]


def test_places_are_to_be_visited_in_the_order_told_last():
    for task in tasks_of("orientation.return"):
        *first, last = task.stages
        places, order = task.question["places"], task.question["order"]
        assert task.spec.agent.location == places[0]
        assert [s.before[0].value for s in first[1:]] == places[1:]
        assert not any(stage.goals for stage in first)
        visited, located, *names = last.goals[0].condition.conditions
        assert visited.rooms == tuple(places[n] for n in order)
        assert located.place == visited.rooms[-1]
        assert [n.expected[0] for n in names] == [task.spec.entities[p].name for p in places]


def test_to_come_back_to_the_places_is_not_enough_without_their_names():
    tasks = tuple(answered(t, {}) for t in tasks_of("orientation.return"))
    assert max(rewards("oracle", tasks)) < 0.1


def first_found(ways: dict[str, dict[str, str]], start: str) -> dict[str, list[str]]:
    """Return the rooms between the start and each room, depth-first, both included."""
    trails, waiting = {start: [start]}, [start]
    while waiting:
        room = waiting[-1]
        fresh = [r for r in ways[room].values() if r not in trails]
        if not fresh:
            waiting.pop()
            continue
        trails[fresh[0]] = [*trails[room], fresh[0]]
        waiting.append(fresh[0])
    return trails


def test_the_shortest_route_is_not_the_one_by_which_rooms_were_first_found():
    routes = [t for t in maps() if t.question["ask"] == "route"]
    assert routes
    for task in routes:
        ways = open_ways(task.spec)
        trails = first_found(ways, task.spec.agent.location)
        there, here = (trails[task.question[end]] for end in ("end", "start"))
        shared = sum(a == b for a, b in zip(here, there, strict=False))
        known = [*here[shared:][::-1], here[shared - 1], *there[shared:]]
        route = task.stages[0].walkthrough[-1].answer["route"]
        assert known != rooms_on(ways, here[-1], route)


def test_random_moves_seldom_see_two_rooms_and_the_start_in_order():
    done = 0
    for task in tasks_of("orientation.describe"):
        question, start = task.question, task.spec.agent.location
        legs = [[question["room"], question["exits"], start]]
        walks = Walker(task.spec)
        done += sum(walks.succeeds([legs], task.budget, random.Random(n)) for n in range(20))
    assert done < 0.1 * 20 * len(tasks_of("orientation.describe"))


def test_the_notebook_has_a_line_for_each_place_and_no_more():
    for task in tasks_of("orientation.return"):
        notebook = task.spec.entities["q_notebook"]
        assert notebook.lines == len(task.stages) - 1
        for place in task.question["places"]:
            assert len(task.spec.entities[place].name) <= notebook.width


def test_no_prompt_before_the_last_asks_for_the_order():
    for task in tasks_of("orientation.return"):
        prompts = [stage.prompt for stage in task.stages]
        assert all("in this order" not in p for p in prompts[:-1])
        assert "in this order" in prompts[-1]


@cache
def maps() -> tuple[Task, ...]:
    return tuple(make_task(Family.ORIENTATION, seed, 8, kind="map") for seed in range(16))


def test_all_sorts_of_questions_about_maps_are_asked_and_no_exit_is_hidden():
    assert {t.question["ask"] for t in maps()} == {"route", "detour", "ring", "part"}
    assert not any(e.hidden for t in maps() for e in t.spec.exits)


def test_routes_are_the_only_shortest_ones():
    for task in maps():
        if task.question["ask"] == "route":
            route = task.stages[0].walkthrough[-1].answer["route"]
            start, end = task.question["start"], task.question["end"]
            assert shortest_routes(open_ways(task.spec), start, end) == [route]


def test_a_detour_is_another_way_than_the_one_that_is_closed():
    for task in maps():
        if task.question["ask"] == "detour":
            ways = open_ways(task.spec)
            start, end = task.question["start"], task.question["end"]
            detour = task.stages[0].walkthrough[-1].answer["route"]
            passed = rooms_on(ways, start, detour)
            assert passed[-1] == end
            assert len(detour) >= distances(ways, start)[end]
            assert set(task.question["closed"]) not in map(set, pairwise(passed))


def test_shortest_routes_stop_at_two():
    ways = {
        "a": {"north": "b", "east": "c"},
        "b": {"east": "d"},
        "c": {"north": "d"},
        "d": {},
    }
    assert shortest_routes(ways, "a", "d") == [["north", "east"], ["east", "north"]]
    assert shortest_routes(ways, "a", "b") == [["north"]]
    assert shortest_routes(ways, "d", "a") == []
