"""The file with a model server's address: for its owner, and over nothing of the user's."""

from __future__ import annotations

import pytest

from environments.learning.serving.address_file import (
    check_address_file,
    forget_address,
    write_address,
)
from world_fixtures.common import UserError

ADDRESS, OTHER = "http://127.0.0.1:5/secret/v1", "http://127.0.0.1:6/other/v1"


def test_an_address_is_for_its_owner_and_goes_with_its_server(tmp_path):
    path = tmp_path / "server.url"
    write_address(path, OTHER)  # of a server that was killed
    write_address(path, ADDRESS)
    assert path.read_text() == f"{ADDRESS}\n"
    assert path.stat().st_mode & 0o777 == 0o600
    forget_address(path, OTHER)
    assert path.exists()
    forget_address(path, ADDRESS)
    forget_address(path, ADDRESS)
    assert not path.exists()


@pytest.mark.parametrize("name", ["notes", "directory", "dangling", "nowhere/server.url"])
def test_nothing_else_is_written_over(tmp_path, name):
    (tmp_path / "notes").write_text("mine")
    (tmp_path / "directory").mkdir()
    (tmp_path / "dangling").symlink_to("gone")
    for refuse in (check_address_file, lambda path: write_address(path, ADDRESS)):
        with pytest.raises(UserError, match="choose another --url-file"):
            refuse(tmp_path / name)
    assert (tmp_path / "notes").read_text() == "mine"
    assert (tmp_path / "dangling").is_symlink()
