"""What exports read of a rollout, whether a run's samples or a file of groups hold it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from environments.rollouts.messages import Message


class _Spec(Protocol):
    @property
    def hash(self) -> str:
        """Tell worlds apart; empty where only the task's id is known."""


class _Task(Protocol):
    @property
    def id(self) -> str:
        """Name the task."""

    @property
    def version(self) -> int:
        """Give the version of the tasks."""

    @property
    def spec(self) -> _Spec:
        """Give the task's world."""


class _Verdict(Protocol):
    @property
    def reward(self) -> float:
        """Give the reward."""

    @property
    def success(self) -> bool:
        """Tell whether the task was solved."""

    @property
    def parts(self) -> dict[str, float]:
        """Give the parts of the reward by name."""


class Scored(Protocol):
    """A rollout as training data: `environments.rollouts.record.Rollout` is one."""

    @property
    def id(self) -> str:
        """Name the rollout."""

    @property
    def task(self) -> _Task:
        """Give the task that was played."""

    @property
    def model(self) -> str:
        """Name the model that played."""

    @property
    def provider(self) -> str:
        """Name the host of its endpoint, or `embedded`."""

    @property
    def conversations(self) -> Sequence[Sequence[Message]]:
        """Give the messages of each stage."""

    @property
    def tools(self) -> Sequence[dict[str, Any]]:
        """Give the schemas that the model was shown."""

    @property
    def verdict(self) -> _Verdict | None:
        """Give the verdict; None where the rollout must not be scored."""

    @property
    def branch_of(self) -> str | None:
        """Name the rollout that this one goes on from; None for one from the start."""

    @property
    def versions(self) -> Mapping[str, str]:
        """Give the versions of the packages, by name."""
