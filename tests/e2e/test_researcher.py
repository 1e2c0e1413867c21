"""`examples/researcher.sh` runs from an empty directory: groups, rows, and what they train."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
pytestmark = [pytest.mark.slow, pytest.mark.once]


def test_the_way_of_a_researcher(tmp_path: Path) -> None:
    programs = tmp_path / "bin"
    programs.mkdir()
    program = programs / "evennia-world"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m environments.cli "$@"\n')
    program.chmod(0o755)
    here = tmp_path / "empty"
    here.mkdir()
    done = subprocess.run(
        ["bash", str(ROOT / "examples" / "researcher.sh")], cwd=here, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        env={
            **os.environ, "PATH": f"{programs}:{os.environ['PATH']}", "PYTHON": sys.executable,
            "PYTHONPATH": str(ROOT), "HOME": str(tmp_path), "WANDB_MODE": "offline",
        },
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    assert "train the model's words alone" in done.stdout
    assert {path.name for path in (here / "rows").iterdir()} == {
        "README.md", "sft_tokens.jsonl", "dpo.jsonl", "kto.jsonl"
    }  # fmt: skip
