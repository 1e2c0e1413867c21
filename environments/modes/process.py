"""`process`: many groups at once, written one whole line at a time, resumable."""

from __future__ import annotations

import asyncio
import math
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, Protocol

from environments.export.hermes_writer import HermesWriter, trajectories_directory
from environments.modes.account import Account
from environments.modes.feedback import Feedback, Learner, Outcome
from environments.modes.groups_file import Done, GroupsFile, GroupsWriter
from environments.modes.players import Alone, Players, PlaysAlone, gathered
from environments.rollouts.progress import Tally, chosen_display
from environments.rollouts.workers import run_workers
from environments.tools.registry import toolsets_of
from world_fixtures.common import UserError, printable

AHEAD = 0.5
"""Share of the groups at once that are made ready beforehand.

Where one agent ends, another begins at once: none waits for the slowest of a group, for a
world, or for the tokens of those that are done.
"""


LAG = 2
"""Times the groups at once, where items depend on results: items from a result to its effect."""


class Processed(PlaysAlone, Learner, Protocol):
    """What the mode needs of an environment."""

    name: str | None
    conversations: AbstractAsyncContextManager[Any]
    far: Any
    """Hosts that play in its place, see `environments.modes.far`; None where it plays itself."""

    @property
    def learns(self) -> bool:
        """Whether items depend on the results of earlier ones."""

    def run_settings(self) -> dict[str, Any]:
        """Return what bears on the items, on how they are played and on their scores."""

    def begin_process(self, groups: Path, continued: bool) -> None:
        """Do what must be done when the file of groups is open."""

    async def setup(self) -> None:
        """Start what must be there before the first item."""

    async def setup_drawing(self) -> None:
        """Start what must be there before the first item is drawn, where others play."""

    async def item_of(self, drawn: Any) -> Any:
        """Make the item of what was drawn."""


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
        await (env.setup() if env.far is None else env.setup_drawing())
        if done:
            print(f"{path} holds {len(done)} groups: continuing", file=sys.stderr)
        tally = Tally("groups", total, done=len(done), resumed=len(done))
        async with _players(env, path) as players:
            await _play(env, file, hermes, tally, players)


@asynccontextmanager
async def _players(env: Processed, path: Path) -> AsyncIterator[Players]:
    """Give who plays: the environment itself, or the hosts in its place."""
    if env.far is None:
        yield Alone(env)
        return
    env.far.file = path
    async with env.far as far:
        yield far


async def _play(
    env: Processed, file: GroupsFile, hermes: HermesWriter | None, tally: Tally, players: Players
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
        writer = GroupsWriter(file, env.config.process_ordered, total, show)
        feedback: Feedback | None = None
        if (lag := file.run.feedback_lag) is not None:
            feedback = Feedback(env, lag, {n: _outcome(item) for n, item in done.items()})
        queue = iter(range(total))
        turn = asyncio.Lock()  # items are drawn one after the other, in their order

        async def next_item() -> tuple[int, Any] | None:
            """Draw the next item that is not done; None where there are no more."""
            async with turn:
                for index in queue:
                    if feedback is not None:
                        await feedback.before(index)
                    if index not in done:
                        await writer.room()
                    if (drawn := await players.draw()) is None:
                        break
                    if index not in done:
                        return index, drawn
                    item = await env.item_of(drawn)
                    _check_item(path, index, item, done[index])
                    if feedback is not None:
                        feedback.drawn(index, env.about(item))
                return None

        async def work() -> None:
            while (found := await next_item()) is not None:
                index, drawn = found
                played = await players.play(drawn, index, account.fail)
                account.add(played.scores, played.kind)
                if hermes is not None:
                    hermes.add_lines(played.trajectories)
                writer.add(index, played.lines, played.idle, played.places)
                if feedback is not None:
                    feedback.drawn(index, played.about)
                    feedback.finished(index, _outcome(played.done))

        await run_workers(at_once + math.ceil(at_once * AHEAD), work)
    print(f"groups of {writer.count} items in {path}, mean score {account.mean:.3f}")
    if account.groups:
        print(printable(account.summary()))
    if by_kind := account.equal_by_kind():
        print(by_kind)
    if compares and writer.idle:
        print(_told_equal(writer.idle, account.groups, env.config.process_drop_equal))


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


@contextmanager
def _trajectories(env: Processed, file: GroupsFile) -> Iterator[HermesWriter | None]:
    """Write Hermes trajectories, too, where the environment calls listeners with its rollouts."""
    with gathered(env) as listened:
        if not listened:
            yield None
            return
        directory = trajectories_directory(file.path)
        done = {index: item.task for index, item in file.done.items()}
        with HermesWriter(directory, toolsets_of, done, file.path) as writer:
            yield writer


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
