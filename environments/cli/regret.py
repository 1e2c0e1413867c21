"""`evennia-world regret RUN`: what each command of a run's rollouts cost."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from environments.cli.still_worlds import tell_left_out
from environments.cli.verb import new_verb
from world_fixtures.common import UserError

app = new_verb()


@app.command()
def regret(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="run directory or samples.jsonl")],
    worlds: Annotated[
        int, typer.Option(min=1, max=1000, metavar="N", help="worlds resampled before each command")
    ] = 20,
    rollout: Annotated[
        str | None, typer.Option(metavar="ID", help="of this rollout alone (default: of all)")
    ] = None,
) -> int:
    """Write what each command of a run's rollouts cost, in mistake and search, to regrets.jsonl.

    `report` and `compare` show it. Rollouts that are in the file are skipped, so the same command
    goes on where it was stopped. Those without a score are left out.
    """
    # numpy and the planners
    from environments.evaluation.regret import add_regrets, regrets_path
    from environments.modes.run import interrupted_once
    from environments.rollouts.files import read_rollouts

    scored = [r for r in read_rollouts(run) if r.verdict is not None]
    tell_left_out(run, scored, "nothing has regrets")
    rollouts = [r for r in scored if not r.task.spec.goes_on]
    if rollout is not None:
        rollouts = [r for r in rollouts if r.id == rollout]
    if not rollouts:
        named = "" if rollout is None else f" {rollout!r}"
        raise UserError(f"{run} holds no scored rollout{named}: nothing has regrets")
    with interrupted_once():
        there = add_regrets(run, rollouts, worlds)
    print(f"{regrets_path(run)}: {len(rollouts)} rollouts, {there} of them there before")
    return 0
