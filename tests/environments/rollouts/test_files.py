"""A file is the old one or the new one, and of lines that do not fit nothing stays."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from environments.export.hermes_writer import COMPLETED, HermesWriter
from environments.rollouts.files import LinesFile, read_samples, replace_file, write_file
from environments.rollouts.lock import lock
from environments.telemetry.layout import meta_path
from environments.telemetry.reading import read_trace
from environments.tools.registry import toolsets_of
from world_fixtures.common import UserError


def test_a_file_that_does_not_fit_leaves_the_old_one_and_nothing_else(tmp_path, small_files):
    path = tmp_path / "metrics.json"
    write_file(path, "old")
    with small_files(10), pytest.raises(UserError) as told:
        write_file(path, "x" * 11)
    assert str(told.value) == f"cannot write {path} (File too large): free some space"
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    "read",
    [
        read_samples,
        lambda path: LinesFile(path),
        lambda path: HermesWriter(path.parent, toolsets_of),
        lambda path: read_trace(path),
    ],
)
def test_a_fifo_is_refused_and_not_waited_for(tmp_path, read):
    path = tmp_path / COMPLETED
    os.mkfifo(path)
    meta_path(path).symlink_to(path)
    with pytest.raises(UserError, match="no ordinary file"):
        read(path)


def test_the_space_that_is_left_is_named(tmp_path):
    with pytest.raises(UserError, match=r"/dev/full \(No space left on device, [\d,]+ bytes free"):
        write_file(Path("/dev/full"), "x")


def test_a_line_that_does_not_fit_is_not_begun(tmp_path, small_files):
    path = tmp_path / "samples.jsonl"
    with LinesFile(path) as lines:
        lines.add(b"first\n")
        with small_files(9), pytest.raises(UserError) as told:
            lines.add(b"second\n")
        assert path.read_bytes() == b"first\n"
        lines.add(b"third\n")
    assert "the same command continues" in str(told.value)
    assert "\n" not in str(told.value)
    assert path.read_bytes() == b"first\nthird\n"


@pytest.mark.parametrize("replaced", [False, True])
def test_nothing_is_written_where_nobody_finds_it(tmp_path, replaced):
    path = tmp_path / "groups.jsonl"
    with LinesFile(path) as lines:
        lines.add(b"first\n")
        path.rename(tmp_path / "moved")
        if replaced:
            path.write_bytes(b"another\n")
        with pytest.raises(UserError, match=r"groups\.jsonl was moved, deleted or replaced"):
            lines.add(b"second\n")
    assert (tmp_path / "moved").read_bytes() == b"first\n"


def test_lines_are_added_by_way_of_a_link(tmp_path):
    (tmp_path / "link").symlink_to("real")
    with LinesFile(tmp_path / "link") as lines:
        lines.add(b"a line\n")
    assert (tmp_path / "real").read_bytes() == b"a line\n"


def test_a_link_is_followed_and_the_mode_of_a_file_stays(tmp_path):
    real, link = tmp_path / "real", tmp_path / "link"
    real.write_text("old")
    real.chmod(0o600)
    link.symlink_to("real")
    write_file(link, "new")
    assert link.is_symlink()
    assert real.read_text() == "new"
    assert real.stat().st_mode & 0o777 == 0o600


def test_what_a_killed_process_left_is_taken_over(tmp_path):
    path = tmp_path / "a file"
    program = (
        "import os, pathlib, signal, sys\n"
        "from environments.rollouts.files import replace_file\n"
        "def write(new):\n"
        "    new.write_text('half')\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
        "replace_file(pathlib.Path(sys.argv[1]), write)\n"
    )
    subprocess.run([sys.executable, "-c", program, path], check=False)
    assert not path.exists()
    write_file(path, "whole")
    assert list(tmp_path.iterdir()) == [path]
    assert path.read_text() == "whole"


def test_two_that_write_one_file_do_not_mix(tmp_path):
    path = tmp_path / "f"
    program = (
        "import pathlib, sys\n"
        "from environments.rollouts.files import write_file\n"
        "for _ in range(100):\n"
        "    write_file(pathlib.Path(sys.argv[1]), sys.argv[2] * 50_000)\n"
    )
    writers = [subprocess.Popen([sys.executable, "-c", program, path, c]) for c in "ab"]
    while any(w.poll() is None for w in writers):
        if path.exists():
            assert path.read_text() in ("a" * 50_000, "b" * 50_000)
    assert [w.returncode for w in writers] == [0, 0]
    assert list(tmp_path.iterdir()) == [path]


def test_a_place_that_cannot_be_written_is_named(tmp_path):
    with pytest.raises(UserError, match=r"gone/f \(No such file or directory\): choose another"):
        write_file(tmp_path / "gone" / "f", "x")
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match="Not a directory"):
        replace_file(tmp_path / "file" / "f", lambda new: new.touch())


def test_a_lock_has_one_holder_and_changes_nothing(tmp_path):
    path = tmp_path / "groups.jsonl"
    path.write_text("content")
    with lock(path, "in use: wait"), pytest.raises(UserError, match=r"^in use: wait$"):
        lock(path, "in use: wait")
    lock(path, "in use: wait").close()
    assert path.read_text() == "content"


@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo])
def test_what_is_no_file_is_not_locked(tmp_path, make):
    make(tmp_path / "f")
    with pytest.raises(UserError, match=r"Is a directory|no ordinary file"):
        lock(tmp_path / "f", "in use")
