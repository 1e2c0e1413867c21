"""`process`: many groups at once, written one whole line at a time, resumable."""

from __future__ import annotations

import asyncio
import math
import sys
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from pathlib import Path
from typing import Any, Protocol

from environments.config import HermesAgentEnvConfig
from environments.export.hermes_writer import (
    HermesWriter,
    gather,
    gathering,
    trajectories_directory,
)
from environments.modes.account import Account
from environments.modes.feedback import Feedback, Learner, Outcome
from environments.modes.groups_file import Done, GroupsFile, GroupsWriter, done_of
from environments.rollouts.failures import failure_reasons
from environments.rollouts.progress import Tally, chosen_display
from environments.rollouts.workers import run_workers, stopped
from environments.tools.registry import toolsets_of
from world_fixtures.common import UserError, printable

MAX_TRIES = 4
"""Times a group is played before its item is given up."""
AHEAD = 0.5
"""Share of the groups at once that are made ready beforehand.

Where one agent ends, another begins at once: none waits for the slowest of a group, for a
world, or for the tokens of those that are done.
"""


LAG = 2
"""Times the groups at once, where items depend on results: items from a result to its effect."""


class Processed(Learner, Protocol):
    """What the mode needs of an environment."""

    name: str | None
    config: HermesAgentEnvConfig
    curr_step: int
    conversations: AbstractAsyncContextManager[Any]

    @property
    def learns(self) -> bool:
        """Whether items depend on the results of earlier ones."""

    def run_settings(self) -> dict[str, Any]:
        """Return what bears on the items, on how they are played and on their scores."""

    def begin_process(self, groups: Path, continued: bool) -> None:
        """Do what must be done when the file of groups is open."""

    async def setup(self) -> None:
        """Start what must be there before the first item."""

    async def get_next_item(self) -> Any:
        """Draw the next item, None where there are no more."""

    def kind_of(self, item: Any) -> str:
        """Return the name of the kind of an item; empty where items have none."""

    async def collect_trajectories(self, item: Any) -> tuple[Any, Any]:
        """Play the groups of an item, None where it failed; and a backlog, which is not used."""

    async def postprocess_histories(self, trajectories: Any) -> Any:
        """Change groups before they are written."""

    async def add_rollouts_for_wandb(self, scored_data: Any, item: Any = None) -> None:
        """Keep what the table of rollouts shows."""

    async def wandb_log(self, wandb_metrics: dict[str, Any] | None = None) -> None:
        """Log what has gathered."""


async def process(env: Processed) -> None:
    """Play `total_steps` groups into `data_path_to_save_groups`.

    Groups that the file holds already are not played again: items come in the same order in
    every run, and a line says which item it is of. Raises UserError where the file is not of
    such a run or cannot be written, and when an item fails MAX_TRIES times.
    """
    config = env.config
    path = Path(config.data_path_to_save_groups or "")
    total, at_once = config.total_steps, config.process_concurrency
    lag = LAG * at_once if env.learns else None
    with (
        GroupsFile(path, env.run_settings(), feedback_lag=lag, adopt=config.adopt) as file,
        _trajectories(env, file) as hermes,
    ):
        done = file.done
        env.begin_process(path, bool(done))
        await env.setup()
        if done:
            print(f"{path} holds {len(done)} groups: continuing", file=sys.stderr)
        await _play(env, file, hermes, Tally("groups", total, done=len(done), resumed=len(done)))


async def _play(
    env: Processed, file: GroupsFile, hermes: HermesWriter | None, tally: Tally
) -> None:
    path, done, total = file.path, file.done, env.config.total_steps
    with _wandb(env), chosen_display(tally) as display:
        account, compares = Account(), env.config.group_size > 1

        def show(writer: GroupsWriter) -> None:
            tally.done = writer.count
            told = [f"mean score {account.mean:.3f}", account.quality()]
            tally.note = "; ".join(filter(None, told))
            display.changed()

        at_once = env.config.process_concurrency
        env.conversations = asyncio.Semaphore(at_once * env.config.group_size)
        drop = env.config.process_drop_equal
        writer = GroupsWriter(file, env.config.process_ordered, total, show, drop)
        feedback: Feedback | None = None
        if (lag := file.run.feedback_lag) is not None:
            feedback = Feedback(env, lag, {n: _outcome(item) for n, item in done.items()})
        queue = iter(range(total))
        turn = asyncio.Lock()  # items are drawn one after the other, in their order

        async def work() -> None:
            while True:
                async with turn:
                    index = next(queue, None)
                    if index is not None and feedback is not None:
                        await feedback.before(index)
                    item = None if index is None else await env.get_next_item()
                    if index is None or item is None:
                        return
                    if feedback is not None:
                        feedback.drawn(index, item)
                if index in done:
                    _check_item(path, index, item, done[index])
                else:
                    with gathering() as played:
                        groups = await _groups(env, item, index, account)
                    account.add(groups[0]["scores"], env.kind_of(item))
                    if hermes is not None:
                        hermes.add(index, played)
                    writer.add(index, groups)
                    if feedback is not None:
                        feedback.finished(index, _outcome(done_of(groups)))

        await run_workers(at_once + math.ceil(at_once * AHEAD), work)
    print(f"groups of {writer.count} items in {path}, mean score {account.mean:.3f}")
    if account.groups:
        print(printable(account.summary()))
    if by_kind := account.equal_by_kind():
        print(by_kind)
    if compares and writer.idle:
        print(_told_equal(writer.idle, account.groups, drop))


def _outcome(item: Done) -> Outcome:
    return Outcome(item.successes, item.signal)


def _told_equal(equal: int, played: int, dropped: bool) -> str:
    """Say how many items have equal scores, and what to do about it."""
    option = "--env.process_drop_equal true leaves their rows out"
    left_out = "their rows were left out" if dropped else option
    return (
        f"{equal} of {played} groups have equal scores, from which a comparison learns nothing:"
        f" {left_out}, and another --difficulty or --temperature gives fewer"
    )


def _check_item(path: Path, index: int, item: Any, done: Done) -> None:
    """Raise UserError where the item that is drawn is not the one whose groups are there."""
    drawn = getattr(item, "id", None)
    if done.task is not None and drawn is not None and done.task != drawn:
        raise UserError(
            f"item {index} of {path} is {done.task}, and {drawn} with these options: continue it"
            " with those that it was made with, or choose another"
            " --env.data_path_to_save_groups"
        )


async def _groups(env: Processed, item: Any, index: int, account: Account) -> list[dict[str, Any]]:
    """Play the item's groups, one a sequence of its rollouts."""
    reason = "no reason given"
    for _ in range(MAX_TRIES):
        groups = None
        with failure_reasons() as reasons:
            try:
                groups, _backlog = await env.collect_trajectories(item)
            except asyncio.CancelledError:
                if stopped():
                    raise
                reasons.append("one of its rollouts was cancelled")
        reason = reasons[-1] if reasons else reason
        account.fail(reasons)
        if groups is not None:
            made: Any = await env.postprocess_histories(groups)
            given = made if isinstance(made, list) else [made]  # older environments give one
            if processed := [group for group in given if group]:
                for group in processed:
                    await env.add_rollouts_for_wandb(group, item)
                env.curr_step += 1
                await env.wandb_log({})  # without wandb it empties what has gathered
                parts = len(processed)
                return [
                    {**group, "item": index, "part": n, "parts": parts}
                    for n, group in enumerate(processed)
                ]
    raise UserError(
        f"item {index} failed {MAX_TRIES} times ({reason}): what is done is"
        " kept, and the same command continues"
    )


@contextmanager
def _trajectories(env: Processed, file: GroupsFile) -> Iterator[HermesWriter | None]:
    """Write Hermes trajectories, too, where the environment calls listeners with its rollouts."""
    listeners = getattr(env, "on_rollout", None)
    if listeners is None:
        yield None
        return
    listeners.append(gather)
    try:
        directory = trajectories_directory(file.path)
        done = {index: item.task for index, item in file.done.items()}
        with HermesWriter(directory, toolsets_of, done, file.path) as writer:
            yield writer
    finally:
        listeners.remove(gather)


@contextmanager
def _wandb(env: Processed) -> Iterator[None]:
    """Open a wandb run where one is wanted: here there is no trainer to name its project."""
    if not env.config.use_wandb:
        yield
        return
    import wandb  # seconds to load, for those who want it

    name = env.config.wandb_name or env.name
    with wandb.init(project=name, name=f"{name}-process", config=env.config.model_dump()):
        yield
