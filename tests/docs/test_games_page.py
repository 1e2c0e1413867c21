"""The page about games: its first game and task, made and played as it says."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

PAGE = Path(__file__).resolve().parents[2] / "docs" / "games.md"
INIT = "from evennia.server.evennia_launcher import main; main()"


@pytest.mark.slow
def test_a_game_of_ones_own_is_played_as_the_page_says(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-c", INIT, "--init", "mygame"], cwd=tmp_path, check=True,
        capture_output=True,
    )  # fmt: skip
    written = re.search(r"```yaml\n(# lantern.yaml\n.*?)```", PAGE.read_text(), re.S)
    assert written
    (tmp_path / "lantern.yaml").write_text(written[1])
    before = {p: p.read_bytes() for p in (tmp_path / "mygame").rglob("*") if p.is_file()}

    done = _run(tmp_path, "tasks", "verify", "lantern.yaml", "--json", "verified.json")
    assert done.returncode == 0, done.stdout + done.stderr
    figures = json.loads((tmp_path / "verified.json").read_text())
    assert (figures["solved"], figures["n"], figures["replay_differences"]) == (1, 1, 0)

    (tmp_path / "script").write_text("look\nget lantern\nout\nwait 30\nsay hello\n")
    done = _run(tmp_path, "game", "check", "mygame", "--script", "script", "--json", "checked.json")
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads((tmp_path / "checked.json").read_text())["commands"] == 5
    after = {p: p.read_bytes() for p in (tmp_path / "mygame").rglob("*") if p.is_file()}
    assert after == before


def _run(directory: Path, *given: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "environments.cli", *given]
    return subprocess.run(command, cwd=directory, capture_output=True, text=True)
