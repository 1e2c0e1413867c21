"""`evaluate --models`: several models one after another on the same tasks, and their ranking."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from environments.evaluation.leaderboard import LEADERBOARD, write_leaderboard
from environments.evaluation.leaderboard_text import boards_text
from environments.evaluation.run_directory import RUN
from environments.models.endpoint_check import check_endpoint
from environments.modes.account import tell_line
from environments.modes.evaluate import slug
from environments.modes.model_list import Planned, planned
from environments.modes.options import ModeConfig
from environments.rollouts.replacing import check_page
from environments.tasks.suites.load import in_games_alone
from world_fixtures.common import UserError, printable
from world_fixtures.servers import ServerPool


def plan(config: ModeConfig) -> tuple[Path, list[Planned]]:
    """Return the directory of the leaderboard, and each run that is to be in it.

    Raises UserError where an entry is wrong, a policy is named beside them, or the directory is
    that of a single run or has another file where the leaderboard is to be.
    """
    env = config.env
    if "policy" in config.named:
        raise UserError("--policy and --models: name all that is to be played in --models")
    out = Path(env.data_dir_to_save_evals or f"runs/evaluate-{slug(Path(env.suite).stem)}-models")
    if (out / RUN).exists():
        raise UserError(
            f"{out} holds a single run: choose another --env.data_dir_to_save_evals, into which"
            " each model gets a directory of its own"
        )
    check_page(out / LEADERBOARD)
    return out, planned(config, out)


async def evaluate_models(
    make: Callable[[ModeConfig], Any], out: Path, runs: Sequence[Planned]
) -> None:
    """Play each run, one after another in the same world servers, and rank all runs under `out`.

    `make` makes the environment of a run. A model that cannot be evaluated is named, and the
    others are played; the ranking is written in any case. Raises UserError in the end where
    one could not be evaluated.
    """
    for run in runs:
        await check_endpoint(
            [server for server in run.config.servers if server.base_url],
            url_option=f"the base_url of {run.name} in --models",
            key_option=f"the api_key_env of {run.name} in --models",
        )
    names = ", ".join(run.name for run in runs)
    tell_line(f"evaluate: {names}, one after another, into {out}; starting the world ...")
    failed: list[str] = []
    try:
        async with AsyncExitStack() as stack:
            pool = None
            first = runs[0].config.env
            if not first.spectate:
                pool = await stack.enter_async_context(
                    ServerPool(first.world_servers, at_once=not in_games_alone(first.suite))
                )
            for number, run in enumerate(runs, start=1):
                tell_line(f"{run.name} ({number} of {len(runs)})")
                try:
                    await _evaluate(make(run.config), pool)
                except UserError as error:
                    failed.append(f"{run.name}: {error}")
                    tell_line(failed[-1])
    except BaseException:
        with contextlib.suppress(UserError):  # what stopped the runs is told
            _rank(out)
        raise
    _rank(out)
    if failed:
        more = f" (and {len(failed) - 1} more)" if len(failed) > 1 else ""
        raise UserError(f"{len(failed)} of {len(runs)} have no result: {failed[0]}{more}")


async def _evaluate(env: Any, pool: ServerPool | None) -> None:
    env.lent = pool
    try:
        await env.setup()
        await env.evaluate()
    finally:
        await env.teardown()


def _rank(out: Path) -> None:
    boards = write_leaderboard(out)
    print("\n" + printable(boards_text(boards)))
    print(f"leaderboard in {out / LEADERBOARD}")
