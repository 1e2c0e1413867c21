"""The file with a model server's address: for its owner, and over nothing of the user's."""

from __future__ import annotations

import os

import pytest

from environments.learning.serving import address_file
from environments.learning.serving.address_file import address_in, check_address_file
from world_fixtures.common import UserError

ADDRESS, OTHER = "http://127.0.0.1:5/secret/v1", "http://127.0.0.1:6/other/v1"


def test_an_address_is_for_its_owner_and_goes_with_its_server(tmp_path):
    path = tmp_path / "server.url"
    path.write_text(f"{OTHER}\n")  # of a server that was killed
    with address_in(path, ADDRESS):
        assert path.read_text() == f"{ADDRESS}\n"
        assert path.stat().st_mode & 0o777 == 0o600
    assert os.listdir(tmp_path) == []
    with address_in(path, ADDRESS):
        path.write_text(f"{OTHER}\n")
    assert path.read_text() == f"{OTHER}\n"


def test_an_address_appears_whole(tmp_path, monkeypatch):
    path, replace, appeared = tmp_path / "server.url", os.replace, []

    def replaced(new, old):
        assert not path.exists()
        appeared.append(new.read_text())
        replace(new, old)

    monkeypatch.setattr(address_file.os, "replace", replaced)
    with address_in(path, ADDRESS):
        assert appeared == [f"{ADDRESS}\n"]


@pytest.mark.parametrize("name", ["notes", "directory", "dangling", "nowhere/server.url"])
def test_nothing_else_is_written_over(tmp_path, name):
    (tmp_path / "notes").write_text("mine")
    (tmp_path / "directory").mkdir()
    (tmp_path / "dangling").symlink_to("gone")
    with pytest.raises(UserError, match="choose another --url-file"):
        check_address_file(tmp_path / name)
    with (
        pytest.raises(UserError, match="choose another --url-file"),
        address_in(tmp_path / name, ADDRESS),
    ):
        pass
    assert (tmp_path / "notes").read_text() == "mine"
    assert (tmp_path / "dangling").is_symlink()
    assert sorted(os.listdir(tmp_path)) == ["dangling", "directory", "notes"]
