"""Tasks as a GRPOTrainer takes them: a data set of their numbers, and what plays them."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Self

from environments.extras import needs
from environments.hosting.rollout import Step
from environments.hosting.source import TaskChoice, TaskSource
from environments.hosting.worlds import shared_worlds
from environments.integrations.trl.environment import WorldEnvironment
from environments.runner import SYSTEM_PROMPT
from environments.tasks.model import Task
from environments.tools.evennia import EVENNIA_TOOLS
from world_fixtures.background import SyncPool
from world_fixtures.common import UserError

if TYPE_CHECKING:
    import datasets

OBSERVATION_CHARS = 2000
"""Default of `WorldTasks`."""


class WorldTasks:
    """The tasks of a choice for a trainer; a context manager that gives all worlds back.

    Without `with` they are given back, too: each when its rollout was scored or its environment is
    collected, and all of them when the process ends, in whatever way.
    """

    def __init__(
        self,
        choice: TaskChoice,
        tokenizer: Any = None,
        *,
        observation_chars: int = OBSERVATION_CHARS,
        worlds: SyncPool | None = None,
    ) -> None:
        """Take which tasks to play.

        Args:
            choice: which tasks; the first one asked for begins to make those that follow.
            tokenizer: the trainer's. Text of a world that spells one of its special tokens is
                escaped; without it such text would become that token.
            observation_chars: longer results of tools are cut, and say by how much. TRL counts
                results against `max_completion_length`.
            worlds: running world servers; by default those that this process shares.

        Raises UserError as `TaskSource`.
        """
        self._source = TaskSource(choice)
        self._tokenizer = tokenizer
        self._chars = observation_chars
        self._worlds = worlds
        self._environments: weakref.WeakSet[WorldEnvironment] = weakref.WeakSet()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give all worlds back and end what makes tasks. May be called twice."""
        for environment in list(self._environments):
            environment._release()
        self._source.close()

    def task(self, number: int) -> Task:
        """Return a task by its number, from 0. Raises IndexError beyond the last."""
        return self._source.task(number)

    def worlds(self) -> SyncPool:
        """Return the world servers, started if they are not running yet.

        Raises UserError or WorldLost where they do not start.
        """
        if self._worlds is None:
            self._worlds = shared_worlds()
        return self._worlds

    def dataset(self, count: int | None = None) -> datasets.Dataset:
        """Return the data set of the first `count` tasks, by default of all.

        Columns: `prompt`, the system prompt and a user message that `reset` or `rollouts` fills,
        and `task`, the number. No task is made for it. Raises UserError where there is no end of
        tasks and no count, or fewer tasks than `count`, and where the extra is missing.
        """
        size = self._source.size
        if count is None and size is None:
            raise UserError("there is no end of these tasks: say how many, as in dataset(1000)")
        if count is not None and size is not None and count > size:
            raise UserError(f"there are {size} tasks, not {count}: ask for fewer")
        with needs("trl"):
            from datasets import Dataset  # loads for seconds
        numbers = range(count or size or 0)
        return Dataset.from_dict({"prompt": [opening(n) for n in numbers], "task": list(numbers)})

    def environment(self) -> WorldEnvironment:
        """Make an environment: the trainer's `environment_factory`."""
        made = WorldEnvironment(self)
        self._environments.add(made)
        return made

    def tools(self) -> list[Callable[..., str]]:
        """Return the tools as a chat template takes them, for tuning on conversations.

        A template then shows the model what it is shown in training.
        """
        return [getattr(WorldEnvironment(self), tool.name) for tool in EVENNIA_TOOLS]

    def rollouts(self, prompts: list[list[dict[str, Any]]], trainer: Any) -> dict[str, Any]:
        """Play one rollout for each prompt of `dataset`: the trainer's `rollout_func`.

        Each part of a task is a conversation of its own. See
        `environments.integrations.trl.rollouts`.
        """
        # Needs PyTorch and TRL.
        from environments.integrations.trl.rollouts import play

        return play(self, prompts, trainer)

    def shown(self, text: str, prompt: str | None = None) -> str:
        """Return what the model is shown of a tool's result, and of the part that began by it."""
        if len(text) > self._chars:
            text = f"{text[: self._chars]}\n[{len(text) - self._chars} more characters were cut]"
        whole = Step(text, False, prompt, False).whole
        if self._tokenizer is None:
            return whole
        # Needs jinja2, which comes with PyTorch.
        from environments.tokenization import escape_special_tokens

        return escape_special_tokens(whole, self._tokenizer)


def opening(number: int) -> list[dict[str, Any]]:
    """Return the messages with which the prompt of a task begins; its text comes later.

    A `rollout_func` is given nothing but these, so they name the task.
    """
    return [
        {"role": "system", "content": SYSTEM_PROMPT, "task": number},
        {"role": "user", "content": "", "task": number},
    ]
