"""Commands write over what they wrote themselves, and over nothing else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from environments.rollouts.replacing import (
    PAGE_MARK,
    check_findings,
    check_page,
    check_rows,
    check_schema,
    check_svg,
)
from world_fixtures.errors import UserError

SCHEMA = {"$schema": "any", "title": "Task"}


def _check_schema(path: Path) -> None:
    check_schema(path, SCHEMA)


@pytest.mark.parametrize(
    ("check", "name", "content"),
    [
        (check_findings, "suite.yaml", "name: mine\n"),
        (check_findings, "run.json", "{}"),
        (check_findings, "groups.jsonl.run.json", "{}"),
        (check_findings, "metrics.json", "{}"),
        (check_findings, "samples.jsonl", '{"task_id": "a", "rollout": {}}\n'),
        (check_page, "leaderboard.html", "<!doctype html><p>mine</p>"),
        (check_page, "report.html", "<!doctype html>"),
        (check_svg, "world.yaml", "name: mine\n"),
        (_check_schema, "task.schema.json", '{"$schema": "any", "title": "Mine"}'),
        (_check_schema, "task.schema.json", "mine"),
        (check_rows, "sft.jsonl", '{"messages": []}\n'),
        (check_rows, "sft.parquet", "mine"),
    ],
)
@pytest.mark.parametrize("linked", [False, True])
def test_a_file_of_another_kind_is_refused(
    tmp_path: Path, check: Callable[[Path], None], name: str, content: str, linked: bool
) -> None:
    path = tmp_path / name
    if linked:
        (tmp_path / "elsewhere").write_text(content)
        path.symlink_to("elsewhere")
    else:
        path.write_text(content)

    with pytest.raises(UserError, match="is there already, and is no"):
        check(path)

    assert path.read_text() == content


@pytest.mark.parametrize(
    ("check", "name", "content"),
    [
        (check_findings, "found.json", '{"suite": "mine"}\n'),
        (check_page, "leaderboard.html", f"<!doctype html>{PAGE_MARK.decode()}"),
        (check_svg, "map.svg", "<svg xmlns=''/>"),
        (_check_schema, "task.schema.json", '{"title": "Task"}'),
        (check_rows, "sft.jsonl", '{"messages": [], "task_id": "a"}\n'),
        (check_rows, "sft.parquet", "PAR1"),
        (check_findings, "empty", ""),
    ],
)
def test_what_a_command_wrote_is_replaced(
    tmp_path: Path, check: Callable[[Path], None], name: str, content: str
) -> None:
    path = tmp_path / name
    path.write_text(content)

    check(path)
    check(tmp_path / f"new-{name}")
    check(Path("/dev/null"))


def test_a_directory_in_the_place_of_the_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="is a directory"):
        check_page(tmp_path)
