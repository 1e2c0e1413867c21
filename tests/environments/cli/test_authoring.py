"""An author's way: new files that pass at once, and commands that tell what is wrong with them."""

from __future__ import annotations

import io
import json
import shutil
from contextlib import chdir
from pathlib import Path

import jsonschema
import pytest
import yaml

from environments.cli import main
from environments.cli.new import schema_text
from environments.tasks.authoring import FORMS, Form, new_suite, new_task, new_world, schema_of
from environments.tasks.suites import load_suite
from world_fixtures.library import HERE, library_worlds, load_world, parse_world

pytestmark = pytest.mark.usefixtures("prefork")


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty directory to work in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(line: str) -> int:
    return main(line.split())


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with a world, a task and a suite as `new` writes them."""
    directory = tmp_path_factory.mktemp("written")
    with chdir(directory):
        assert run("new world my_house") == 0
        assert run("new task ledger --world my_house.yaml") == 0
        assert run("new suite mine --world my_house.yaml --task ledger.yaml") == 0
    return directory


@pytest.fixture
def files(here: Path, written: Path) -> Path:
    """A copy of those files to work with."""
    shutil.copytree(written, here, dirs_exist_ok=True)
    return here


def test_new_files_pass_their_checks_as_they_are(files: Path, capsys) -> None:
    assert run("worlds check my_house.yaml") == 0
    assert run("tasks verify ledger.yaml") == 0
    assert run("tasks verify mine.yaml") == 0
    assert "9 of 9 solved" in capsys.readouterr().out


@pytest.mark.parametrize("form", FORMS)
def test_nothing_is_overwritten(here: Path, capsys, form: Form) -> None:
    (here / "mine.yaml").write_text("precious")
    assert run(f"new {form} mine") == 2
    assert "mine.yaml is there already" in capsys.readouterr().err
    assert (here / "mine.yaml").read_text() == "precious"


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("new world My-House", "such as my_house"),
        ("new world nowhere/house", "there is no directory nowhere"),
        ("new task t --world timy_home", "did you mean 'timmy_home'?"),
        ("new suite s --task nothing.yaml", "nothing.yaml"),
        ("schema houses", "choose from world, task, suite"),
    ],
)
def test_what_cannot_be_begun_is_told_in_a_line(here: Path, capsys, line, told) -> None:
    assert run(line) == 2
    error = capsys.readouterr().err
    assert told in error
    assert error.count("\n") == 1
    assert not list(here.iterdir())


@pytest.mark.parametrize("world", library_worlds())
def test_a_task_can_be_begun_in_every_world_of_the_library(here: Path, world: str) -> None:
    (here / "task.yaml").write_text(new_task("task", load_world(world), world))
    (task,) = load_suite("task.yaml").tasks
    assert task.optimal_steps > 0


def test_editors_find_the_schema_of_a_file_beside_it(files: Path) -> None:
    for form, name in (("world", "my_house"), ("task", "ledger"), ("suite", "mine")):
        first, *_ = (files / f"{name}.yaml").read_text().splitlines()
        assert first == f"# yaml-language-server: $schema={form}.schema.json"
        assert (files / f"{form}.schema.json").read_text() == schema_text(form)


def checked(form: Form, data: object) -> list[str]:
    validator = jsonschema.Draft202012Validator(schema_of(form))
    return [error.message for error in validator.iter_errors(data)]


def test_the_schemas_accept_what_is_sound() -> None:
    house = new_world("house")
    spec = parse_world(house, "house.yaml")
    assert checked("world", yaml.safe_load(house)) == []
    for world in library_worlds():
        assert checked("world", yaml.safe_load((HERE / f"{world}.yaml").read_text())) == []
    assert checked("task", yaml.safe_load(new_task("task", spec, "house.yaml"))) == []
    made = yaml.safe_load(new_suite("suite", spec, "house.yaml", ["task.yaml"]))
    assert checked("suite", made) == []
    assert checked("suite", made["tasks"]) == []


def test_the_schemas_refuse_what_is_not() -> None:
    house = yaml.safe_load(new_world("house"))
    task = yaml.safe_load(new_task("task", load_world("timmy_home"), "timmy_home"))
    for form, data in (
        ("world", house | {"roms": []}),
        ("world", house | {"exits": [{"source": "hall", "direction": "nort", "target": "study"}]}),
        ("task", {key: value for key, value in task.items() if key != "world"}),
        ("task", task | {"family": "erand"}),
        ("suite", {"name": "mine", "tasks": [{"family": "errand", "seed": 1}]}),
    ):
        assert checked(form, data)


def test_the_schemas_say_what_fields_are_for(capsys) -> None:
    assert run("schema world") == 0
    schema = json.loads(capsys.readouterr().out)
    dark = schema["$defs"]["Room"]["properties"]["dark"]
    assert dark["description"].startswith("Nothing but the exits can be seen")
    assert "time and people" in schema["properties"]["living"]["description"].casefold()


def test_the_step_that_fails_is_named(files: Path, capsys) -> None:
    task = files / "ledger.yaml"
    task.write_text(task.read_text().replace("- open sea chest", "- open see box"))
    assert run("tasks verify ledger.yaml") == 1
    shown = capsys.readouterr().out
    assert "not solved: ledger, reward " in shown
    assert "part 1, step 7 of 9 of the walkthrough, 'open see box': " in shown
    assert shown.index("step 7") < shown.index("step 8") < shown.index("goal not met")
    assert "step 6" not in shown


def test_a_budget_that_is_too_small_is_named(files: Path, capsys) -> None:
    task = files / "ledger.yaml"
    task.write_text(task.read_text().replace("budget: 29", "budget: 7"))
    assert run("tasks verify ledger.yaml") == 1
    assert (
        "step 8 of 9 of the walkthrough, 'read ledger': the 7 commands" in capsys.readouterr().out
    )


def test_a_typo_in_a_goal_is_told_before_anything_is_played(files: Path, capsys) -> None:
    task = files / "ledger.yaml"
    text = task.read_text().replace("entity: iron_key, place: you", "entity: irn_key, place: yu")
    task.write_text(text)
    line = text[: text.index("irn_key")].count("\n") + 1
    assert run("tasks verify mine.yaml") == 2
    found = capsys.readouterr().err.splitlines()
    assert len(found) == 2
    assert all(f"ledger.yaml:{line}: stages.0.goals.0.condition" in f for f in found)
    assert "did you mean 'iron_key'?" in found[0]


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("mine.yaml", ["[ledger, part 1 of 1]", "navigation.by_description"]),
        ("mine.yaml --task ledger", ["[ledger, part 1 of 1]"]),
        ("ledger.yaml", ["[ledger, part 1 of 1]", "Find the Iron Key"]),
        ("my_house.yaml", ["[my_house.yaml/test/"]),
        ("my_house.yaml --family navigation", ["navigation.by_description"]),
        ("timmy_home", ["[timmy_home/test/"]),
    ],
)
def test_tasks_of_a_suite_a_file_and_a_world_are_shown(files: Path, capsys, source, shown) -> None:
    capsys.readouterr()
    assert run(f"tasks show {source}") == 0
    output = capsys.readouterr().out
    assert all(part in output for part in shown)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("tasks show mine.yaml --task ledgr", "did you mean 'ledger'?"),
        ("tasks show basic", "did you mean 'basics'?"),
        ("tasks verify mine.yaml --suite basics", "leave one of them out"),
        ("tasks verify my_house.yaml", "this is a world, not a suite"),
        ("play nothing.yaml", "there is no suite, task or world 'nothing.yaml'"),
    ],
)
def test_a_source_that_is_none_is_told(files: Path, capsys, line, told) -> None:
    assert run(line) == 2
    assert told in capsys.readouterr().err


@pytest.mark.parametrize("source", ["ledger.yaml", "mine.yaml --task ledger"])
def test_a_task_of_ones_own_is_played(files: Path, monkeypatch, capsys, source) -> None:
    (task,) = load_suite("ledger.yaml").tasks
    typed = [step.command for step in task.stages[0].walkthrough if step.tool == "command"]
    monkeypatch.setattr("sys.stdin", io.StringIO("\n".join([*typed, ":submit", "1731", ""])))
    assert run(f"play {source}") == 0
    assert "reward 1.00   solved" in capsys.readouterr().out


def test_a_world_of_ones_own_is_played(files: Path, monkeypatch, capsys) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("look\n:quit\n"))
    assert run("play my_house.yaml") == 1
    shown = capsys.readouterr().out
    assert any(f"\n{room.name}\n" in shown for room in load_world("my_house.yaml").rooms)


def test_facts_of_an_own_world_are_asked_for(here: Path, capsys) -> None:
    assert run("new world house") == 0
    house = here / "house.yaml"
    lines = house.read_text().splitlines(keepends=True)
    facts = [line for line in lines if line.startswith("      - [")]
    assert facts
    house.write_text("".join(line for line in lines if line not in facts and "tells:" not in line))
    suite = here / "facts.yaml"
    suite.write_text(
        "- {family: inspection, kind: read, difficulty: 1, seed: [0, 1], world: house.yaml}\n"
    )
    assert run("tasks show facts.yaml") == 2  # nothing is told
    (here / "house.facts.yaml").write_text("sundial:\n  - [garden, founded, 1804]\n")
    answers = [task.stages[-1].walkthrough[-1].answer for task in load_suite("facts.yaml").tasks]
    assert answers == [{"value": 1804}, {"value": 1804}]


def test_a_map_or_findings_do_not_replace_the_file_they_are_about(files: Path, capsys) -> None:
    before = {path.name: path.read_text() for path in files.glob("*.yaml")}

    assert run("worlds show my_house.yaml --svg my_house.yaml") == 2
    assert run("tasks verify mine.yaml --json mine.yaml") == 2

    assert "is there already" in capsys.readouterr().err
    assert {path.name: path.read_text() for path in files.glob("*.yaml")} == before


def test_another_schema_of_that_name_is_kept(here: Path, capsys) -> None:
    (here / "world.schema.json").write_text('{"title": "Mine"}')

    assert run("new world my_house") == 2

    assert "world.schema.json is there already" in capsys.readouterr().err
    assert [path.name for path in here.iterdir()] == ["world.schema.json"]
    assert (here / "world.schema.json").read_text() == '{"title": "Mine"}'
