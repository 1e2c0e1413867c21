"""A manifest that was damaged or edited: told in a line, and nothing counts twice."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from environments.rollouts.parts import MANIFEST, parts_directory, read_parts
from world_fixtures.common import UserError

NAME = "groups.jsonl"
PART = "host-1.groups.jsonl"


@pytest.fixture
def groups(tmp_path) -> Path:
    path = tmp_path / NAME
    parts_directory(path).mkdir()
    (parts_directory(path) / PART).write_bytes(b"{0}\n{1}\n")
    say(path, [PART, 0, 4], [PART, 4, 4])
    return path


def say(path: Path, *places: object) -> None:
    with (parts_directory(path) / MANIFEST).open("a") as file:
        file.writelines(json.dumps({NAME: place}) + "\n" for place in places)


def test_lines_come_in_the_order_of_the_manifest(groups):
    assert [line for _, line in read_parts(groups)] == [b"{0}\n", b"{1}\n"]


@pytest.mark.parametrize(
    "place",
    [
        ["../groups.jsonl", 0, 4], ["a\0", 0, 4], ["\ud800", 0, 4], [7, 0, 4], ["", 0, 4],
        [PART, -4, 4], [PART, 0, 0], [PART, "0", 4], [PART, 0.5, 4], [PART, None, 4],
        [PART, True, 4], [PART, 0], None,
    ],
)  # fmt: skip
def test_a_line_that_nobody_wrote_is_damaged(groups, place):
    say(groups, place)
    with pytest.raises(UserError, match=r"manifest\.jsonl line 3 is damaged"):
        list(read_parts(groups))


def test_a_line_that_is_too_deep_is_damaged(groups):
    (parts_directory(groups) / MANIFEST).write_text("[" * 100_000 + "\n")
    with pytest.raises(UserError, match="line 1 is damaged"):
        list(read_parts(groups))


@pytest.mark.parametrize(
    ("place", "told"),
    [
        ([PART, 4, 4], "twice"), ([PART, 1, 2], "not what"), ([PART, 1, 10**14], "shorter"),
        ([PART, 10**30, 4], "shorter"), (["gone", 0, 4], "is no file"),
        (["..", 0, 4], "is no file"),
    ],
)  # fmt: skip
def test_what_the_parts_do_not_hold_is_not_counted(groups, place, told):
    say(groups, place)
    with pytest.raises(UserError, match=told):
        list(read_parts(groups))


def test_a_part_that_has_no_end_is_refused(groups):
    os.mkfifo(parts_directory(groups) / "fifo")
    say(groups, ["fifo", 0, 4])
    with pytest.raises(UserError, match="is no file"):
        list(read_parts(groups))
