"""The page for authors: its files are sound, its commands run, its messages are those that come."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml

from environments.cli import main
from environments.tasks.model import Answered, Condition
from environments.tasks.suites import load_suite
from world_fixtures.common import UserError
from world_fixtures.library import load_world

pytestmark = [pytest.mark.once, pytest.mark.usefixtures("prefork")]

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "authoring.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"(?ms)^```{language}\n(.*?)^```", PAGE)


FILES = {block.split("\n", 1)[0].removeprefix("# "): block for block in blocks("(?:yaml|python)")}
MESSAGES = blocks("text")


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The directory of the page's reader, with the files of all its blocks."""
    for name, text in FILES.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_each_block_is_a_file_with_its_name_in_the_first_line() -> None:
    assert all(re.fullmatch(r"[a-z_]+(\.facts)?\.(yaml|py)", name) for name in FILES)
    assert len(FILES) == len(blocks("(?:yaml|python)")) == 7


def test_the_world_has_the_facts_beside_it(here: Path) -> None:
    spec = load_world("cottage.yaml")
    assert [fact.field for thing in spec.things for fact in thing.tells] == ["founded", "author"]


def test_the_walkthroughs_of_the_page_solve_its_tasks(here: Path, capsys) -> None:
    assert main(["tasks", "verify", "cottage_suite.yaml"]) == 0
    assert "5 of 5 solved" in capsys.readouterr().out


def conditions(data: Any) -> Iterator[dict[str, Any]]:
    if isinstance(data, dict):
        if "type" in data:
            yield data
        for value in data.values():
            yield from conditions(value)
    elif isinstance(data, list):
        for value in data:
            yield from conditions(value)


def test_every_type_of_goal_and_of_answer_is_on_the_page() -> None:
    found = list(conditions(yaml.safe_load(FILES["every_goal.yaml"])["stages"]))
    union, *_ = get_args(Condition)
    types = {cls.model_fields["type"].default for cls in get_args(union)}
    of_games = {"said", "unchanged"}
    assert {condition["type"] for condition in found} == types - of_games
    games = (ROOT / "docs" / "games.md").read_text(encoding="utf-8")
    assert all(f"{{type: {one}," in games for one in of_games)
    matches = {c.get("match", "text") for c in found if c["type"] == "answered"}
    assert matches == set(get_args(Answered.model_fields["match"].annotation))


def test_a_typo_is_told_as_the_page_says(here: Path) -> None:
    text = FILES["letter.yaml"].replace("place: shelf", "place: shlef")
    (here / "letter.yaml").write_text(text)
    with pytest.raises(UserError) as caught:
        load_suite("letter.yaml")
    assert str(caught.value) == MESSAGES[0].strip()


def test_a_step_that_fails_is_told_as_the_page_says(here: Path, capsys) -> None:
    text = FILES["letter.yaml"].replace("- open tin box", "- open tin bx")
    (here / "letter.yaml").write_text(text)
    assert main(["tasks", "verify", "letter.yaml"]) == 1
    assert capsys.readouterr().out.startswith(MESSAGES[1])


@pytest.mark.slow
def test_a_kind_of_ones_own_is_played(here: Path) -> None:
    (command,) = re.findall(r"(?m)^    python (own_kind\.py evaluate .*)$", PAGE)
    done = subprocess.run(
        [sys.executable, *command.split(), "--env.data_dir_to_save_evals", "runs"],
        env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    rows = [json.loads(line) for line in (here / "runs" / "samples.jsonl").open()]
    assert [row["rollout"]["task"]["kind"] for row in rows] == ["bring_home"] * 3
    assert all(row["rollout"]["verdict"]["success"] for row in rows)
