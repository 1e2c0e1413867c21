"""Rollouts for TRL's `rollout_func`: exact tokens, and a new conversation for each part of a task.

TRL wants exactly one completion for a prompt, and each stands for a rollout in its group. So of a
rollout of several parts one conversation is trained, drawn by the trainer's seed, each as likely as
another, with the reward of the whole task. Over many rollouts that is the gradient of all of them,
divided by their number.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from environments.hosting.rollout import HostedRollout, Step, conditions
from environments.integrations.trl.generation import Conversation, Generation
from environments.tasks.model import Task
from environments.tools.toolbox import EPISODE_OVER
from world_fixtures.background import SyncPool
from world_fixtures.common import UserError, WorldError, WorldLost

if TYPE_CHECKING:
    from environments.integrations.trl.tasks import WorldTasks

logger = logging.getLogger(__name__)
Call = tuple[str, dict[str, Any]]


class Playing:
    """One rollout and its conversations, a new one for each part."""

    def __init__(self, task: Task, opening: list[dict[str, Any]]) -> None:
        """Take the messages that stand before each part's prompt."""
        self.task = task
        self.hosted: HostedRollout | None = None
        self.conversations: list[Conversation] = []
        self._opening = opening

    @property
    def active(self) -> bool:
        """Whether the model is to say something."""
        return self.hosted is not None and not self.hosted.over and not self.conversations[-1].full

    @property
    def reward(self) -> float | None:
        """What the rollout is worth; None where the world was lost."""
        verdict = None if self.hosted is None else self.hosted.verdict
        return None if verdict is None else verdict.reward

    def messages(self, prompt: str) -> list[dict[str, Any]]:
        """Return the messages with which the conversation about a part begins."""
        *before, user = self._opening
        return [*before, {"role": "user", "content": user["content"] + prompt}]

    async def begin(self, pool: SyncPool) -> None:
        """Acquire a world; without one the rollout is lost."""
        try:
            self.hosted = await HostedRollout.begin(
                pool.pool, self.task, conditions(), id=f"trl-{self.task.id}"
            )
        except (WorldLost, WorldError) as error:
            self._lost(error)

    async def act(self, calls: Sequence[Call]) -> tuple[list[str], str | None]:
        """Carry out the calls of one turn; returns results, and the prompt of a part that began.

        Without calls the model has stopped, and the task is judged as it stands.
        """
        assert self.hosted is not None
        results: list[str] = []
        prompt: str | None = None
        try:
            if not calls:
                await self.hosted.give_up()
            for name, arguments in calls:
                if self.hosted.over or prompt is not None:
                    results.append(EPISODE_OVER)
                    continue
                step: Step = await self.hosted.step(name, arguments)
                results.append(step.text)
                prompt = step.prompt
        except (WorldLost, WorldError) as error:
            self._lost(error)
        return results, prompt

    def _lost(self, error: Exception) -> None:
        logger.warning("%s is dropped, its world was lost: %s", self.task.id, error)


def play(tasks: WorldTasks, prompts: list[list[dict[str, Any]]], trainer: Any) -> dict[str, Any]:
    """Play one rollout for each prompt, all at the same time; return what TRL trains on.

    Keys: `prompt_ids`, `completion_ids`, `logprobs` (of sampled tokens, 0 elsewhere), `env_mask` (1
    for sampled tokens, 0 for those of tool results), and `world_reward`, for the reward function of
    that name. A rollout whose world was lost has no reward, which drops it.
    """
    generation = Generation(trainer, tasks.tools())
    playing = [Playing(tasks.task(_number(p)), p) for p in prompts]
    pool = tasks.worlds()
    try:
        pool.loop.run(_all(rollout.begin(pool) for rollout in playing))
        for rollout in playing:
            prompt = rollout.task.stages[0].prompt
            if rollout.hosted is not None:
                prompt = rollout.hosted.prompt
            rollout.conversations.append(generation.begin(rollout.messages(tasks.shown(prompt))))
        while active := [rollout for rollout in playing if rollout.active]:
            said = generation.turns([rollout.conversations[-1] for rollout in active])
            done = pool.loop.run(_all(r.act(calls) for r, calls in zip(active, said, strict=True)))
            for rollout, calls, (results, prompt) in zip(active, said, done, strict=True):
                if prompt is not None:
                    rollout.conversations.append(
                        generation.begin(rollout.messages(tasks.shown(prompt)))
                    )
                elif rollout.active:
                    names = [name for name, _ in calls]
                    shown = [tasks.shown(result) for result in results]
                    generation.told(rollout.conversations[-1], names, shown)
        pool.loop.run(_all(r.act(()) for r in playing if r.hosted and not r.hosted.over))
    finally:
        pool.loop.run(_close(playing))
    chosen = [
        _chosen(r, f"{trainer.args.seed}/{trainer.state.global_step}/{number}")
        for number, r in enumerate(playing)
    ]
    return {**generation.result(chosen), "world_reward": [r.reward for r in playing]}


async def _close(playing: Sequence[Playing]) -> None:
    for rollout in playing:
        if rollout.hosted is not None:
            rollout.hosted.close()


async def _all(awaited: Any) -> list[Any]:
    return list(await asyncio.gather(*awaited))


def _number(prompt: list[dict[str, Any]]) -> int:
    number = prompt[-1].get("task") if isinstance(prompt, list) and prompt else None
    if not isinstance(number, int):
        raise UserError("a prompt names no task: make the data set with WorldTasks.dataset")
    return number


def _chosen(rollout: Playing, seed: str) -> Conversation:
    """Return the conversation that is trained: one in which the model has said something."""
    said = [c for c in rollout.conversations if c.sampled]
    return random.Random(seed).choice(said) if said else rollout.conversations[0]
