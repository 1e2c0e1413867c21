"""`evennia-world branch RUN --at TURN`: rollouts of a run, played on from one of their turns."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperCommand

from environments.cli.verb import new_verb
from world_fixtures.text import printable

MODE_OPTIONS = ("--env.", "--openai.", "--config", "--slurm")
"""How options begin that are those of `evaluate`."""
SHORT_OPTIONS = (
    "--policy", "--model", "--base-url", "--api-key-env", "--server-type", "--temperature",
    "--max-tokens", "--concurrency",
)  # fmt: skip
"""Short names of `evaluate` that say who plays, and how."""


class BranchCommand(TyperCommand):
    """Leaves the options of `evaluate` to its own reader."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse our own options; the others are `ctx.obj`."""
        own: list[str] = []
        others: list[str] = []
        rest = list(reversed(args))
        while rest:
            word = rest.pop()
            name = word.partition("=")[0].replace("_", "-")
            if not word.startswith(MODE_OPTIONS) and name not in SHORT_OPTIONS:
                own.append(word)
                continue
            others.append(word)
            if "=" not in word and rest and not rest[-1].startswith("--"):
                others.append(rest.pop())
        ctx.obj = others
        return super().parse_args(ctx, own)


app = new_verb()


@app.command(
    cls=BranchCommand, epilog=f"Who plays is named as in evaluate: {', '.join(SHORT_OPTIONS)}."
)
def branch(
    context: typer.Context,
    run: Annotated[Path, typer.Argument(metavar="RUN", help="run directory or samples.jsonl")],
    at: Annotated[int, typer.Option(metavar="TURN", help="model calls that stay as they were")],
    times: Annotated[
        int, typer.Option(min=1, max=10_000, metavar="N", help="rollouts from each state")
    ] = 1,
    rollout: Annotated[
        str | None, typer.Option(metavar="ID", help="of this rollout alone (default: of all)")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="default: runs/branch-SUITE-MODEL-turn-TURN"),
    ] = None,
) -> int:
    """Play the rollouts of a run on from a turn, N times each, as a run of its own.

    The world, the conversation and the budget are as they were after TURN model calls. By default
    the policy of the run plays under the run's options; a model needs its endpoint named again.
    Rollouts that were over by then are left out.
    """
    from environments.modes.loading import loading
    from environments.modes.logs import quiet_libraries

    quiet_libraries()
    with loading():  # numpy and Atropos
        from environments.modes.branch import read_branches, run_branches

    branches = read_branches(run, at, times, rollout)
    if branches.left_out:
        told = f"{len(branches.left_out)} of its rollouts cannot go on from turn {at}"
        print(printable(f"{told}, such as: {branches.left_out[0]}"), file=sys.stderr)
    from environments.evennia_world_env import EvenniaWorldEnv  # transformers and Atropos: seconds

    return run_branches(EvenniaWorldEnv, branches, context.obj, out)
