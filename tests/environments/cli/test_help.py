"""Help, the version and completion: quick, because they come from data that is held to be true."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import environments
from environments.cli import completion, help_table, main
from environments.cli.command import VERBS
from environments.cli.write_help import verb_helps
from environments.evennia_world_env import EvenniaWorldEnv
from environments.modes import option_table
from environments.modes.option_help import full_help, short_help
from environments.modes.option_table import GROUPS, MODEL, TASKS, TRAINER
from environments.modes.short_names import MODES, SHORT_NAMES

pytestmark = pytest.mark.once

ROOT = Path(__file__).resolve().parents[3]
HEAVY = (
    "atroposlib", "transformers", "openai", "django", "evennia", "scipy", "numpy", "pydantic",
    "pydantic_core", "wandb", "rich", "asyncio", "yaml",
)  # fmt: skip
WRITE = "run `python -m environments.cli.write_help`"
OPTIONS = option_table.shipped()


def test_the_helps_of_the_commands_are_those_of_the_commands() -> None:
    assert help_table.shipped() == verb_helps(), WRITE


def test_the_table_of_options_is_that_of_the_options() -> None:
    assert option_table.described(EvenniaWorldEnv) == OPTIONS, WRITE


def test_no_help_and_no_version_loads_what_takes_long() -> None:
    lines = [["--help"], ["--version"], ["--show-completion", "bash"]]
    lines += [[*path.split(), "--help"] for path in (*help_table.shipped(), *MODES)]
    lines += [[mode, "--help-all"] for mode in MODES]
    program = (
        "import sys; from environments.cli import main\n"
        f"for line in {lines}: assert main(line) == 0, line\n"
        f"print('loaded', [m for m in {HEAVY} if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "loaded []"


@pytest.mark.parametrize("word", ["--version", "-V"])
def test_the_version_is_told(word, capsys) -> None:
    assert main([word]) == 0
    assert capsys.readouterr().out == f"evennia-world {environments.__version__}\n"
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert project["tool"]["setuptools"]["dynamic"]["version"] == {
        "attr": "environments.__version__"
    }


def test_the_environment_as_a_program_has_the_same_help() -> None:
    program = ROOT / "environments" / "evennia_world_env.py"
    done = subprocess.run(
        [sys.executable, "-X", "importtime", program, "process", "--help"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "--group-size" in done.stdout
    assert "atroposlib" not in done.stderr


@pytest.mark.parametrize("mode", MODES)
def test_the_short_help_shows_what_everybody_types_with_type_range_and_default(mode) -> None:
    text = " ".join(short_help(mode, OPTIONS, f"evennia-world {mode}").split())
    for short, names in SHORT_NAMES.items():
        assert (f" --{short} " in text) is bool(names.of(mode))
    assert "--trainer" in text or mode != "serve"
    assert TRAINER not in text
    assert "--help-all" in text
    assert "[number, 0 to 100; default" in text


@pytest.mark.parametrize("mode", MODES)
def test_the_whole_help_shows_every_option_once_ours_first_and_the_trainers_last(mode) -> None:
    text = full_help(mode, OPTIONS, f"evennia-world {mode}")
    lines = [line.split()[0] for line in text.splitlines() if line.startswith("  --")]
    assert sorted(lines) == sorted(f"--{option.name}" for option in OPTIONS)
    assert [line for line in text.splitlines() if line in GROUPS] == list(GROUPS)
    assert text.index(TASKS) < text.index(MODEL) < text.index(TRAINER) < text.index("use_wandb")
    assert max(map(len, text.splitlines())) <= 88


def test_every_option_says_what_it_is_and_takes() -> None:
    assert [option.name for option in OPTIONS if not (option.about and option.kind)] == []
    by_name = {option.name: option for option in OPTIONS}
    assert by_name["env.group_size"].allowed == "1 to 100,000"
    assert by_name["env.call_timeout"].allowed == "above 0 to 1,000,000"
    assert by_name["env.worker_timeout"].allowed == "at least 0.001, or -1"
    assert by_name["env.notes"].choices == ("kept", "wiped", "swapped")


def test_the_table_names_nothing_of_the_machine_that_wrote_it() -> None:
    for file in (help_table.HELP_FILE, option_table.SHIPPED):
        assert str(ROOT) not in file.read_text()
        assert str(Path.home()) not in file.read_text()


@pytest.mark.parametrize(
    ("line", "some"),
    [
        ("", ["evaluate", "doctor"]),
        ("ev", ["evaluate"]),
        ("evaluate --su", ["--suite"]),
        ("evaluate --env.eval_at", ["--env.eval_attempts"]),
        ("evaluate --suite ba", ["basics"]),
        ("evaluate --policy or", ["oracle"]),
        ("process --families errand,na", ["errand,navigation"]),
        ("serve --env.credit tr", ["tree"]),
        ("tasks ", ["show", "verify"]),
        ("tasks show --diff", ["--difficulty"]),
        ("compare --metric su", ["success"]),
        ("bench f", ["faults", "fork"]),
    ],
)
def test_words_are_completed(line, some) -> None:
    words = line.split(" ")
    found = completion.candidates(words, list(VERBS))
    assert set(some) <= set(found)
    assert all(word.startswith(words[-1]) for word in found)


@pytest.mark.parametrize("line", ["evaluate --out ru", "nothing ", "compare ru"])
def test_where_a_file_may_be_meant_the_shell_completes(line) -> None:
    assert completion.candidates(line.split(" "), list(VERBS)) == []


def test_bash_completes_with_the_script_that_is_shown() -> None:
    program = f"""
        evennia-world() {{ {sys.executable} -m environments "$@"; }}
        eval "$(evennia-world --show-completion bash)"
        COMP_WORDS=(evennia-world evaluate --families errand,ori); COMP_CWORD=3
        _evennia_world; echo "${{COMPREPLY[*]}}"
    """
    done = subprocess.run(
        ["bash", "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout == "errand,orientation\n"


def test_a_shell_that_is_not_known_is_told_with_those_that_are(capsys) -> None:
    assert main(["--show-completion", "tcsh"]) == 2
    assert "choose from bash, zsh, fish" in capsys.readouterr().err
