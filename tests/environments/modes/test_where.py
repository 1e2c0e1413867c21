"""The options of every command that say where world servers run."""

from __future__ import annotations

import os

import pytest

from environments.cli import main
from environments.modes.where import without_where
from world_fixtures.common import UserError
from world_fixtures.servers import ServerPool


@pytest.fixture(autouse=True)
def variables(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both are set beforehand, and as they were afterwards."""
    monkeypatch.setenv("EVENNIA_WORLD_PYTHON", "/before/python")
    monkeypatch.setenv("EVENNIA_WORLD_SERVER", "/before/worlds")


def test_the_option_takes_the_place_of_both_variables() -> None:
    assert without_where(["play", "--world-python", "/opt/python", "--seed", "7"]) == [
        "play", "--seed", "7",
    ]  # fmt: skip
    pool = ServerPool(1)
    assert (pool.python, pool.server) == ("/opt/python", None)
    assert without_where(["--world-server=127.0.0.1:4000", "play"]) == ["play"]
    assert ServerPool(1).server == "127.0.0.1:4000"
    assert "EVENNIA_WORLD_PYTHON" not in os.environ


def test_what_follows_two_dashes_is_left_alone() -> None:
    line = ["play", "--", "--world-python", "x"]
    assert without_where(line) == line
    assert os.environ["EVENNIA_WORLD_PYTHON"] == "/before/python"


@pytest.mark.parametrize(
    "line", [["--world-server"], ["--world-python", "--seed"], ["--world-server="]]
)
def test_without_a_value_it_is_refused(line: list[str]) -> None:
    with pytest.raises(UserError, match="needs a value"):
        without_where(line)


def test_a_command_uses_it_and_tells_where_nobody_is_in_one_line(capsys, tmp_path) -> None:
    address = str(tmp_path / "nobody")
    assert main(["play", "--task", "test/errand.deliver/1/1", "--world-server", address]) == 2
    told = capsys.readouterr().err
    assert address in told
    assert len(told.splitlines()) == 1
