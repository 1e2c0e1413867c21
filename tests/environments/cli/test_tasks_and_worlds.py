"""`tasks`, `worlds` and `play`, as they are typed."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path

import pytest

from environments.cli import main
from environments.tasks.build import KINDS, make_task
from environments.tasks.gallery import gallery
from environments.tasks.model import Ability, Family, Task
from environments.telemetry.live import exploration
from world_fixtures.common import canonical_json
from world_fixtures.generator import generate_world
from world_fixtures.library import load_world

pytestmark = pytest.mark.usefixtures("prefork")

ROOT = Path(__file__).resolve().parents[3]


def test_a_task_is_shown_the_same_every_time(capsys) -> None:
    shown = []
    for _ in range(2):
        argv = ["tasks", "show", "--seed", "7", "--family", "errand", "--difficulty", "4", "--spec"]
        assert main(argv) == 0
        shown.append(capsys.readouterr().out)
    again = subprocess.run(
        [sys.executable, "-m", "environments.cli.main", *argv], cwd=ROOT, check=True,
        capture_output=True, text=True,
    ).stdout  # fmt: skip
    assert shown[0] == shown[1] == again
    task = make_task(Family.ERRAND, 7, 4)
    assert task.stages[0].prompt in again
    assert again.splitlines()[-1] == canonical_json(task.spec.model_dump(mode="json"))


def test_verify_plays_the_walkthroughs_in_real_instances(tmp_path, capsys) -> None:
    file = tmp_path / "figures.json"
    argv = ["tasks", "verify", "--suite", "basics", "--count", "10", "--json", str(file)]
    assert main(argv) == 0
    figures = json.loads(file.read_text())
    assert (figures["n"], figures["solved"]) == (10, 10)
    assert figures["mean_generation_ms"] > 0
    assert figures["walkthrough_length_by_difficulty"]
    assert "10 of 10 solved" in capsys.readouterr().out


def test_verify_fails_where_a_walkthrough_does_not_solve_its_task(tmp_path, capsys) -> None:
    task = make_task(Family.INSPECTION, 1, 1)
    (stage,) = task.stages
    broken = task.model_copy(
        update={
            "id": "broken",
            "stages": (stage.model_copy(update={"walkthrough": stage.walkthrough[-1:]}),),
        }
    )
    suite = tmp_path / "broken.jsonl"
    suite.write_text(broken.model_dump_json() + "\n")
    assert main(["tasks", "verify", "--suite", str(suite)]) == 1
    assert "not solved: broken" in capsys.readouterr().out


def test_kinds_are_listed_with_what_they_need(tmp_path, capsys) -> None:
    file = tmp_path / "kinds.json"
    assert main(["tasks", "list", "--json", str(file)]) == 0
    rows = json.loads(file.read_text())["kinds"]
    assert {(row["family"], row["kind"]) for row in rows} == {
        (family.value, kind) for family in Family for kind in KINDS[family]
    }
    for row in rows:
        assert set(row) == {"kind", "family", "abilities", "stages", "difficulties"}
        assert set(row["abilities"]) <= {a.value for a in Ability}
        assert row["stages"] >= 1
        assert row["difficulties"] == list(range(1, 11))
    task = make_task(Family.ERRAND, 7, 4)
    (row,) = (r for r in rows if r["kind"] == task.kind)  # as samples.jsonl spells it
    assert row["abilities"] == sorted(task.abilities)
    assert "recall" in capsys.readouterr().out


@pytest.mark.slow  # makes tasks of every kind
def test_the_page_of_tasks_is_up_to_date() -> None:
    assert (ROOT / "docs" / "tasks.md").read_text(encoding="utf-8") == gallery()


def test_worlds_are_drawn_listed_and_checked(tmp_path, capsys) -> None:
    svg = tmp_path / "map.svg"
    assert main(["worlds", "show", "7", "--difficulty", "4", "--svg", str(svg)]) == 0
    spec = generate_world(7, 4)
    shown = capsys.readouterr().out
    assert spec.hash in shown
    assert all(room.name in shown for room in spec.rooms)
    assert svg.read_text().startswith("<svg")
    assert main(["worlds", "list"]) == 0
    assert capsys.readouterr().out == "market_street\ntimmy_home\n"
    home = ROOT / "world_fixtures" / "library" / "timmy_home.yaml"
    assert main(["worlds", "check", str(home)]) == 0
    assert "5 rooms" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("tasks show --family fishing", "unknown family 'fishing'"),
        ("tasks show --difficulty 11", "difficulty 11 is out of range"),
        ("tasks show --kind fly", "unknown kind 'fly' of errand"),
        ("tasks show --kind unlock --difficulty 0", "difficulty 0 is out of range"),
        ("tasks verify --suite nope", "unknown suite 'nope'"),
        ("worlds show nowhere", "no world 'nowhere'"),
        ("worlds show 3 --difficulty 0", "difficulty 0 is out of range"),
        ("worlds show 3 --theme desert", "unknown theme 'desert'"),
        ("worlds check nothing.yaml", "no world 'nothing.yaml'"),
        ("play --family fishing", "unknown family 'fishing'"),
        ("play --difficulty 99", "difficulty 99 is out of range"),
    ],
)
def test_what_cannot_be_is_reported_in_a_line(capsys, line, told) -> None:
    assert main(line.split()) == 2
    error = capsys.readouterr().err
    assert told in error
    assert error.count("\n") == 1


def typed(task: Task) -> str:
    """The walkthrough as a person types it."""
    lines = []
    for stage in task.stages:
        for step in stage.walkthrough:
            if step.tool == "command":
                lines.append(step.command)
            elif step.tool == "disconnect":
                lines.append(":disconnect")
            else:
                lines.append(":submit")
                lines += [json.dumps(step.answer[f]) for f in task.answer_fields]
    return "\n".join(lines) + "\n"


PLAYED = [
    ("errand", 4), ("persistence", 2), ("time", 1), ("society", 1), ("vigil", 1), ("steward", 1),
    ("trust", 1),
]  # fmt: skip


@pytest.mark.parametrize(("family", "difficulty"), PLAYED)
def test_a_person_plays_and_sees_the_verdict(monkeypatch, capsys, family, difficulty) -> None:
    task = make_task(Family(family), 7, difficulty)
    monkeypatch.setattr("sys.stdin", io.StringIO(typed(task)))
    argv = ["play", "--seed", "7", "--difficulty", str(difficulty), "--family", family]
    assert main(argv) == 0
    shown = capsys.readouterr().out
    assert task.stages[0].prompt.partition("evennia_")[0] in shown
    assert "evennia_" not in shown  # nobody can type that here
    assert "reward 1.00   solved" in shown
    assert "evidence" in shown


def test_a_person_deals_with_people_and_time(monkeypatch, capsys) -> None:
    street = exploration(load_world("market_street"))
    monkeypatch.setattr("environments.cli.chosen.make_task", lambda *args, **kinds: street)
    lines = (
        "ask oskar about the shop", "follow oskar", "ask oskar", "give 1 coin to oskar", "time",
        "wait 3", "time", ":hlep", ":quit",
    )  # fmt: skip
    monkeypatch.setattr("sys.stdin", io.StringIO("\n".join(lines) + "\n"))
    assert main(["play"]) == 1
    shown = capsys.readouterr().out
    told = (
        'Oskar Finch says, "The shop opens at the eighth tick', "You give Oskar Finch 1 coin.",
        "Use: ask NAME about TOPIC", "Time: 8 of 48, day 1.", "You keep close to Oskar Finch.",
        "Time: 11 of 48, day 1.",
    )  # fmt: skip
    assert [text for text in told if text not in shown] == []
    assert shown.count("Others live here, and time passes") == 2  # as it begins, and when asked
    assert "no command ':hlep'" not in shown


def test_handing_in_too_early_asks_for_no_answer(monkeypatch, capsys) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(":submit\n:quit\n"))
    assert main(["play", "--family", "persistence", "--difficulty", "2"]) == 1
    assert "too early to submit: call :disconnect" in capsys.readouterr().out


def test_giving_up_is_no_error_and_no_success(monkeypatch, capsys) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("look\n:task\n:quit\n"))
    assert main(["play", "--seed", "1"]) == 1
    assert "reward" not in capsys.readouterr().out
