"""A disk that is full stops a run in one line; with some space the same command goes on."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow


class Disk:
    """A file system in memory, of a size that changes."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def mount(self, kilobytes: int, *options: str) -> None:
        size = ",".join([*options, f"size={kilobytes}k"])
        command = ["mount", "-t", "tmpfs", "-o", size, "tmpfs", str(self.path)]
        if subprocess.run(command, check=False, capture_output=True).returncode:
            pytest.skip("no file system can be mounted here")


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    found = Disk(tmp_path / "disk")
    found.path.mkdir()
    found.mount(100)
    yield found
    subprocess.run(["umount", str(found.path)], check=True)


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_bytes().splitlines()]


def told(done: subprocess.CompletedProcess[str], file: str) -> None:
    """The last line is the only one of the error, and it names the file and the space."""
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    [line] = [t for t in done.stderr.splitlines() if t.startswith("evennia-world:")]
    assert file in line
    assert "(No space left on device, " in line
    assert " bytes free): free some space; what was written is kept" in line


def test_process_goes_on_where_the_disk_was_full(programs, disk, tmp_path):
    options = ["process", "--env.total_steps", "12", "--env.group_size", "2",
               "--env.world_servers", "1", "--env.difficulty", "[1,2]",
               "--env.target_success", "0.5",
               "--env.process_concurrency", "2"]  # fmt: skip
    disk.mount(300, "remount")  # a few groups
    groups = disk.path / "groups.jsonl"
    command = [*options, "--env.data_path_to_save_groups"]
    told(programs.run(*command, str(groups)), "groups.")
    kept = lines(groups)
    assert 0 < len(kept) < 12
    disk.mount(8000, "remount")
    assert programs.run_here(*command, str(groups)).returncode == 0
    assert lines(groups)[: len(kept)] == kept
    whole = tmp_path / "whole.jsonl"
    assert programs.run_here(*command, str(whole)).returncode == 0
    about = [[(g["item"], g["part"], g["overrides"]) for g in lines(f)] for f in (groups, whole)]
    assert about[0] == about[1]
    hermes = [
        [
            line["prompt_index"]
            for line in lines(f.with_suffix(".hermes") / "trajectory_samples.jsonl")
        ]
        for f in (groups, whole)
    ]
    assert sorted(hermes[0]) == sorted(hermes[1])
    assert not list(disk.path.rglob("*.new"))


def test_evaluate_goes_on_where_the_disk_was_full(programs, disk):
    out = disk.path / "run"
    command = ["evaluate", "--env.world_servers", "1", "--env.eval_baselines", "false",
               "--env.data_dir_to_save_evals", str(out)]  # fmt: skip
    told(programs.run(*command), "samples.jsonl")
    kept = lines(out / "samples.jsonl")
    assert 0 < len(kept) < 30
    for path in out.glob("*.json"):
        json.loads(path.read_text())
    assert not list(out.rglob("*.new"))
    disk.mount(20_000, "remount")
    assert programs.run_here(*command).returncode == 0
    assert len(lines(out / "samples.jsonl")) == 30
    assert json.loads((out / "metrics.json").read_text())["results"]["all"]["n"] == 30
