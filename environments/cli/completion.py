"""Completion of the command line in a shell: `eval "$(evennia-world --show-completion bash)"`.

The shell calls the program with the words so far and the variable `ASKED` set, and is given what
the last of them could become. Everything comes from the tables of the help, so that it is quick.
"""

from __future__ import annotations

from collections.abc import Sequence

from environments.cli import help_table
from environments.modes.option_table import Option
from environments.modes.option_table import shipped as mode_options
from environments.modes.short_names import MODES, SHORT_NAMES
from environments.modes.where import OPTIONS as WHERE
from world_fixtures.errors import UserError

SHOW = "--show-completion"
ASKED = "_EVENNIA_WORLD_COMPLETE"
SCRIPTS = {
    "bash": """_evennia_world() {
    local IFS=$'\\n'
    COMPREPLY=( $(%s=1 evennia-world "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null) )
}
complete -o default -F _evennia_world evennia-world""",
    "zsh": """_evennia_world() {
    local -a found
    found=("${(@f)$(%s=1 evennia-world "${(@)words[2,CURRENT]}" 2>/dev/null)}")
    if [[ -n "$found" ]]; then compadd -- $found; else _files; fi
}
compdef _evennia_world evennia-world""",
    "fish": "complete -c evennia-world -a '(env %s=1 evennia-world"
    " (commandline -opc)[2..] (commandline -ct) 2>/dev/null)'",
}


def script(shells: Sequence[str]) -> str:
    """Return the lines that a shell needs. Raises UserError unless one known shell is named."""
    if len(shells) != 1 or shells[0] not in SCRIPTS:
        raise UserError(f"{SHOW} needs the name of a shell: choose from {', '.join(SCRIPTS)}")
    return SCRIPTS[shells[0]] % ASKED


def candidates(words: Sequence[str], verbs: Sequence[str]) -> list[str]:
    """Return what the last of `words` could become; empty where files may be meant."""
    *before, last = words or [""]
    if not before:
        return _fitting([*verbs, "--help", "--version", SHOW, *WHERE], last)
    if before[0] in MODES:
        return _of_mode(before[0], before[-1], last)
    table = help_table.shipped()
    path = before[0]
    for word in before[1:]:
        path = f"{path} {word}" if f"{path} {word}" in table else path
    if path not in table:
        return []
    _, options, follows = table[path]
    if before[-1] in options and not last.startswith("--"):
        return _fitting(options[before[-1]], last)
    return _fitting([*options, "--help"] if last.startswith("-") else follows, last)


def _of_mode(mode: str, previous: str, last: str) -> list[str]:
    """Complete a short name, or a dotted name once it is begun, or a value."""
    options: dict[str, Option] = {f"--{option.name}": option for option in mode_options()}
    shorts = {f"--{s}": options.get(f"--{names.of(mode)}") for s, names in SHORT_NAMES.items()}
    named = options | {short: option for short, option in shorts.items() if option}
    if previous in named and not last.startswith("--"):
        option = named[previous]
        done, comma, part = last.rpartition(",") if "A,B" in option.kind else ("", "", last)
        return [f"{done}{comma}{value}" for value in _fitting(option.choices, part)]
    if last.startswith(("--env", "--openai")):
        return _fitting(list(options), last)
    if last.startswith("-"):
        return _fitting(
            [*(s for s in shorts if shorts[s]), "--config", "--help", "--help-all"], last
        )
    return []


def _fitting(words: Sequence[str], begun: str) -> list[str]:
    return [word for word in words if word.startswith(begun)]
