"""One rollout at a time, as TRL's `environment_factory` wants it: each public method is a tool."""

from __future__ import annotations

import functools
import inspect
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from environments.hosting.blocking import SyncRollout
from environments.tasks.model import Verdict
from world_fixtures.common import UserError, WorldError, WorldLost

if TYPE_CHECKING:
    from environments.integrations.trl.tasks import WorldTasks

logger = logging.getLogger(__name__)
NO_WORLD = "the world of this task was lost: nothing more can be done in it"
Declared = Callable[..., str]


def tool(declared: Declared) -> Declared:
    """Make a tool of a signature and a docstring, from which TRL makes the schema.

    What the model gives as arguments is passed on as it is: the toolset says what is wrong with
    them, in the words that it uses everywhere. The schema says nothing of the result, as that of
    the toolset does not.
    """
    names = list(inspect.signature(declared).parameters)[1:]

    @functools.wraps(declared)
    def call(self: WorldEnvironment, /, *given: Any, **arguments: Any) -> str:
        placed = dict(zip(names[: len(given)], given, strict=True))
        return self._call(declared.__name__, placed | arguments)

    del call.__annotations__["return"]
    return call


class WorldEnvironment:
    """A world in which one rollout after the other is played; `WorldTasks.environment` makes it.

    Nothing is held before `reset` and after `get_reward`. Where the trainer comes to neither, the
    world is given back when this object is collected, when its `WorldTasks` are closed, or when the
    process ends, in whatever way.
    """

    def __init__(self, tasks: WorldTasks) -> None:
        """Take the tasks; no world is acquired yet."""
        self._tasks = tasks
        self._rollout: SyncRollout | None = None
        self._verdict: Verdict | None = None
        self._several = False

    def reset(self, task: int | None = None, **columns: Any) -> str:
        """Begin the task of this number and return what its first part asks for.

        Other columns are ignored. A world that cannot be had is no error: its rollout is dropped.
        Raises UserError without a number, and as `WorldTasks.worlds`.
        """
        self._release()
        if task is None:
            raise UserError("the data set has no column 'task': make it with WorldTasks.dataset")
        wanted = self._tasks.task(task)
        self._several = len(wanted.stages) > 1
        worlds = self._tasks.worlds()
        try:
            self._rollout = SyncRollout.begin(
                worlds, wanted, id=f"trl-{wanted.id}", one_conversation=True
            )
        except (WorldLost, WorldError) as error:
            logger.warning("no world for %s, its rollout is dropped: %s", wanted.id, error)
            return wanted.stages[0].prompt
        return self._tasks.shown(self._rollout.prompt)

    def get_reward(self) -> float | None:
        """Judge the world as it stands and give it back: what the rollout is worth.

        None, which drops the rollout, where the world was lost. A rollout that never submitted is
        judged without an answer, as in `evaluate`.
        """
        rollout = self._rollout
        if rollout is not None:
            try:
                rollout.give_up()
            except (WorldLost, WorldError) as error:
                logger.warning("the world of %s was lost: %s", rollout.task.id, error)
            self._verdict = rollout.verdict
            self._give_back()
        return None if self._verdict is None else self._verdict.reward

    @property
    def verdict(self) -> Verdict | None:
        """The verdict, with the parts of the reward; None before `get_reward` and without one."""
        return self._verdict

    @property
    def several_parts(self) -> bool:
        """Whether the task has several parts, all of which this conversation remembers."""
        return self._several

    @tool
    def evennia_connect(self) -> str:  # type: ignore[empty-body]
        """Enter the world. Call this first; it shows where you are."""

    @tool
    def evennia_command(self, command: str) -> str:  # type: ignore[empty-body]
        """Do something in the world, such as: look, north, examine lamp, read letter, get key, put key in box, unlock door with key, open door, write TEXT on wall, inventory, help.

        Args:
            command: one command, in plain words
        """  # noqa: E501 - a line break would be part of what the model reads

    @tool
    def evennia_observe(self) -> str:  # type: ignore[empty-body]
        """Look around: the room, its exits, and what is here."""

    @tool
    def evennia_disconnect(self) -> str:  # type: ignore[empty-body]
        """Leave the world. It keeps everything as it is."""

    @tool
    def evennia_submit(self, answer: dict) -> str:  # type: ignore[empty-body,type-arg]
        """Hand in your answer and end the task. Without questions to answer, send {}.

        Args:
            answer: the answer fields that the task names
        """

    def _call(self, name: str, arguments: dict[str, Any]) -> str:
        """Carry out a tool call.

        Raises ValueError once the task is over, WorldLost or WorldError where the world failed:
        TRL shows the model the text of what is raised.
        """
        rollout = self._rollout
        if rollout is None:
            raise ValueError(NO_WORLD)
        if rollout.over:
            raise ValueError("the task is over: this call was not carried out")
        try:
            step = rollout.step(name, arguments)
        except (WorldLost, WorldError) as error:
            logger.warning("the world of %s was lost: %s", rollout.task.id, error)
            raise
        return self._tasks.shown(step.text, step.prompt)

    def _release(self) -> None:
        """Give the world back that is held, if any, and forget the last verdict."""
        self._verdict = None
        self._give_back()

    def _give_back(self) -> None:
        rollout, self._rollout = self._rollout, None
        if rollout is not None:
            rollout.close()
