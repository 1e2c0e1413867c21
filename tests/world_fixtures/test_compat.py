"""The private parts of Evennia, Django and Twisted that we rely on are as they were."""

from __future__ import annotations

import inspect
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.world_fixtures import compat_contract
from tests.world_fixtures.compat_contract import CONTRACT
from world_fixtures import home

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def tried() -> dict[str, str]:
    """What is wrong with each part, tried in one process of its own."""
    scratch = home.new_scratch()
    env = home.child_env(sys.executable)
    done = subprocess.run(  # by its path: a package that Evennia needs is named `tests`, too
        [sys.executable, compat_contract.__file__, str(scratch)],
        env=env, cwd=ROOT, capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    shutil.rmtree(scratch, ignore_errors=True)
    assert done.returncode == 0, f"Evennia could not be set up at all: {done.stderr[-2000:]}"
    results: dict[str, str] = json.loads(done.stdout.strip().splitlines()[-1])
    return results


@pytest.mark.parametrize("part", CONTRACT)
def test_a_private_part_is_as_it_was(tried, part) -> None:
    assert not tried[part], tried[part]


def test_every_private_part_is_tried() -> None:
    """Each name of the module stands in the contract; no other module of ours has private parts."""
    text = (ROOT / "world_fixtures/game/compat.py").read_text()
    names = re.findall(r'^    "(\w+)",$', text.partition("__all__")[2], re.MULTILINE)
    checks = "".join(inspect.getsource(check) for check in CONTRACT.values())
    within = {"forget_attributes": "reset_attributes", "load_evennia": "SESSION_HANDLER"}
    assert names
    for name in names:
        assert re.search(rf"\b{within.get(name, name)}\b", checks), name
    private = re.compile(
        r"evennia\._init|_raw_delete|_COMMAND_NESTING|__instance_cache__|reactor\.__init__"
        r"|flush_from_cache|portal_connect|portal_disconnect|reset_cache|sqlite3_prep|\._port\b"
    )
    foreign = (
        ROOT / "world_fixtures/foreign/inside"
    )  # loads games as they are, and is tried on them
    for path in (ROOT / "world_fixtures").rglob("*.py"):
        if path.name != "compat.py" and foreign not in path.parents:
            assert not private.search(path.read_text()), path


def test_a_part_that_is_gone_is_named_with_its_package(monkeypatch) -> None:
    def broken(compat: object) -> None:
        raise AttributeError("module has no attribute '_init'")

    monkeypatch.setattr(compat_contract, "CONTRACT", {"django: something private": broken})
    monkeypatch.setattr("world_fixtures.game.gateway.main.prepare", lambda scratch: None)
    monkeypatch.setitem(sys.modules, "world_fixtures.game.compat", object())
    monkeypatch.setattr("world_fixtures.game.compat", object(), raising=False)
    (message,) = compat_contract.try_all("nowhere").values()
    assert message.startswith("django ")
    assert "something private" in message
    assert "no attribute '_init'" in message
