"""Tasks made by hand: a world by its name, every error at once, and none in tasks that are made."""

from __future__ import annotations

import random
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from environments.tasks.build import KINDS
from environments.tasks.families import add_kind
from environments.tasks.model import Family
from environments.tasks.soundness import problems_in
from environments.tasks.suites import load_suite
from tests.environments.tasks.kinds import task_of
from world_fixtures.common import UserError

HOUSE = """\
name: my_house
title: My House
rooms:
  - {id: hall, name: Hall, desc: A hall.}
  - {id: study, name: Study, desc: A study.}
exits:
  - {source: hall, direction: north, target: study}
  - {source: study, direction: south, target: hall}
things:
  - {id: counter, name: Counter, desc: A counter., location: hall, portable: false, surface: true}
  - {id: ledger, name: Ledger, desc: A book., location: study, text: Begun in 1731.}
characters:
  - {id: you, name: Timmy, location: hall}
"""
TASK = """\
world: my_house.yaml
family: errand
stages:
  - prompt: Put the Ledger on the Counter, and tell when it was begun.
    goals:
      - name: the Ledger is on the Counter
        condition: {type: located, entity: ledger, place: counter}
      - name: tells the year
        condition: {type: answered, field: year, match: number, expected: ["1731"]}
        after: [the Ledger is on the Counter]
    evidence:
      - {field: year, entity: ledger, fact: text}
    unchanged: {free: [ledger]}
    walkthrough:
      - north
      - get ledger
      - read ledger
      - south
      - put ledger on counter
      - submit: {year: 1731}
"""


@pytest.fixture
def task(tmp_path: Path) -> Path:
    (tmp_path / "my_house.yaml").write_text(HOUSE)
    path = tmp_path / "ledger.yaml"
    path.write_text(TASK)
    return path


def told(path: Path) -> list[str]:
    with pytest.raises(UserError) as caught:
        load_suite(str(path))
    return str(caught.value).splitlines()


def test_a_task_names_its_world_and_is_a_suite_of_one(task: Path) -> None:
    (made,) = load_suite(str(task)).tasks
    assert (made.id, made.kind, made.spec.name) == ("ledger", "own", "my_house")
    assert [step.tool for step in made.stages[0].walkthrough] == ["command"] * 5 + ["submit"]
    assert made.optimal_steps == 5


@pytest.mark.parametrize("world", ["my_house.yaml", "my_house", "timmy_home"])
def test_a_world_is_one_beside_the_file_or_of_the_library(tmp_path: Path, world: str) -> None:
    (tmp_path / "my_house.yaml").write_text(HOUSE)
    path = tmp_path / "go.yaml"
    path.write_text(f"""\
- id: go
  world: {world}
  family: navigation
  stages:
    - prompt: Go away.
      goals: [{{name: looks, condition: {{type: did, verb: look, entity: {
        "gate" if world == "timmy_home" else "hall"
    }}}}}]
      walkthrough: [look, {{submit: {{}}}}]
""")
    assert load_suite(str(path)).tasks[0].spec.name == world.removesuffix(".yaml")


def test_a_suite_names_the_files_of_tasks(task: Path) -> None:
    suite = task.with_name("all.yaml")
    suite.write_text(
        "- {task: ledger.yaml}\n- {family: navigation, difficulty: 1, seed: 0, world: timmy_home}\n"
    )
    assert load_suite(str(suite)).tasks[0].id == "ledger"
    suite.write_text("- {task: ledgr.yaml}\n")
    missing = task.with_name("ledgr.yaml")
    assert told(suite) == [f"{suite}:1: task 1.task: there is no file {missing}"]


@pytest.mark.parametrize(
    ("right", "wrong", "line", "part"),
    [
        ("place: counter", "place: countr", 7, "goals.0.condition.place: there is no place 'countr'"
         " in this world (did you mean 'counter'?)"),
        ("entity: ledger, place", "entity: legder, place", 7, "(did you mean 'ledger'?)"),
        ("type: located", "type: lokated", 7, "(did you mean 'located'?)"),
        ("after: [the Ledger", "after: [The Ledger", 10, "(did you mean 'the Ledger is"),
        ("fact: text", "fact: txt", 12, "(did you mean 'text'?)"),
        ("{field: year, entity", "{field: yaer, entity", 12, "(did you mean 'year'?)"),
        ("free: [ledger]", "free: [legder]", 13, "(did you mean 'ledger'?)"),
        ("submit: {year", "submit: {yaer", 20, "(did you mean 'year'?)"),
        ("place: counter", "place: ledger", 7, "neither container nor surface"),
        ("family: errand", "family: erand", 2, "(did you mean 'errand'?)"),
        ("my_house.yaml", "my_huose.yaml", 1, "no world 'my_huose.yaml'"),
        ('["1731"]', '["MDCC"]', 9, "is no number"),
        ("      - submit: {year: 1731}\n", "", 19, "ends with `submit`"),
        ("walkthrough:", "walktrough:", 14, "(did you mean 'walkthrough'?)"),
    ],
)  # fmt: skip
def test_what_can_never_be_met_is_told_with_line_place_and_name(
    task: Path, right, wrong, line, part
) -> None:
    assert right in TASK
    task.write_text(TASK.replace(right, wrong, 1))
    found = told(task)
    assert any(f.startswith(f"{task}:{line}: ") and part in f for f in found), found


def test_errors_of_the_world_and_of_all_tasks_are_told_at_once(task: Path) -> None:
    house = task.with_name("my_house.yaml")
    house.write_text(HOUSE.replace("target: study", "target: studdy"))
    task.write_text(TASK.replace("place: counter", "place: countr").replace("errand", "erand"))
    suite = task.with_name("all.yaml")
    suite.write_text(
        "tasks:\n  - {task: ledger.yaml}\n"
        "  - {family: errand, difficulty: 11, seed: 0, world: my_house.yaml}\n"
        "  - {family: erand, difficulty: 1, seed: 0}\n"
    )
    found = told(suite)
    assert [f.split(": ", 1)[0] for f in found] == [
        f"{suite}:1", f"{suite}:3", f"{suite}:4", f"{task}:2", f"{task}:7", "my_house.yaml:7",
    ]  # fmt: skip


def test_what_cannot_be_read_makes_no_untrue_error(task: Path) -> None:
    task.write_text(TASK.replace("match: number", "mach: number"))
    (only,) = told(task)
    assert "(did you mean 'match'?)" in only


def test_a_world_is_no_suite_and_that_is_said(task: Path) -> None:
    (line,) = told(task.with_name("my_house.yaml"))
    assert "this is a world" in line


GOALS = [
    ({"type": "holds", "entity": "counter", "field": "opn", "value": True}, "no field 'opn'"),
    ({"type": "inscribed", "entity": "ledger", "text": "x"}, "is not writable"),
    ({"type": "visited", "rooms": ["hall", "studdy"]}, "did you mean 'study'?"),
    ({"type": "did", "verb": "reed", "entity": "ledger"}, "did you mean 'read'?"),
    ({"type": "present", "room": "hall", "begins": 1, "ends": 2}, "no time passes"),
    ({"type": "told", "person": "you", "text": "x"}, "no person 'you'"),
    ({"type": "answered", "field": "a", "known": {"asks": "where", "entity": "ledgr", "stage": 0}},
     "did you mean 'ledger'?"),
    ({"type": "answered", "field": "a", "known": {"asks": "where", "entity": "ledger", "stage": 1}},
     "no stage 1"),
    ({"type": "answered", "field": "a"}, "say what is expected"),
    ({"type": "together", "conditions": [{"type": "located", "entity": "you", "place": "counter"}]},
     "those are in rooms alone"),
]  # fmt: skip


@pytest.mark.parametrize(("condition", "part"), GOALS)
def test_goals_of_every_type_are_checked(task: Path, condition, part) -> None:
    spec = load_suite(str(task)).tasks[0].spec
    data = {"stages": [{"goals": [{"name": "x", "condition": condition}]}]}
    (problem,) = problems_in(data, spec)
    assert part in problem.message


@pytest.mark.once
@pytest.mark.parametrize("difficulty", [1, 4])
@pytest.mark.parametrize("family", list(KINDS))
def test_nothing_is_wrong_in_tasks_that_are_made(family, difficulty: int) -> None:
    for kind in KINDS[family]:
        task = task_of(f"{family}.{kind}", difficulty)
        data = task.model_dump(mode="json", exclude={"spec"})
        assert [p for p in problems_in(data, task.spec) if "free" not in p.place] == []


def test_a_kind_of_ones_own_needs_a_name_of_its_own() -> None:
    kind = next(iter(KINDS[Family.ERRAND].values()))
    with pytest.raises(ValueError, match="choose another name"):
        add_kind(kind)


def mutated(data: Any, rng: random.Random) -> Any:
    """The data with one of its values or keys replaced by what does not belong there."""
    odd = [None, True, -1, 1e300, "", "x" * 70, "north", [], {}, [[]], {"a": 1}, [1, "hall"]]
    if not isinstance(data, dict | list) or not data or rng.random() < 0.15:
        return rng.choice(odd)
    if isinstance(data, list):
        place = rng.randrange(len(data))
        if rng.random() < 0.2:
            return [*data, data[place]]
        return [*data[:place], mutated(data[place], rng), *data[place + 1 :]]
    key = rng.choice(list(data))
    changed = mutated(data[key], rng)
    if rng.random() < 0.2:
        return {k: v for k, v in data.items() if k != key}
    return {(f"{k}s" if k == key and rng.random() < 0.1 else k): v for k, v in data.items()} | {
        key: changed
    }


@pytest.mark.parametrize("seed", range(4))
def test_whatever_a_file_holds_is_told_in_lines_that_name_it(task: Path, seed: int) -> None:
    rng = random.Random(seed)
    house = task.with_name("my_house.yaml")
    for _ in range(12):
        world, own = yaml.safe_load(HOUSE), yaml.safe_load(TASK)
        if rng.random() < 0.5:
            world = mutated(mutated(world, rng), rng)
        else:
            own = mutated(mutated(own, rng), rng)
        house.write_text(yaml.safe_dump(world))
        task.write_text(yaml.safe_dump(own))
        try:
            load_suite(str(task))
        except UserError as error:
            lines = str(error).splitlines()
            assert all(re.match(r"\S+\.yaml(:\d+)?: \S", line) for line in lines), lines
