"""What `evennia-world` understands: its verbs, each of which is imported when it is called."""

from __future__ import annotations

import importlib
import os
from typing import Any, NamedTuple

import typer
from typer.core import TyperGroup

from environments.cli import completion, quick
from environments.cli.verb import new_verb
from environments.modes.where import OPTIONS, without_where
from world_fixtures.errors import UserError

SHELLS = ", ".join(completion.SCRIPTS)


class Verb(NamedTuple):
    """A command by the module whose `app` it is."""

    module: str
    about: str
    """One line of help."""


# A verb's module is imported when the verb is called: all of them would take seconds.
VERBS = {
    "demo": Verb("demo", "see it work: the embedded policies on the basic suite"),
    "evaluate": Verb("modes", "measure a policy or a model on a suite of tasks"),
    "process": Verb("modes", "generate scored groups of rollouts into a file"),
    "serve": Verb("modes", "feed an Atropos trainer"),
    "branch": Verb("branch", "play the rollouts of a run on from one of their turns"),
    "tasks": Verb("tasks", "show tasks, and prove that they can be solved"),
    "worlds": Verb("worlds", "draw worlds, check world files, run world servers for others"),
    "game": Verb("game", "check an Evennia game of your own, for use as a world"),
    "new": Verb("new", "write a commented start of a world, a task or a suite"),
    "schema": Verb("schema", "print the JSON Schema of a world, task or suite, for an editor"),
    "audit": Verb("audit", "search for reward that is paid without the task being done"),
    "play": Verb("play", "play tasks yourself, in the terminal or a browser"),
    "bench": Verb("bench", "measure the world server and the rollouts on this machine"),
    "compare": Verb("compare", "rank runs and compare them, task by task"),
    "leaderboard": Verb("leaderboard", "rank all runs under a directory on one page"),
    "report": Verb("report", "write a run's metrics and report again"),
    "regret": Verb("regret", "tell what each command of a run cost"),
    "telemetry": Verb("telemetry", "record, check and pair traces of play"),
    "replay": Verb("replay", "play traces again and compare them step by step"),
    "export": Verb("export", "write rollouts in the formats that trainers read"),
    "mcp": Verb("mcp", "serve a world or tasks to clients of the Model Context Protocol"),
    "openenv": Verb("openenv", "serve this world to clients of OpenEnv"),
    "model-server": Verb(
        "model_server", "serve a Hugging Face model with exact tokens, on the CPU"
    ),
    "learn": Verb("learn", "train models on this environment, on the CPU"),
    "doctor": Verb("doctor", "check what this machine has, and what it lacks"),
    "health": Verb("health", "ask whether trainer, endpoint and worlds are there, for probes"),
}


def load_verb(name: str) -> Any:
    """Import the verb `name` and return its command."""
    module = importlib.import_module(f"environments.cli.{VERBS[name].module}")
    return typer.main.get_command(module.app)


class Verbs(TyperGroup):
    """The commands of `VERBS`."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the names of the verbs in the order of the help."""
        return list(VERBS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Load the verb `cmd_name`; None where there is none."""
        return load_verb(cmd_name) if cmd_name in VERBS else None

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Resolve as typer does, with an error that names the verbs."""
        if args[0] not in VERBS and not args[0].startswith("-"):
            raise typer.TyperException(
                f"unknown command {args[0]!r}: choose from {', '.join(VERBS)}"
            )
        return super().resolve_command(ctx, args)

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Print a line for each verb where help is asked for; else parse as typer does."""
        if not args or args[0] in ctx.help_option_names:
            width = max(map(len, VERBS))
            print("usage: evennia-world COMMAND [OPTIONS]    (COMMAND --help says more)\n")
            print("\n".join(f"  {n:<{width}}  {verb.about}" for n, verb in VERBS.items()))
            print("\n  --version                say which version this is")
            for option, (_, value, about) in OPTIONS.items():
                print(f"  {f'{option} {value}':<23}  {about}")
            print(f"  {completion.SHOW} SHELL  print what completes commands in {SHELLS}")
            ctx.exit()
        return super().parse_args(ctx, args)


app = new_verb(cls=Verbs)


@app.callback(add_help_option=False)  # a help option that is not given loads pydantic
def _evennia_world() -> None: ...


def run_verb(args: list[str]) -> int:
    """Run the verb that `args` name, and return its exit code. Raises UserError for bad input.

    Does as typer's own `main` does, which would give a broken pipe the exit code 1. Help, the
    version and completion come first, from data.
    """
    args = without_where(args)
    if completion.ASKED in os.environ:
        print("\n".join(completion.candidates(args, list(VERBS))))
        return 0
    if (told := quick.answer(args)) is not None:
        print(told)
        return 0
    command = typer.main.get_command(app)
    try:
        with command.make_context("evennia-world", args) as context:
            return command.invoke(context) or 0
    except typer.Exit as end:
        return end.exit_code
    except typer.TyperException as error:
        message = " ".join(error.format_message().split()).rstrip(".")
        used = getattr(error, "ctx", None)  # of errors in the use of a verb
        where = f" (see {used.command_path} --help)" if used else ""
        raise UserError(message + where) from None
