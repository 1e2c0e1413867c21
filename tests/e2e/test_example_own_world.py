"""The author's ten minutes, as a script: from an empty directory to a report."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.once]

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "examples" / "own_world.sh"


def test_the_script_leads_from_an_empty_directory_to_a_report(tmp_path: Path) -> None:
    programs = tmp_path / "bin"
    programs.mkdir()
    program = programs / "evennia-world"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m environments.cli "$@"\n')
    program.chmod(0o755)
    path = os.pathsep.join([str(programs), os.environ["PATH"]])
    done = subprocess.run(
        ["sh", str(SCRIPT), str(tmp_path / "empty")],
        env={**os.environ, "PATH": path, "PYTHONPATH": str(ROOT)},
        capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    runs = tmp_path / "empty" / "runs"
    rows = [json.loads(line) for line in (runs / "samples.jsonl").read_text().splitlines()]
    assert len(rows) == 9
    assert "<html" in (runs / "report.html").read_text()


def test_the_page_for_authors_has_the_same_commands() -> None:
    page = (ROOT / "docs" / "authoring.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"(?ms)^```sh\n(.*?)^```", page)
    assert block in SCRIPT.read_text(encoding="utf-8")
