"""Where the socket between a spectator's Portal and its world server lies."""

from __future__ import annotations

import os
import stat
import tempfile

import pytest

from world_fixtures import spectator
from world_fixtures.common import UserError

LONG = "long" * 30


def test_the_socket_lies_in_the_scratch_directory(tmp_path) -> None:
    with tempfile.TemporaryDirectory(dir="/tmp") as short:
        scratch = type(tmp_path)(short)
        assert spectator.socket_in(scratch) == scratch / "link"


def test_where_that_path_is_too_long_it_lies_in_a_private_directory(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", "/tmp")
    found = spectator.socket_in(tmp_path / LONG)
    try:
        assert len(os.fsencode(found)) <= spectator.MAX_SOCKET_PATH
        assert stat.S_IMODE(found.parent.stat().st_mode) == 0o700
    finally:
        found.parent.rmdir()


def test_where_no_path_is_short_enough_that_is_said(tmp_path, monkeypatch) -> None:
    temporary = tmp_path / LONG
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    with pytest.raises(UserError, match="set EVENNIA_WORLD_HOME or TMPDIR to a shorter"):
        spectator.socket_in(tmp_path / LONG)
    assert list(temporary.iterdir()) == []


def test_only_we_can_read_the_gate_s_file(tmp_path) -> None:
    file = spectator.keep({"word": "w"}, tmp_path)
    assert stat.S_IMODE(os.stat(file).st_mode) == 0o600
