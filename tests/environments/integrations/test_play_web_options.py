"""What `play --web` refuses, in one line, before anything is started."""

from __future__ import annotations

import pytest

from environments.cli import main


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (["--save", "run"], "add --web"),
        (["--web", "--name", "../up"], "--name '../up' must be letters"),
        (["--web", "--name", "-"], "--name '-' must be letters"),
        (["--web", "--suite", "nothing"], "there is no suite, task or world 'nothing'"),
        (["--web", "--task", "errand"], "such as test/errand.deliver/3/7"),
        (["--web", "--family", "fishing"], "unknown family 'fishing'"),
        (["--web", "--port", "70000"], "--port"),
    ],
)
def test_what_cannot_be_played_is_told_in_one_line(given, told, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["play", *given]) == 2
    error = capsys.readouterr().err
    assert told in error
    assert error.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_a_directory_of_another_run_is_refused(capsys, tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "report.html").write_text("mine")
    assert main(["play", "--web", "--save", str(tmp_path / "run")]) == 2
    assert "choose another --save" in capsys.readouterr().err
    assert (tmp_path / "run" / "report.html").read_text() == "mine"
