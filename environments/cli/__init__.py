"""The `evennia-world` command: the three modes and the tools around them."""

from __future__ import annotations

import importlib
import os
import sys

from world_fixtures.common import UserError

COMMANDS: dict[str, tuple[str, str]] = {
    "demo": ("environments.cli.demo", "see it work: the embedded policies on the basic suite"),
    "evaluate": ("environments.cli.modes", "measure a policy or a model on a suite of tasks"),
    "process": ("environments.cli.modes", "generate scored groups of rollouts into a file"),
    "serve": ("environments.cli.modes", "feed an Atropos trainer"),
    "tasks": ("environments.cli.tasks", "show tasks, and prove that they can be solved"),
    "worlds": ("environments.cli.worlds", "draw worlds, check world files"),
    "play": ("environments.cli.play", "play a task yourself, in the terminal"),
    "bench": (
        "environments.cli.bench",
        "measure the world server and the rollouts on this machine",
    ),
    "compare": ("environments.cli.compare", "compare two runs, task by task"),
    "report": ("environments.cli.report", "write a run's metrics and report again"),
    "telemetry": (
        "environments.cli.telemetry",
        "record, check and pair traces of play",
    ),
    "replay": ("environments.cli.replay", "play traces again and compare them step by step"),
    "export": ("environments.cli.export", "write rollouts in the formats that trainers read"),
    "mcp": ("environments.cli.mcp", "serve a world to clients of the Model Context Protocol"),
    "doctor": ("environments.cli.doctor", "check what this machine has, and how to mend it"),
}
"""Name -> (module with `run(argv) -> int`, one line of help). Imported only when called."""


def main(argv: list[str] | None = None) -> int:
    """Run one command; 0 done, 1 done with findings, 2 bad input, 130 interrupted."""
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")  # says that PyTorch is not there
    args = sys.argv[1:] if argv is None else argv
    if not args or args[0] in ("-h", "--help"):
        width = max(map(len, COMMANDS))
        print("usage: evennia-world COMMAND [OPTIONS]    (COMMAND --help says more)\n")
        print("\n".join(f"  {name:<{width}}  {about}" for name, (_, about) in COMMANDS.items()))
        return 0
    name = args[0]
    try:
        if name not in COMMANDS:
            raise UserError(f"unknown command {name!r}: choose from {', '.join(COMMANDS)}")
        return importlib.import_module(COMMANDS[name][0]).run(args)
    except UserError as error:
        print(f"evennia-world: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("evennia-world: interrupted", file=sys.stderr)
        return 130
