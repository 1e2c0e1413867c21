"""Serving OpenEnv without OpenEnv is one line that says what to install."""

from __future__ import annotations

import subprocess
import sys

import pytest

BLOCK = """
import sys
sys.modules["openenv"] = None
from {module} import main
sys.exit(main())
"""
COMMANDS = {
    "serve": ("environments.cli", ["openenv", "serve"]),
    "validate": ("environments.cli", ["openenv", "validate"]),
    "module": ("environments.integrations.openenv.__main__", []),
}


@pytest.mark.parametrize("command", COMMANDS)
def test_without_the_extra_it_says_how_to_get_it(command: str) -> None:
    module, arguments = COMMANDS[command]
    program = [sys.executable, "-c", BLOCK.format(module=module), *arguments]
    told = subprocess.run(program, capture_output=True, text=True)
    assert told.returncode == 2
    (line,) = told.stderr.splitlines()
    assert "pip install './light[openenv]'" in line
