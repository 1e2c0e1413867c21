"""One of a kind for each process, closed at its end by the process that has it."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

PROGRAM = """
import contextlib, os, sys
from environments.hosting.per_process import PerProcess

@contextlib.contextmanager
def made(key):
    if key == "broken":
        raise ValueError(key)
    yield object()
    print("closed", key, os.getpid() == owner, flush=True)

shared = PerProcess(made)
owner = os.getpid()
first = shared.get("a")
assert shared.get("a") is first is not shared.get("b")
for _ in range(2):
    try:
        shared.get("broken")
    except ValueError:
        pass
    else:
        raise AssertionError
if not (child := os.fork()):
    owner = os.getpid()
    assert shared.get("a") is not first
    sys.exit()
assert os.waitpid(child, 0)[1] == 0
print("the child is gone", flush=True)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_each_process_has_one_of_each_and_closes_its_own_at_its_end() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], check=True, capture_output=True, text=True
    )
    assert done.stdout.splitlines() == [
        "closed a True", "the child is gone", "closed b True", "closed a True",
    ]  # fmt: skip
