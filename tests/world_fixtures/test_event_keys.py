"""Events that a database held before their keys were changed are found by the new ones."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from world_fixtures import home

MIGRATED = """
import json, sys
from world_fixtures.game.gateway.main import prepare
prepare(sys.argv[1])
from django.core.management import call_command
from django.db import connection
call_command("migrate", "world_gateway", "0001", verbosity=0)
rows = [("w2", 1, "b1"), ("shared", 1, "s1"), ("w1", 2, "a2"), ("w1", 1, "a1"), ("w10", 1, "c1")]
with connection.cursor() as cursor:
    cursor.executemany(
        "INSERT INTO world_gateway_eventrow (instance, seq, body) VALUES (%s, %s, %s)", rows
    )
call_command("migrate", "world_gateway", verbosity=0)
from world_fixtures.game.gateway import events
ids = ("w1", "w2", "w10", "shared", "w3", "w01", "x1", "")
print(json.dumps({id_: events.bodies(id_, 0) for id_ in ids}))
print(json.dumps([events.last("w1"), events.last("w3"), events.bodies("w1", 1)]))
"""


@pytest.mark.slow
def test_events_of_before_are_found_by_their_new_keys(tmp_path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", MIGRATED, str(tmp_path)],
        env=home.child_env(sys.executable), capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    found, others = map(json.loads, done.stdout.splitlines()[-2:])
    kept = {"w1": ["a1", "a2"], "w2": ["b1"], "w10": ["c1"], "shared": ["s1"]}
    assert found == {**kept, "w3": [], "w01": [], "x1": [], "": []}
    assert others == [2, 0, ["a2"]]
