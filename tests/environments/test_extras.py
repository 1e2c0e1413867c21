"""What is told where an optional library is missing."""

from __future__ import annotations

import sys

import pytest

from environments.extras import needs
from world_fixtures.common import UserError


@pytest.mark.parametrize(
    ("extra", "command"),
    [
        ("train", "pip install '.[train]' in a clone of the project)"),
        ("trl", "pip install './light[trl]' in a clone of the project, into an environment of"),
    ],
)
def test_a_missing_library_names_the_extra_and_the_command(monkeypatch, extra, command):
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(UserError) as told, needs(extra):
        import datasets  # noqa: F401
    assert str(told.value).startswith(f"datasets is not installed: install the extra `{extra}` (")
    assert command in str(told.value)


def test_a_library_of_another_version_is_not_said_to_be_missing():
    told = r"cannot import name 'none' from 'json' .*: install the extra"
    with pytest.raises(UserError, match=told), needs("trl"):
        from json import none  # noqa: F401
