"""Every sub-kind: solvable by its walkthrough for exactly 1.00, worth nothing for nothing."""

from __future__ import annotations

import subprocess
import sys
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from environments.tasks.build import KINDS, make_task
from environments.tasks.matching import match
from environments.tasks.model import Answered, Family, Task
from environments.tasks.verdict import Weights, judge
from world_fixtures.protocol import Event
from world_fixtures.rules import Simulation
from world_fixtures.spec import Door, Exit, Room

ALL_KINDS = [(family, kind) for family in Family for kind in KINDS[family]]


def walk(task: Task):
    """The verdict on the walkthrough, played in memory."""
    world, events, answer = Simulation(task.spec), [], None
    for session, stage in enumerate(task.stages, start=1):
        for command in stage.meanwhile:
            assert world.act(command, task.spec.characters[1].id).kind == "ok"
        commands = [s.command for s in stage.walkthrough if s.tool == "command"]
        for command in ["look", *commands]:
            room, outcome = world.get(task.spec.agent.id, "location"), world.act(command)
            assert outcome.kind == "ok", (command, outcome.text)
            arrived = not events or events[-1].session != f"s{session}"
            events.append(
                Event(
                    seq=len(events) + 1, ts=0, instance="i", session=f"s{session}",
                    actor=task.spec.agent.id, room=room, raw=command,
                    verb="connect" if arrived else outcome.verb, args=outcome.args,
                    objects=outcome.objects, text=outcome.text, kind=outcome.kind,
                    changes=outcome.changes, state_hash="", ms=0,
                )
            )  # fmt: skip
        answer = next((s.answer for s in stage.walkthrough if s.tool == "submit"), answer)
    return judge(task, world.state, events, answer)


@pytest.mark.parametrize(("family", "kind"), ALL_KINDS)
def test_the_walkthrough_earns_everything_and_nothing_earns_nothing(family, kind):
    for seed in range(6):
        task = make_task(family, seed, 4, kind=kind)
        verdict = walk(task)
        assert (verdict.reward, verdict.success) == (1.0, True), verdict.reasons
        idle = judge(task, Simulation(task.spec).state, [], {})
        assert (idle.reward, idle.success) == (0.0, False)


@pytest.mark.parametrize(("family", "kind"), ALL_KINDS)
def test_an_answer_without_the_looking_is_worth_little(family, kind):
    task = make_task(family, 3, 4, kind=kind)
    answer = task.stages[-1].walkthrough[-1].answer
    verdict = judge(task, Simulation(task.spec).state, [], answer)
    assert verdict.reward < 0.25
    assert not verdict.success


def test_no_prompt_of_the_last_stage_holds_its_answer():
    for family, kind in ALL_KINDS:
        if kind == "compare":  # asks which of two that it names
            continue
        for seed in range(5):
            task = make_task(family, seed, 4, kind=kind)
            words = task.stages[-1].prompt.replace(".", " ").replace(",", " ").split()
            for goal in task.goals:
                if isinstance(goal.condition, Answered) and goal.condition.match == "text":
                    assert goal.condition.expected[0] not in words, task.id


@cache
def easy_tasks() -> list[Task]:
    return [make_task(family, 1, 1) for family in Family]


@given(st.dictionaries(st.sampled_from(["room", "things", "value", "edges", "sum"]), st.one_of(
    st.text(max_size=20), st.integers(), st.floats(), st.none(), st.booleans(),
    st.lists(st.one_of(
        st.text(max_size=9), st.lists(st.text(max_size=5)), st.dictionaries(st.text(), st.text())
    )),
)))  # fmt: skip
def test_any_answer_gets_a_reward_between_0_and_1(answer):
    for task in easy_tasks():
        verdict = judge(task, Simulation(task.spec).state, [], answer)
        assert 0 <= verdict.reward <= 1


def test_only_the_doors_on_the_way_are_to_be_unlocked(cottage):
    """Also where the name of a door begins as that of another that stays locked."""
    doors = (
        Door(id="oak_door", name="Oak Doorway", desc="Oak.", locked=True, key="brass_key"),
        Door(id="vault", name="Oak Door", desc="Oak.", locked=True, key="iron_key"),
    )
    vault = (
        Exit(source="hall", direction="north", target="attic", door="vault"),
        Exit(source="attic", direction="south", target="hall", door="vault"),
    )
    attic = Room(id="attic", name="Attic", desc="An attic.")
    spec = cottage.model_copy(
        update={
            "rooms": (*cottage.rooms, attic), "exits": (*cottage.exits, *vault), "doors": doors,
        }
    )  # fmt: skip
    expected = {
        "Study": {"unlocks the Oak Doorway"},
        "Nook": {"unlocks the Oak Doorway"},
        "Attic": {"unlocks the Oak Door"},
    }
    met = set()
    for seed in range(12):
        task = make_task(Family.NAVIGATION, seed, 1, kind="locked", world=(spec, ()))
        goals = {g.name for g in task.goals}
        room = next(g.name for g in task.goals if g.final).removeprefix("is in the ")
        assert {g for g in goals if g.startswith("unlocks")} == expected[room]
        verdict = walk(task)
        assert (verdict.reward, verdict.success) == (1.0, True), verdict.reasons
        met.add(room)
    assert met == set(expected)


def test_answers_are_matched_without_fuss_but_not_by_substring():
    text = Answered(field="a", expected=("Clara Winter",))
    assert match(text, {"a": " the clara  winter. "}) == 1
    assert match(text, {"a": "Clara Winter or Johanna Reiss"}) == 0
    assert match(text, {"a": ["Clara Winter"]}) == 0
    number = Answered(field="a", match="number", expected=("257",))
    assert match(number, {"a": "257"}) == match(number, {"a": 257.0}) == 1
    assert match(number, {"a": "257 or 258"}) == 0
    names = Answered(field="a", match="set", expected=("Table", "Lamp"))
    assert match(names, {"a": "lamp, the table"}) == 1
    assert match(names, {"a": [str(n) for n in range(50)] + ["Lamp", "Table"]}) == 0
    edges = Answered(field="a", match="edges", expected=("Hall | up | Loft",))
    assert match(edges, {"a": [["hall", "up", "loft"]]}) == 1
    assert match(edges, {"a": [{"from": "Hall", "direction": "up", "to": "Loft"}]}) == 1


def test_the_same_task_in_any_process():
    program = (
        "from environments.tasks.build import make_task;"
        "from environments.tasks.model import Family;"
        "print([make_task(f, 11, 3).model_dump_json() for f in Family])"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", program], env={"PYTHONHASHSEED": seed, "PYTHONPATH": "."},
            capture_output=True, text=True, check=True,
        ).stdout
        for seed in ("1", "2")
    }  # fmt: skip
    assert len(outputs) == 1


def test_weights_must_sum_to_one():
    with pytest.raises(ValueError, match="sum to 1"):
        Weights(outcome=0.9)
