"""What each turn of a group's rollouts is credited with, by `--env.credit`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from functools import partial
from typing import Any, Protocol

from environments.config import EvenniaWorldEnvConfig
from environments.models.chat import Chat
from environments.models.turn_ends import Prefix
from environments.modes.estimates import PlayedRollout, branched, grown, shaped
from environments.rollouts.advantages import BRANCH_OF, Credit
from environments.rollouts.checkpoint import Checkpoint, checkpoint
from environments.rollouts.failures import RolloutFailed
from environments.rollouts.groups import ScoredRollout
from environments.rollouts.messages import Message
from environments.rollouts.metrics import RolloutMetrics
from environments.rollouts.record import Rollout
from environments.rollouts.training_sequence import trained_after
from environments.runner import Conditions
from environments.tasks.model import SOLITARY, Task
from environments.tools.registry import Tool, check_forkable
from world_fixtures.common import UserError


class Crediting(Protocol):
    """What is needed of an environment."""

    config: EvenniaWorldEnvConfig
    metrics: RolloutMetrics

    @property
    def attempts(self) -> int:
        """Rollouts of an item that are begun at its start."""

    def chat(
        self, evaluation: bool = False, begun: Prefix | None = None
    ) -> AbstractAsyncContextManager[Chat]:
        """Give the model for one rollout, one that has `begun` where it is given."""

    def conditions(self) -> Conditions:
        """Return how rollouts are played."""

    def sequences(
        self, chat: Chat, conversations: list[list[Message]], schemas: list[Any]
    ) -> list[Any]:
        """Make the training sequences of a rollout's conversations."""

    async def play(
        self, task: Task, attempt: int, group: str, chat: Chat, tools: dict[str, Tool],
        conditions: Conditions, start: Checkpoint | None = None,
    ) -> Rollout:  # fmt: skip
        """Play one rollout, from `start` where it is given."""


def check_credit(
    config: EvenniaWorldEnvConfig, tools: Mapping[str, Tool], tasks: Sequence[Task] = ()
) -> None:
    """Raise UserError where `--env.credit` cannot work with the other options, or these tools.

    `tasks` are those of the suite that is trained on, where there is one.
    """
    going_on = [task.id for task in tasks if task.spec.goes_on]
    if going_on and config.credit in (Credit.SHAPED, Credit.TURNS):
        raise UserError(
            f"--env.credit {config.credit} knows no value of states where time passes, as in"
            f" {going_on[0]} of --env.train_suite: leave such tasks out, or choose branches or tree"
        )
    lively = sorted(f for f, weight in config.families.items() if weight and f not in SOLITARY)
    if lively and config.credit in (Credit.SHAPED, Credit.TURNS):
        raise UserError(
            f"--env.credit {config.credit} knows no value of states where time passes: leave"
            f" {', '.join(lively)} out of --env.families, or choose branches or tree"
        )
    if config.credit is Credit.TREE:
        trees_of(config)
    if config.credit in (Credit.BRANCHES, Credit.TREE):
        check_forkable(tools.values())
        if config.candidate_model is not None:
            raise UserError(
                f"--env.credit {config.credit} plays one model: leave out --env.candidate_model"
            )


def trees_of(config: EvenniaWorldEnvConfig) -> int:
    """Return how many trees make a group.

    A tree has one rollout from the start, and `branches` more in each of `branch_turns` rounds.
    Raises UserError where no whole number of trees does.
    """
    size, rounds, branches = config.group_size, config.branch_turns, config.branches
    leaves = 1 + rounds * branches
    if size % leaves:
        raise UserError(
            f"--env.group_size {size} is no multiple of the {leaves} rollouts of a tree"
            f" (1 + branch_turns {rounds} * branches {branches}): change one of the three"
        )
    return int(size // leaves)


async def credited(
    env: Crediting, done: Sequence[PlayedRollout], group: str, tools: dict[str, Tool]
) -> list[ScoredRollout]:
    """Return the rollouts of a group with the advantages that `--env.credit` wants.

    Raises RolloutFailed where a rollout of a tree fails.
    """
    config = env.config
    branch = partial(play_branch, env, group, tools)
    if config.credit in (Credit.SHAPED, Credit.TURNS):
        return await shaped(done, alone=config.credit is Credit.TURNS)
    if config.credit is Credit.BRANCHES:
        return await branched(done, config.branch_turns, config.branches, branch)
    if config.credit is Credit.TREE:
        return await grown(done, config.branch_turns, config.branches, branch)
    return list(done)


def played_rollout(
    env: Crediting, rollout: Rollout, chat: Chat, tools: Mapping[str, Tool]
) -> PlayedRollout:
    """Make training data of a rollout that has a verdict."""
    task, verdict = rollout.task, rollout.verdict
    assert verdict is not None
    schemas = [tool.schema for tool in tools.values()]
    about = {"task": task.id, "family": task.family.value, "difficulty": task.difficulty,
             "parts": verdict.parts, "success": verdict.success}  # fmt: skip
    return PlayedRollout(
        env.sequences(chat, rollout.conversations, schemas), verdict.reward, about,
        [m for c in rollout.conversations for m in c],
        record=rollout, exact=chat.exact() if chat.exact else None,
    )  # fmt: skip


async def play_branch(
    env: Crediting,
    group: str,
    tools: dict[str, Tool],
    parent: PlayedRollout,
    turn: int,
    number: int,
) -> PlayedRollout:
    """Play a rollout that goes on from another one after a turn; in a tree the rest is trained.

    It is none of the samples that the curriculum and the training metrics are made of. Raises
    RolloutFailed where it must not be scored.
    """
    start = checkpoint(parent.record, turn)
    begun = Prefix(turn) if parent.exact is None else parent.exact.until(turn)
    async with env.chat(begun=begun) as chat:
        rollout = await env.play(
            start.task, env.attempts + number, group, chat, tools, env.conditions(), start
        )
        env.metrics.add_branch(rollout)
        if rollout.verdict is None:
            raise RolloutFailed(rollout.failure or rollout.stop.value)
        if env.config.credit is not Credit.TREE:
            return PlayedRollout((), rollout.verdict.reward, record=rollout)
        played = played_rollout(env, rollout, chat, tools)
    trained = [trained_after(sequence, turn) for sequence in played.sequences]
    kept = [sequence for sequence in trained if sequence is not None]
    if not kept:
        raise RolloutFailed("the model said nothing that could be trained")
    about = {**(played.overrides or {}), BRANCH_OF: parent.record.id, "branch_turn": turn}
    return replace(played, sequences=kept, overrides=about)
