"""Kinds about getting to places: what pays, what does not, and what the prompts mean."""

from __future__ import annotations

import random
import re

import pytest

from environments.tasks.build import kind_named, make_task
from environments.tasks.families.common import BuildContext
from environments.tasks.families.descriptions import Rooms, described
from environments.tasks.families.wandering import Walker
from environments.tasks.model import Task
from tests.environments.tasks.kinds import answered, mean, played, rewards, tasks_of
from world_fixtures.generator import generate_world
from world_fixtures.rules import Simulation
from world_fixtures.spec import OPPOSITE

pytestmark = pytest.mark.once

KINDS = (
    "navigation.by_name",
    "navigation.by_description",
    "navigation.by_directions",
    "navigation.locked",
)
ABLATED = (
    ("navigation.by_name", "oracle-prompt"),
    ("navigation.by_name", "oracle-map"),
    ("navigation.by_description", "oracle-prompt"),
    ("navigation.by_description", "oracle-map"),
    ("navigation.by_directions", "oracle-prompt"),
    ("navigation.locked", "oracle-prompt"),
    ("navigation.locked", "oracle-reading"),
    ("navigation.locked", "oracle-map"),
)


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
        context = BuildContext(task.spec, random.Random(0), task.difficulty, task.split)
        draft = kind_named(task.family, task.kind).plan(context, task.question)
        assert (draft.stages, draft.spec) == (task.stages, task.spec)


@pytest.mark.parametrize(("kind", "policy"), ABLATED)
def test_without_an_ability_there_is_next_to_nothing(kind, policy):
    assert mean(policy, tasks_of(kind)) < 0.1


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("cheat", ["blind", "forger", "random"])
def test_cheats_earn_next_to_nothing(kind, cheat):
    assert mean(cheat, tasks_of(kind)) < 0.02


@pytest.mark.parametrize("kind", KINDS)
def test_to_be_in_the_right_place_is_not_enough(kind):
    tasks = tuple(answered(t, dict.fromkeys(t.answer_fields, "somewhere")) for t in tasks_of(kind))
    assert max(rewards("oracle", tasks)) < 0.1


@pytest.mark.parametrize("kind", KINDS)
def test_the_right_answer_is_not_enough(kind):
    away = []
    for task in tasks_of(kind):
        *steps, submit = task.stages[0].walkthrough
        assert steps[-1].command
        stage = task.stages[0].model_copy(update={"walkthrough": (*steps[:-1], submit)})
        away.append(task.model_copy(update={"stages": (stage,)}))
    assert max(rewards("oracle", tuple(away))) < 0.1


@pytest.mark.parametrize("difficulty", [1, 4, 10])
def test_clauses_are_true_of_one_room_only(difficulty):
    for seed in range(4):
        spec = generate_world(seed, difficulty)
        world = Rooms(spec)
        rng = random.Random(seed)
        for room in spec.rooms:
            for text in described(world, room.id, rng, joint=difficulty >= 4):
                nouns = re.match(r"it has an? ([\w-]+)$", text)
                if nouns:
                    assert any(s.name.endswith(nouns[1]) for s in room.scenery)


def test_joint_clauses_are_true_of_other_rooms_one_by_one():
    for seed in range(3):
        task = make_task("navigation", seed, 6, kind="by_description")
        parts = {r.id: {s.name.split()[-1] for s in r.scenery} for r in task.spec.rooms}
        for asked in task.question["rooms"]:
            for text in asked["clauses"]:
                if found := re.match(r"it has an? ([\w-]+)$", text):
                    holds = [r for r, nouns in parts.items() if found[1] in nouns]
                    lying = [t for t in task.spec.things if t.name.split()[-1] == found[1]]
                    assert len(holds) + len(lying) > 1


def follow(task: Task) -> str:
    """Do what the directions say, by what the rooms show; returns the room it ends in."""
    world = Simulation(task.spec)
    sees = lambda sight: re.sub(r"^an? ", "", sight) in world.view()  # noqa: E731
    for text in task.question["steps"]:
        step = re.sub(r"^(First|Then), ", "", text).partition(" Take note")[0]
        if found := re.match(r"if you can see (.+), go (\w+); otherwise go (\w+)\.", step):
            moves = [found[2] if sees(found[1]) else found[3]]
        elif found := re.match(r"go (\w+), unless you can see (.+): in that case go (\w+)\.", step):
            moves = [found[3] if sees(found[2]) else found[1]]
        elif found := re.match(r"keep going (\w+) until you can see (.+)\.", step):
            world.act(found[1])
            while not sees(found[2]):
                assert world.act(found[1]).kind == "ok"
            continue
        else:
            moves = [re.match(r"go (\w+)\.", step)[1]]
        for move in moves:
            assert world.act(move).kind == "ok", (text, move)
    return str(world.get(task.spec.agent.id, "location"))


def test_directions_followed_to_the_letter_lead_to_the_end():
    for task in tasks_of("navigation.by_directions", each=2):
        assert follow(task) == task.question["end"]


def test_directions_have_conditions_at_every_difficulty():
    for task in tasks_of("navigation.by_directions"):
        told = " ".join(task.question["steps"])
        assert "you can see" in told
        assert not any(room.name in told for room in task.spec.rooms)


def test_random_moves_seldom_pass_named_rooms_in_order():
    done = 0
    for task in tasks_of("navigation.by_name"):
        legs, walks = [task.question["rooms"]], Walker(task.spec)
        done += sum(walks.succeeds([legs], task.budget, random.Random(n)) for n in range(20))
    assert done < 0.1 * 20 * len(tasks_of("navigation.by_name"))


def follow_blindly(task: Task, rng: random.Random) -> bool:
    """Follow directions without looking: take ways that are new, and run on to the wall."""
    world, agent = Simulation(task.spec), task.spec.agent.id
    walked: set[tuple[str, str]] = set()
    noted = ""
    for text in task.question["steps"]:
        told = re.findall(r"go(?:ing)? (\w+)", text)
        new = [d for d in told if (str(world.get(agent, "location")), d) not in walked]
        move = rng.choice(new or told)
        for _ in range(9 if "keep going" in text else 1):
            room = str(world.get(agent, "location"))
            if world.act(move).kind != "ok":
                break
            walked |= {(room, move), (str(world.get(agent, "location")), OPPOSITE[move])}
        if "Take note" in text:
            noted = str(world.get(agent, "location"))
    end = world.get(agent, "location")
    return (noted, end) == (task.question["halfway"], task.question["end"])


def test_directions_are_seldom_followed_by_ways_that_are_new():
    tasks = tasks_of("navigation.by_directions", each=2)
    led = [follow_blindly(task, random.Random(n)) for task in tasks for n in range(5)]
    assert sum(led) < 0.1 * len(led)


def test_a_locked_room_is_told_by_two_texts_and_its_lock_has_other_keys():
    for task in tasks_of("navigation.locked"):
        facts = {f for t in task.spec.things for f in t.tells}
        person = task.question["person"]
        [room] = [f.entity for f in facts if f.field == "keeper" and f.value == person]
        doors = {e.door for e in task.spec.exits if e.target == room}
        keys = {d.key for d in task.spec.doors if d.id in doors and d.locked}
        assert any(f.field == "fits" and f.entity in keys and f.value in doors for f in facts)
        assert len([t for t in task.spec.things if t.id.endswith("_key")]) >= 2
        assert task.spec.entities[room].name not in task.stages[0].prompt


def test_a_locked_room_that_was_not_read_of_earns_nothing():
    unread = []
    for task in tasks_of("navigation.locked"):
        stage = task.stages[0]
        steps = tuple(s for s in stage.walkthrough if s.command != "read folded letter")
        unread.append(
            task.model_copy(update={"stages": (stage.model_copy(update={"walkthrough": steps}),)})
        )
    assert not any(r.verdict.success for r in played("oracle", tuple(unread)) if r.verdict)
    assert max(rewards("oracle", tuple(unread))) < 0.1


def test_a_locked_room_that_was_only_looked_into_earns_nothing():
    for year in (None, 7):
        guessed = tuple(
            answered(t, {**t.stages[0].walkthrough[-1].answer, "year": year})
            for t in tasks_of("navigation.locked")
        )
        assert max(rewards("oracle", guessed)) < 0.1


def test_a_lock_that_was_added_breaks_a_wrong_key():
    for task in tasks_of("navigation.locked"):
        added = [d for d in task.spec.doors if d.id.startswith("q_")]
        assert all(d.fragile and d.locked for d in added)
        assert task.stages[0].unchanged.tolerance == 0
