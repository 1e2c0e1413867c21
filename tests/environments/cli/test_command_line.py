"""The command line as a whole: help, usage errors, exit codes, and how little it loads."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import environments.cli
from environments.cli import main
from environments.cli.command import VERBS

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize("argv", [[], ["--help"], ["-h"]])
def test_help_names_every_verb(argv, capsys) -> None:
    assert main(argv) == 0
    out = capsys.readouterr().out
    assert out.startswith("usage: evennia-world COMMAND [OPTIONS]")
    for name, verb in VERBS.items():
        assert f"{name}  " in out
        assert verb.about in out


@pytest.mark.parametrize("name", [n for n, verb in VERBS.items() if verb.module != "modes"])
def test_every_verb_has_help(name, capsys) -> None:
    assert main([name, "--help"]) == 0
    assert f"Usage: evennia-world {name}" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("nope", "unknown command 'nope': choose from demo, "),
        ("--nope", "No such option: --nope"),
        ("compare", "Missing argument 'RUN' (see evennia-world compare --help)"),
        ("compare one", "give two runs or more"),
        ("compare one two three --fail-below 0", "--fail-below is for two runs"),
        ("compare one two three", "one does not exist"),
        ("leaderboard nowhere", "nowhere is no directory"),
        ("compare one two --metric x", "--metric"),
        ("compare one two --fail-below x", "--fail-below"),
        ("tasks", "evennia-world tasks --help"),
        ("tasks nope", "nope"),
        ("tasks show --seed x", "--seed"),
        ("bench nope", "'nope' is not one of 'world'"),
        ("export csv in --out out", "csv"),
        ("export sft in", "--out"),
        ("export sft in --out out --margin 2", "--margin 2 is out of range"),
        ("replay", "PATH"),
        ("mcp --world nowhere", "no world 'nowhere'"),
        ("evaluate oracle", "unexpected argument 'oracle'"),
        ("process --env.groupsize 4", "did you mean --env.group_size?"),
        ("process --env.group_size 0", "--env.group_size must be at least 1"),
    ],
)
def test_bad_usage_is_reported_in_one_line(line, told, capsys) -> None:
    assert main(line.split()) == 2
    captured = capsys.readouterr()
    assert captured.err.startswith("evennia-world: ")
    assert told in captured.err
    assert captured.err.count("\n") == 1
    assert captured.out == ""


def test_an_interruption_is_reported_and_has_its_exit_code(monkeypatch, capsys) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("environments.cli.worlds.library_worlds", interrupted)
    monkeypatch.setattr("signal.signal", lambda *_: None)  # the process goes on
    assert main(["worlds", "list"]) == 130
    assert capsys.readouterr().err == "evennia-world: interrupted\n"


@pytest.mark.parametrize("module", ["environments", "environments.cli", "environments.cli.main"])
def test_a_clone_runs_it_as_a_module(module) -> None:
    done = subprocess.run(
        [sys.executable, "-m", module, "worlds", "list"], cwd=ROOT, capture_output=True, text=True
    )
    assert (done.returncode, done.stdout) == (0, "market_street\ntimmy_home\n")


def test_benchmarks_belong_to_a_clone(monkeypatch, capsys, tmp_path) -> None:
    monkeypatch.setattr("environments.cli.bench.CLONE", tmp_path)
    assert main(["bench", "world"]) == 2
    assert "run `bench` in a clone" in capsys.readouterr().err


def test_an_option_that_a_benchmark_does_not_have_is_refused(capsys) -> None:
    assert main(["bench", "world", "--case", "1"]) == 2
    assert "bench world has no --case" in capsys.readouterr().err


def test_there_is_one_parser_of_command_lines() -> None:
    for file in Path(environments.cli.__file__).parent.glob("*.py"):
        assert "argparse" not in file.read_text(encoding="utf-8"), file
