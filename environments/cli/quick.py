"""What the command line answers from data, without loading the command that is asked about."""

from __future__ import annotations

from collections.abc import Sequence

from environments import __version__
from environments.cli import completion, help_table
from environments.modes.option_help import asked_help


def answer(args: Sequence[str]) -> str | None:
    """Return the text that `args` ask for: a version, help, completion; None for anything else."""
    if not args:
        return None
    if args[0] in ("--version", "-V"):
        return f"{help_table.PROGRAM} {__version__}"
    if args[0] == completion.SHOW:
        return completion.script(args[1:])
    return asked_help(args, help_table.PROGRAM) or _verb_help(args)


def _verb_help(args: Sequence[str]) -> str | None:
    own = args[: args.index("--")] if "--" in args else args
    if not {"-h", "--help"} & set(own):
        return None
    table = help_table.shipped()
    path, rest = args[0], list(args[1:])
    while rest and f"{path} {rest[0]}" in table:
        path = f"{path} {rest.pop(0)}"
    return table[path].text if path in table else None
