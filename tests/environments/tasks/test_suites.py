"""Suites: frozen ones by name, one's own by a file."""

from __future__ import annotations

import dataclasses
import json
from collections import Counter
from pathlib import Path
from statistics import fmean

import pytest

from environments.tasks.model import Family, Task
from environments.tasks.suites import SUITES, Suite, content_hash, kept, load_suite
from environments.tasks.suites.foreign import GAMES
from environments.tasks.suites.kept import code_hash
from environments.tasks.suites.load import in_games_alone
from world_fixtures.common import UserError

pytestmark = pytest.mark.once

SLOW = [pytest.mark.slow, pytest.mark.once]

OWN = """
name: own
version: 2
tasks:
  - {family: errand, difficulty: 3, seed: [4, 5]}
  - {family: navigation, kind: by_name, difficulty: 2, seed: 1, split: train}
  - {family: inspection, difficulty: 1, seed: [0], world: timmy_home}
"""


@pytest.mark.parametrize(
    ("name", "size", "split"),
    [
        ("basics", 30, "test"),
        pytest.param("standard", 250, "test", marks=SLOW),
        pytest.param("hard", 250, "test", marks=SLOW),
        pytest.param("seen", 100, "train", marks=SLOW),
        pytest.param("unseen", 100, "validation", marks=SLOW),
        pytest.param("living", 250, "test", marks=SLOW),
        pytest.param("living-short", 50, "test", marks=SLOW),
    ],
)
def test_a_suite_is_what_its_version_says(name, size, split) -> None:
    suite = load_suite(name)
    assert len({t.id for t in suite.tasks}) == len(suite.tasks) == size
    assert {t.split for t in suite.tasks} == {split}
    by_family = Counter(t.family for t in suite.tasks)
    assert len(by_family) == 5
    assert len(set(by_family.values())) == 1


def test_the_suite_to_train_small_models_for_has_two_kinds_in_equal_shares() -> None:
    tasks = load_suite("learn").tasks
    assert Counter((t.family, t.kind, t.difficulty, t.split) for t in tasks) == {
        (Family.INSPECTION, kind, level, "validation"): 30
        for kind in ("inside", "read")
        for level in (1, 2)
    }
    assert len({t.id for t in tasks}) == 120


def test_the_suites_that_ship() -> None:
    assert list(SUITES) == [
        "basics", "standard", "hard", "seen", "unseen", "learn", "living", "foreign",
        "living-short",
    ]  # fmt: skip


@pytest.mark.slow
def test_walkthroughs_grow_with_the_difficulty() -> None:
    tasks = SUITES["standard"].tasks
    lengths = [
        fmean(t.optimal_steps for t in tasks if t.difficulty in levels)
        for levels in ((1, 2), (3, 4), (5, 6), (7, 8), (9, 10))
    ]
    assert lengths == sorted(lengths)
    assert lengths[-1] > 3 * lengths[0]


def test_changed_content_needs_a_new_version() -> None:
    basics = SUITES["basics"]
    changed = dataclasses.replace(basics, build=lambda: basics.tasks[1:], kept=False)
    with pytest.raises(UserError, match=r"suite basics version 2 has the hash .* its version must"):
        changed.verify()


def few(home: Path, monkeypatch: pytest.MonkeyPatch, builds: list[str]) -> Suite:
    """A kept suite of three tasks; each time it is made, `builds` gets longer."""
    monkeypatch.setenv("EVENNIA_WORLD_HOME", str(home))
    tasks = SUITES["basics"].tasks[:3]

    def build() -> tuple[Task, ...]:
        builds.append("made")
        return tasks

    return Suite("few", 1, content_hash(tasks), build, kept=True)


def test_a_kept_suite_is_made_once_and_read_afterwards(tmp_path: Path, monkeypatch) -> None:
    builds: list[str] = []
    first, second = (few(tmp_path, monkeypatch, builds) for _ in range(2))
    assert first.tasks == second.verify().tasks
    assert builds == ["made"]


@pytest.mark.parametrize("spoil", [
    lambda text: text[: len(text) // 2], lambda text: text.replace('"seed":1', '"seed":2'),
    lambda text: "", lambda text: text.splitlines(keepends=True)[0], lambda text: "\xff{}",
])  # fmt: skip
def test_a_kept_suite_that_was_damaged_is_made_again(tmp_path: Path, monkeypatch, spoil) -> None:
    builds: list[str] = []
    tasks = few(tmp_path, monkeypatch, builds).tasks
    [file] = (tmp_path / "suites").iterdir()
    whole = file.read_text(encoding="utf-8")
    file.write_text(spoil(whole), encoding="latin-1")
    assert few(tmp_path, monkeypatch, builds).verify().tasks == tasks
    assert builds == ["made"] * 2
    assert file.read_text(encoding="utf-8") == whole


def test_where_nothing_can_be_kept_a_suite_is_made_all_the_same(
    tmp_path: Path, monkeypatch, small_files
) -> None:
    builds: list[str] = []
    with small_files(1000):
        assert len(few(tmp_path, monkeypatch, builds).tasks) == 3
    assert list((tmp_path / "suites").iterdir()) == []
    (tmp_path / "file").touch()
    assert len(few(tmp_path / "file", monkeypatch, builds).tasks) == 3
    assert builds == ["made"] * 2


def test_a_kept_suite_is_made_again_once_the_code_that_makes_it_has_changed(
    tmp_path: Path, monkeypatch
) -> None:
    builds: list[str] = []
    monkeypatch.setattr(kept, "MAKERS", (tmp_path / "code",))
    code = tmp_path / "code" / "kind.py"
    code.parent.mkdir()
    for text in ("one", "one", "other"):
        code.write_text(text)
        code_hash.cache_clear()
        assert len(few(tmp_path, monkeypatch, builds).tasks) == 3
    code_hash.cache_clear()
    assert builds == ["made"] * 2
    assert len(list((tmp_path / "suites").iterdir())) == 1


def test_the_code_that_makes_a_task_is_all_there() -> None:
    code = {file.name for root in kept.MAKERS for file in root.rglob("*.py")}
    assert {"build.py", "searcher.py", "household.py", "spec.py", "handling.py", "texts.py"} <= code


def test_what_is_not_of_its_version_is_not_kept(tmp_path: Path, monkeypatch) -> None:
    wrong = dataclasses.replace(few(tmp_path, monkeypatch, []), hash="0" * 32)
    with pytest.raises(UserError, match="its version must"):
        wrong.verify()
    assert not (tmp_path / "suites").exists()


def test_a_suite_of_ones_own(tmp_path: Path) -> None:
    path = tmp_path / "own.yaml"
    path.write_text(OWN)
    suite = load_suite(str(path))
    assert (suite.name, suite.version, suite.hash) == ("own", 2, content_hash(suite.tasks))
    assert [(t.family.value, t.difficulty, t.seed, t.split) for t in suite.tasks] == [
        ("errand", 3, 4, "test"), ("errand", 3, 5, "test"), ("navigation", 2, 1, "train"),
        ("inspection", 1, 0, "test"),
    ]  # fmt: skip
    assert suite.tasks[2].kind == "by_name"
    assert suite.tasks[3].spec.name == "timmy_home"
    assert load_suite(str(path)).hash == suite.hash
    path.write_text(OWN + f"hash: {suite.hash}\n")
    assert load_suite(str(path)).hash == suite.hash


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("errand, diff", "fishing, diff", "task 1.family"),
        ("difficulty: 3", "difficulty: 11", "task 1.difficulty"),
        ("kind: by_name", "kind: flying", "unknown kind 'flying' of navigation"),
        ("[4, 5]", "[4, 4]", "is there already"),
        ("timmy_home", "nowhere", "no world 'nowhere'"),
        ("name: own", "name: own\nhash: abc", "has the hash"),
        ("name: own", "name: [", "cannot be read"),
        ("[4, 5]", "[]", "task 1.seed"),
        ("version", "verson", "verson"),
        (
            "world: timmy_home", "world: {game: escape_room, settings: {DAY: 2036-01-01}}",
            "world.settings.DAY: a setting is text",
        ),
    ],
)  # fmt: skip
def test_what_is_wrong_in_a_file_is_named(tmp_path: Path, old, new, told) -> None:
    path = tmp_path / "own.yaml"
    path.write_text(OWN.replace(old, new))
    with pytest.raises(UserError) as caught:
        load_suite(str(path))
    assert told in str(caught.value)


def test_an_unknown_suite_is_named_with_the_known_ones() -> None:
    with pytest.raises(UserError, match=r"unknown suite 'hopeless'.*basics, standard, hard"):
        load_suite("hopeless")


def test_whole_tasks_are_taken_as_they_are(tmp_path: Path) -> None:
    tasks = load_suite("basics").tasks[:3]
    path = tmp_path / "mine.jsonl"
    path.write_text("".join(t.model_dump_json() + "\n" for t in tasks))
    suite = load_suite(str(path))
    assert (suite.name, suite.tasks) == ("mine", tasks)


def test_a_list_is_a_suite_by_the_name_of_its_file(tmp_path: Path) -> None:
    path = tmp_path / "three.yaml"
    path.write_text("- {family: errand, seed: 7, difficulty: 2}\n")
    suite = load_suite(str(path))
    assert (suite.name, [t.seed for t in suite.tasks]) == ("three", [7])


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("tasks", "a suite is a list"),
        ("- 3", "task 1"),
        ("- {spec: {}}", "task 1.id"),
        ("[]", "tasks"),
    ],
)
def test_a_file_that_is_no_suite(tmp_path: Path, text, told) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text(text)
    with pytest.raises(UserError) as caught:
        load_suite(str(path))
    assert told in str(caught.value)


@pytest.mark.parametrize(
    "changed",
    [
        {"budget": 10**9},
        {"seed": 99},
        {"kind": "flying"},
    ],
)
def test_a_changed_task_needs_an_id_of_its_own(tmp_path: Path, changed) -> None:
    task = SUITES["basics"].tasks[0].model_copy(update=changed)
    path = tmp_path / "mine.jsonl"
    path.write_text(task.model_dump_json() + "\n")
    with pytest.raises(UserError) as caught:
        load_suite(str(path))
    assert f"task 1: {task.id} is not the task of that name: give it another id" in str(
        caught.value
    )
    own = task.model_copy(update={"id": "mine/1"})
    path.write_text(own.model_dump_json() + "\n")
    assert load_suite(str(path)).tasks == (own,)


def test_a_task_without_a_final_goal_is_refused(tmp_path: Path) -> None:
    data = SUITES["basics"].tasks[0].model_dump(mode="json")
    for stage in data["stages"]:
        stage["goals"] = []
    path = tmp_path / "mine.jsonl"
    path.write_text(json.dumps(data) + "\n")
    with pytest.raises(UserError, match="has no final goal") as caught:
        load_suite(str(path))
    assert "\n" not in str(caught.value)


def test_whole_tasks_in_games_of_others_are_read_from_a_file(tmp_path) -> None:
    found = [next(t for t in load_suite("foreign").tasks if t.kind == game) for game in GAMES]
    file = tmp_path / "games.jsonl"
    file.write_text("".join(task.model_dump_json() + "\n" for task in found))
    assert load_suite(str(file)).tasks == tuple(found)
    assert in_games_alone(str(file))
    file.write_text(file.read_text() + load_suite("basics").tasks[0].model_dump_json() + "\n")
    assert not in_games_alone(str(file))
    assert [name for name in SUITES if in_games_alone(name)] == ["foreign"]
