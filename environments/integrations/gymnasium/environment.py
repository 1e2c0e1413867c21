"""Tasks as a Gymnasium environment: texts in, texts out, and the verdict as the reward."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import gymnasium
from gymnasium.error import InvalidAction, ResetNeeded

from environments.hosting.blocking import SyncRollout
from environments.hosting.rollout import Step
from environments.hosting.source import TaskChoice, task_named
from environments.hosting.tool_names import PREFIX, SHORT, renamed
from environments.hosting.worlds import shared_worlds
from environments.integrations.gymnasium.actions import INSTRUCTIONS, read_action
from environments.integrations.gymnasium.payments import Payments
from environments.integrations.gymnasium.sources import shared_source
from environments.integrations.gymnasium.texts import action_space, observation_space, observed
from environments.rollouts.record import StopReason
from environments.tasks.model import Task, Verdict
from world_fixtures.background import SyncPool
from world_fixtures.common import UserError, WorldError, WorldLost

STARTS = 1 << 31
"""From as many numbers the first task is drawn, where there is no end of tasks."""


class EvenniaWorld(gymnasium.Env[str, str]):
    """A task in a text world an episode.

    An action is a world command or one of the lines that `actions` lists; the observation of
    `reset` is the task's prompt, and that of `step` what the action led to. The reward is 0 until
    the verdict, which says it. `terminated` where the task was handed in, `truncated` where its
    turns are spent: it is judged as it stands. Where the world failed the step is truncated, too,
    its reward is NaN and there is no verdict: such an episode is to be left out.
    """

    metadata: dict[str, Any] = {"render_modes": ["ansi"], "render_fps": 1}

    def __init__(
        self,
        family: str | None = None,
        difficulty: int | str | None = None,
        *,
        kind: str | None = None,
        split: str = "train",
        suite: str | None = None,
        one_conversation: bool = True,
        shaping: float | None = None,
        servers: int | None = 1,
        python: str | None = None,
        render_mode: str | None = None,
    ) -> None:
        """Take which tasks are played; nothing is started before the first `reset`.

        Args:
            family: names with commas between them, such as "errand,navigation"; None: all.
            difficulty: such as 3 or "2-5"; None: all of a suite, else 1 to 5.
            kind: names of kinds, such as "map,errand.chain"; None: all of the families.
            split: "train", "validation" or "test", of tasks that are made.
            suite: name or file of a suite, whose tasks are played in its order; None: made.
            one_conversation: whether the agent knows one part of a task in the next. With False
                the first observation of a part is its prompt alone, and the agent is to forget
                what was before.
            shaping: discount of potential-based payments besides the reward; None: none are paid.
            servers: world servers that all environments of a process share.
            python: the interpreter in which they run; None: as `SyncPool` chooses.
            render_mode: "ansi" or None.

        Raises UserError where there are no such tasks.
        """
        if render_mode not in (None, *self.metadata["render_modes"]):
            raise UserError(f"render_mode {render_mode!r} is unknown: choose 'ansi' or None")
        self._wanted = TaskChoice.of(
            suite=suite, families=family, kinds=kind, difficulty=difficulty, split=split
        )
        self._one_conversation = one_conversation
        self._shaping = shaping
        self._servers, self._python = servers, python
        self.render_mode = render_mode
        self.observation_space = observation_space()
        self.action_space = action_space()
        self._next: int | None = None
        """Number of the next task of the source; drawn anew by a seed."""
        self._rollout: SyncRollout | None = None
        self._payments: Payments | None = None
        self._outcome: Step | Exception | None = None
        """Of an action that was carried out ahead of its `step`."""
        self._shown = ""

    @property
    def worlds(self) -> SyncPool:
        """The world servers that all environments of this process share."""
        return shared_worlds(self._servers, self._python)

    @property
    def playing(self) -> bool:
        """Whether a task is being played, that is not over."""
        return self._rollout is not None and not self._rollout.over

    @property
    def task(self) -> Task:
        """The task that is played. Raises ResetNeeded before the first `reset`."""
        return self._present().task

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[str, dict[str, Any]]:
        """Begin the next task; a seed says fully which, and which follow.

        `options={"task": ID}` begins the task with this id. A task that is being played is given
        up without a verdict. Raises UserError for an unknown option or id, WorldLost where no
        world server is to be had.
        """
        super().reset(seed=seed)
        given = dict(options or {})
        id = given.pop("task", None)
        if given:
            raise UserError(f"reset has no option {next(iter(given))!r}: the only one is 'task'")
        if seed is not None:
            self._next = None
        task = self._draw() if id is None else task_named(str(id), self._wanted.suite)
        self.close()
        self._rollout = SyncRollout.begin(
            self.worlds, task, id=f"gymnasium-{task.id}", one_conversation=self._one_conversation
        )
        self._payments, self._outcome = None, None
        if self._shaping is not None:
            self._payments = Payments(self._rollout.rollout.episode, self._shaping)
        info = self._info(self._rollout)
        self._shown = observed(info["prompt"])
        return self._shown, info | {"instructions": INSTRUCTIONS}

    def step(self, action: str) -> tuple[str, float, bool, bool, dict[str, Any]]:
        """Do what `action` says; the reward is that of the verdict, and 0 before it.

        With `shaping` every step is paid besides. Raises InvalidAction for what is no text,
        ResetNeeded once the episode is over.
        """
        if not isinstance(action, str):
            raise InvalidAction(f"an action is a text, such as 'look', not {action!r}")
        rollout = self._present()
        if self._outcome is None:
            if rollout.over:
                raise ResetNeeded("the episode is over: call reset")
            self.worlds.loop.run(self.act(action))
        done, self._outcome = self._outcome, None
        info = self._info(rollout)
        if not isinstance(done, Step):
            text = observed(f"The world was lost: {done}")
            self._shown = f"> {action}\n{text}"
            return text, math.nan, False, True, info | {"world_lost": str(done)}
        info |= {"error": done.error, "new_part": done.prompt is not None}
        text = self._observation(action, done)
        self._shown = f"> {action}\n{text}"
        paid = self._payments.paid(rollout.over) if self._payments else 0.0
        verdict = rollout.verdict
        if verdict is None:
            return text, paid, False, False, info
        info |= {"verdict": _told(verdict), "outside_memory": self._one_conversation}
        spent = rollout.rollout.stop is StopReason.MAX_TURNS
        return text, verdict.reward + paid, not spent, spent, info

    async def act(self, action: str) -> None:
        """Carry out an action, in the loop of `worlds`; `step` then returns what it has led to."""
        try:
            self._outcome = await self._present().rollout.step(*read_action(action))
        except (WorldLost, WorldError) as error:
            self._outcome = error

    def forget(self) -> None:
        """Have `step` carry its action out, whatever was carried out ahead of it."""
        self._outcome = None

    def render(self) -> str | None:
        """Return the last action and what it led to; None without render_mode "ansi"."""
        return self._shown if self.render_mode == "ansi" else None

    def close(self) -> None:
        """Give the world back. May be called twice; `reset` begins another task."""
        rollout, self._rollout = self._rollout, None
        if rollout is not None:
            rollout.close()

    def _present(self) -> SyncRollout:
        if self._rollout is None:
            raise ResetNeeded("no task is being played: call reset")
        return self._rollout

    def _draw(self) -> Task:
        source = shared_source(self._wanted)
        if self._next is None:
            self._next = int(self.np_random.integers(source.size or STARTS))
        number = self._next if source.size is None else self._next % source.size
        task = source.task(number)
        self._next = number + 1
        return task

    def _observation(self, action: str, done: Step) -> str:
        """Return what is seen of a step, in the words in which actions are written."""
        own = done.error or read_action(action)[0] in (f"{PREFIX}disconnect", f"{PREFIX}submit")
        text = renamed(done.text, SHORT) if own else done.text
        if done.prompt is not None:
            told = replace(done, text=text, prompt=renamed(done.prompt, SHORT))
            text = told.whole if self._one_conversation else str(told.prompt)
        return observed(text)

    def _info(self, rollout: SyncRollout) -> dict[str, Any]:
        return {
            "task": rollout.task.id,
            "part": rollout.part,
            "prompt": renamed(rollout.prompt, SHORT),
            "commands_left": rollout.task.budget - rollout.rollout.episode.commands,
        }


def _told(verdict: Verdict) -> dict[str, Any]:
    return verdict.model_dump(mode="json", include={"reward", "success", "parts", "reasons"})
