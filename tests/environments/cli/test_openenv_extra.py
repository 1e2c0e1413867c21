"""`evennia-world openenv` without OpenEnv is one line that names the extra."""

from __future__ import annotations

import subprocess
import sys

import pytest

BLOCK = """
import sys
sys.modules["openenv"] = None
from environments.cli import main
sys.exit(main(sys.argv[1:]))
"""


@pytest.mark.parametrize("verb", ["serve", "validate"])
def test_without_the_extra_it_says_how_to_get_it(verb: str) -> None:
    command = [sys.executable, "-c", BLOCK, "openenv", verb]
    told = subprocess.run(command, capture_output=True, text=True)
    assert told.returncode == 2
    (line,) = told.stderr.splitlines()
    assert "evennia-world-env[openenv]" in line
